"""Takes a snapshot: what is to be kept of each table is settled first, then all is measured at one
moment.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database import identity
from cutover_gates.probes.database.context import DatabaseContext, first_error_line
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_accumulators import MeasurementProgress
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    build_table_spec,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, Division
from cutover_gates.probes.database.snapshot.model import Snapshot, declarations_digest

MAX_TABLE_SEGMENTS = 1 << 16
"""The most that one table has."""
MAX_TOTAL_SEGMENTS = 1 << 20
"""The most that all tables have together: each costs 40 bytes of the snapshot."""
ROWS_PER_SEGMENT = 16
"""Rows that a segment is meant to have: so few keys that a reader can go through them."""
_ROW_BYTES = 128
"""Bytes that a row is taken to have, to guess how many there are."""
_WAIT_SECONDS = 10.0
"""Seconds to wait for transactions that were open when the marks were read."""
_OPEN_TRANSACTIONS = """
SELECT count(*) AS open FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start < %s
"""


def capture_snapshot(site: DatabaseContext) -> Snapshot:
    """Measure the whole database.

    Raises `NotProven`, `SettingsError` (a declaration that cannot be), `DatabaseSilent`.
    """
    marks = _read_marks(site)
    identity.wait_for_standby(site)
    with site.connect() as target:
        facts, migration = (
            identity.read_server_facts(target),
            identity.read_applied_migration(site, target),
        )
        catalog = _read_catalog_as_plain(site, target)
    dsn, schemas = site.heavy_dsn, site.migrations.schemas
    began = time.time()
    with open_consistent_session(
        dsn, time.time() + site.budget.remaining_seconds, schemas
    ) as session:
        tables, left_out = read_tables(session.first, schemas)
        specs = [
            _build_spec(session.first, site, table, marks, len(tables)) for table in tables.values()
        ]
        become = {
            name: _count_expected_rows(session.first, site, name)
            for name in tables
            if site.declared_change(name).rows_become
        }
        figures = measure_in_session(
            session,
            specs,
            connections=site.migrations.connections,
            watch=MeasurementProgress(site, "snapshot"),
        )
    return Snapshot(
        site.target,
        site.release,
        migration,
        began,
        facts,
        _add_expected_rows(figures, become),
        declarations_digest(site),
        catalog,
        _read_history_facts(site),
        left_out,
    )


def _read_marks(site: DatabaseContext) -> dict[str, str | None]:
    """For each table that grows, its column's highest value, as text.

    Whatever is below it was there before; but a transaction that began earlier may still bring a
    row from below it. So those that are open now are waited for, and only then is the snapshot
    taken.
    """
    growing = {
        name: change.grows_above
        for name, change in site.migrations.tables.items()
        if change.grows_above
    }
    if not growing:
        return {}
    with open_consistent_session(
        site.heavy_dsn, time.time() + site.budget.remaining_seconds, site.migrations.schemas
    ) as session:
        tables, _ = read_tables(session.first, site.migrations.schemas)
        found = {
            name: _read_highest_value(session.first, table, column)
            for name, table in tables.items()
            if (column := site.declared_change(name).grows_above) and column in table.columns
        }
    _wait_for_open_transactions(site)
    return found


def _read_highest_value(
    connection: TupleConnection, table: MeasuredTable, column: str
) -> str | None:
    found = connection.execute(
        sql.SQL(
            "SELECT {0}::text AS highest FROM {1} WHERE {0} IS NOT NULL ORDER BY {1}.{0} DESC"
            " LIMIT 1"
        ).format(sql.Identifier(column), table.identifier)
    ).fetchone()
    return found[0] if found else None


def _wait_for_open_transactions(site: DatabaseContext) -> None:
    with site.connect() as target:
        now = (target.execute("SELECT clock_timestamp() AS now").fetchone() or {})["now"]
        patience = time.monotonic() + min(_WAIT_SECONDS, site.budget.remaining_seconds / 10)
        while number := (target.execute(_OPEN_TRANSACTIONS, [now]).fetchone() or {"open": 0})[
            "open"
        ]:
            if time.monotonic() > patience:
                site.report_progress(
                    f"snapshot: {number} transactions are still open; what they add may look like a"
                    " row too many among the old ones"
                )
                return
            time.sleep(0.05)


def _build_spec(
    connection: TupleConnection,
    site: DatabaseContext,
    table: MeasuredTable,
    marks: Mapping[str, str | None],
    tables: int,
) -> TableSpec:
    spec = replace(
        build_table_spec(connection, table, site.declared_change(table.name)),
        mark=marks.get(table.name),
    )
    return divide_into_segments(
        connection, spec, min(MAX_TABLE_SEGMENTS, max(1, MAX_TOTAL_SEGMENTS // tables))
    )


def divide_into_segments(connection: TupleConnection, spec: TableSpec, most: int) -> TableSpec:
    """With at most so many segments, where it has a key."""
    division = _choose_division(connection, spec, most)
    return spec.with_division(division) if division else spec


def _choose_division(connection: TupleConnection, spec: TableSpec, most: int) -> Division | None:
    """So many segments that each has a few rows.

    A key of one integer is divided by ranges, which an index can find again.
    """
    if not spec.key or spec.cannot:
        return None
    if not spec.has_integer_key:
        return Division(_segment_count(spec.size // _ROW_BYTES, most))
    first, last = _read_key_bounds(connection, spec)
    if first is None or last is None or max(-first, last) >= 1 << 61:
        return Division(1)
    span = last - first + 1
    parts = _segment_count(span, most)
    return Division(parts, first, max(0, (-(-span // parts) - 1).bit_length()))


def _read_key_bounds(connection: TupleConnection, spec: TableSpec) -> tuple[int | None, int | None]:
    query = sql.SQL("SELECT min({0}), max({0}) FROM {1}").format(
        sql.Identifier(spec.key[0]), spec.table.identifier
    )
    return connection.execute(query).fetchone() or (None, None)


def _segment_count(rows: int, most: int) -> int:
    """A power of two."""
    return 1 << min(most.bit_length() - 1, (max(1, rows // ROWS_PER_SEGMENT) - 1).bit_length())


def _count_expected_rows(connection: TupleConnection, site: DatabaseContext, name: str) -> int:
    """Raises `SettingsError` for a query that gives no number."""
    query = site.declared_change(name).rows_become or ""
    try:
        with connection.transaction():
            found = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        raise SettingsError(
            f"migrations.tables.{site.display_name(name)}.rows_become cannot be used: {first_error_line(error)}"
        ) from None
    if not found or len(found) != 1 or not isinstance(found[0], int):
        raise SettingsError(
            f"migrations.tables.{site.display_name(name)}.rows_become must give one number of rows, as"
            " SELECT count(*) does"
        )
    return found[0]


def _add_expected_rows(figures: DatabaseStats, become: Mapping[str, int]) -> DatabaseStats:
    tables = {
        name: replace(table, rows_become=become.get(name)) for name, table in figures.tables.items()
    }
    return replace(figures, tables=tables)


def _read_catalog_as_plain(
    site: DatabaseContext, connection: psycopg.Connection[Any]
) -> dict[str, Any]:
    from cutover_gates.probes.database.schema.schema_catalog import read_catalog

    try:
        return read_catalog(connection, site.migrations.schemas).as_plain()
    except psycopg.Error as error:
        raise NotProven(
            f"the catalog cannot be read, so there is no snapshot: {first_error_line(error)}"
        ) from None


def _read_history_facts(site: DatabaseContext) -> dict[str, Any]:
    from cutover_gates.probes.database.history.assessments import capture_history

    return dict(capture_history(site))
