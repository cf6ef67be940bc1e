"""The capture of a snapshot: all tables are measured at one moment and written to a file.

snapshot = take_snapshot(context)          # before the cutover: `pytest -m t12`
before = find_newest_snapshot(context)     # in every gate after it
before.figures.tables["public.patients"].counted
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database import identity
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.assessments import capture_history
from cutover_gates.probes.database.integrity.known_defects import find_sequence_defects
from cutover_gates.probes.database.lock_holders import describe_failure
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.kept_rows import KeptRows, keep_corrected_rows
from cutover_gates.probes.database.measurement.row_hashes import read_hash_probe
from cutover_gates.probes.database.measurement.table_accumulators import MeasurementProgress
from cutover_gates.probes.database.measurement.table_measurement import (
    explain_missing_time,
    measure_in_session,
)
from cutover_gates.probes.database.measurement.table_segments import divide_into_segments
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats
from cutover_gates.probes.database.moves.moved_rows import (
    MovedRows,
    measure_moves,
)
from cutover_gates.probes.database.outside_tables.outside_capture import capture_outside_tables
from cutover_gates.probes.database.schema.schema_catalog import Catalog, read_catalog
from cutover_gates.probes.database.snapshot import rules
from cutover_gates.probes.database.snapshot.marks import Marks, read_marks
from cutover_gates.probes.database.snapshot.model import (
    Snapshot,
    declarations_digest,
    dump_declarations,
)
from cutover_gates.probes.database.snapshot.store import load_snapshot, save_snapshot
from cutover_gates.util.text import first_error_line

# The most segments of one table.
MAX_TABLE_SEGMENTS = 1 << 16
# The most segments of all tables together: each costs 40 bytes of the snapshot.
MAX_TOTAL_SEGMENTS = 1 << 20


@dataclass(frozen=True)
class _TableMeasurement:
    figures: DatabaseStats
    left_out: Mapping[str, str]
    moves: MovedRows
    kept_rows: Mapping[str, KeptRows]
    hash_probe: str


def take_snapshot(context: DatabaseContext) -> Snapshot:
    """Measure the database, write the snapshot to a file, and return what the file holds.

    Raise `NotProven`, `SettingsError` (a declaration that cannot be used), `DatabaseUnreachable`.
    """
    return load_snapshot(save_snapshot(capture_snapshot(context), context.snapshots))


def capture_snapshot(context: DatabaseContext) -> Snapshot:
    """Measure the whole database. Raise as `take_snapshot` does."""
    # The marks come first: a row above them must not be counted among the old ones.
    marks = read_marks(context)
    identity.wait_for_standby(context)
    with context.connect() as target:
        server = identity.read_server_facts(target)
        migration = identity.read_applied_migration(context, target)
        catalog = _read_catalog(context, target)
    taken_at = time.time()
    measured = _measure_tables(context, marks)
    return Snapshot(
        context.target,
        context.release,
        migration,
        taken_at,
        server,
        measured.figures,
        declarations_digest(context),
        catalog,
        capture_history(context),
        measured.left_out,
        measured.moves,
        dump_declarations(context),
        measured.kept_rows,
        find_sequence_defects(context),
        measured.hash_probe,
        capture_outside_tables(context),
    )


def _measure_tables(context: DatabaseContext, marks: Marks) -> _TableMeasurement:
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    with (
        context.record_step("the snapshot"),
        open_consistent_session(context.heavy_dsn, ends, schemas) as session,
    ):
        tables, left_out = read_tables(session.first, schemas)
        most = min(MAX_TABLE_SEGMENTS, max(1, MAX_TOTAL_SEGMENTS // max(1, len(tables))))
        specs = [
            _build_spec(session.first, context, table, marks.get(table.name), most)
            for table in tables.values()
        ]
        expected_rows = count_expected_rows(session.first, context, tables)
        figures = measure_in_session(
            session,
            specs,
            connections=context.migrations.connections,
            columns=True,
            watch=MeasurementProgress(context, "snapshot"),
        )
        moves = measure_moves(context, session, marks)
        kept_rows = keep_corrected_rows(session.first, context, specs, figures)
        probe = read_hash_probe(session.first)
    figures = explain_missing_time(context, figures)
    return _TableMeasurement(
        _add_expected_rows(figures, expected_rows), left_out, moves, kept_rows, probe
    )


def _build_spec(
    connection: TupleConnection,
    context: DatabaseContext,
    table: MeasuredTable,
    mark: str | None,
    most: int,
) -> TableSpec:
    spec = build_table_spec(connection, table, context.declared_change(table.name))
    return divide_into_segments(connection, replace(spec, mark=mark), most)


def count_expected_rows(
    connection: TupleConnection, context: DatabaseContext, tables: Mapping[str, MeasuredTable]
) -> dict[str, int]:
    """Return the result of each declared `rows_become`, by table.

    Raise `SettingsError` for a query that gives no number.
    """
    queries = {name: context.declared_change(name).rows_become for name in tables}
    return {
        name: _run_count_query(connection, context.display_name(name), query)
        for name, query in queries.items()
        if query
    }


def _run_count_query(connection: TupleConnection, table: str, query: str) -> int:
    setting = f"migrations.tables.{table}.rows_become"
    try:
        with connection.transaction():
            row = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        raise SettingsError(f"{setting} cannot be used: {first_error_line(error)}") from None
    if not row or len(row) != 1 or not isinstance(row[0], int):
        raise SettingsError(f"{setting} must give one number of rows, as SELECT count(*) does")
    return row[0]


def _add_expected_rows(figures: DatabaseStats, expected_rows: Mapping[str, int]) -> DatabaseStats:
    tables = {
        name: replace(table, rows_become=expected_rows.get(name))
        for name, table in figures.tables.items()
    }
    return replace(figures, tables=tables)


def _read_catalog(context: DatabaseContext, connection: psycopg.Connection[Any]) -> Catalog:
    try:
        return read_catalog(connection, context.migrations.schemas)
    except psycopg.Error as error:
        reason = describe_failure(error, connection)
        raise gap_error(rules.CATALOG_READABLE, context.target, reason) from None
