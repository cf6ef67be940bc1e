"""Looks at a database as a snapshot asks for it: the same columns, the same key, up to the same
mark.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from cutover_gates.probes.database.context import DatabaseContext, first_error_line
from cutover_gates.probes.database.identity import qualified_history_name
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_accumulators import MeasurementProgress
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import (
    DatabaseStats,
    Division,
    TableStats,
)
from cutover_gates.probes.database.snapshot.model import Snapshot

MIGRATED, RESTORED = "migrated", "restored"
"""What a database is expected to be: the snapshot's as the migration should leave it, or the
snapshot's as it was.
"""


@dataclass(frozen=True)
class DatabaseScan:
    """What was seen: figures, every table's columns with their types, and what is no table with
    rows of its own.
    """

    figures: DatabaseStats
    columns: Mapping[str, Mapping[str, str]]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        return {
            "figures": self.figures.as_plain(),
            "columns": {name: dict(found) for name, found in self.columns.items()},
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> DatabaseScan:
        return cls(DatabaseStats.from_plain(plain["figures"]), plain["columns"], plain["left_out"])


def scan_database(
    context: DatabaseContext, before: Snapshot, dsn: str, expected: str
) -> DatabaseScan:
    """Count and fingerprint everything at `dsn`. Raises `DatabaseUnreachable`."""
    schemas = context.migrations.schemas
    with open_consistent_session(
        dsn, time.time() + context.budget.remaining_seconds, schemas
    ) as session:
        tables, left_out = read_tables(session.first, schemas)
        specs = [
            build_comparison_spec(
                session.first, context, table, before.figures.tables.get(table.name), expected
            )
            for table in tables.values()
        ]
        figures = measure_in_session(
            session,
            specs,
            connections=context.migrations.connections,
            watch=MeasurementProgress(context, "rows"),
        )
    return DatabaseScan(figures, {name: table.columns for name, table in tables.items()}, left_out)


def build_comparison_spec(
    connection: TupleConnection,
    context: DatabaseContext,
    table: MeasuredTable,
    then: TableStats | None,
    expected: str,
    *,
    division: Division | None = None,
) -> TableSpec:
    """What to measure of a table so that it can be held against its figures in a snapshot; only its
    rows where its content cannot or need not be.
    """
    if then is None:
        return TableSpec(table, only_counted=True)
    above = then.above if then.above in table.columns else None
    names = compared_columns(then, expected)
    if not names.keys() <= table.columns.keys() or not is_content_compared(
        context, table.name, expected
    ):
        return TableSpec(table, above=above, mark=then.mark, only_counted=True)
    try:
        with connection.transaction():
            found = read_columns(connection, table, names)
    except psycopg.Error as error:
        return TableSpec(table, above=above, mark=then.mark, cannot=first_error_line(error))
    key = then.key if set(then.key) <= set(names) else ()
    return TableSpec(
        table, found, key, above=above, mark=then.mark, division=division, cannot=table.cannot
    )


def compared_columns(then: TableStats, expected: str) -> Mapping[str, str]:
    """The columns that are compared, with the types that they had, or that what they become has."""
    return (
        then.columns
        if expected == RESTORED or then.expected_columns is None
        else then.expected_columns
    )


def is_content_compared(context: DatabaseContext, table: str, expected: str) -> bool:
    """Everything is, in a restored database; else what is not declared to be anything, and is not
    the history, which a migration adds to.
    """
    change = context.declared_change(table)
    return expected == RESTORED or (
        change.content == "compared"
        and change.rows != "any"
        and table != qualified_history_name(context)
    )
