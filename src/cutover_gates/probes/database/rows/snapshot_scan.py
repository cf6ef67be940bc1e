"""A scan of a database as a snapshot prescribes: the same columns, the same key, the same mark."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import psycopg

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import qualified_history_name
from cutover_gates.probes.database.lock_holders import describe_failure
from cutover_gates.probes.database.measurement.column_pass import sum_columns
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.table_accumulators import MeasurementProgress
from cutover_gates.probes.database.measurement.table_measurement import (
    explain_missing_time,
    measure_in_session,
)
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
from cutover_gates.probes.database.moves.current_tables import CurrentTables, apply_moves
from cutover_gates.probes.database.rows.shared_pass import read_conditions
from cutover_gates.probes.database.snapshot.model import Snapshot


class ExpectedState(StrEnum):
    """The expected content of a database, seen from its snapshot."""

    MIGRATED = "migrated"
    """The content as the migration is declared to leave it."""
    RESTORED = "restored"
    """The content as it was."""


@dataclass(frozen=True)
class DatabaseScan:
    """The figures of a database, the columns of its tables, and what holds no rows of its own.

    `columns`: the type of each column, by table and column. `left_out`: the kind, by relation.
    `moved`: what holds the rows of a table now, by its name before. `failed`: why they are not
    found. `unbroken`: the conditions (SQL) that no row met in this pass. Added later: `replayed`,
    the new tables that the replay made, too; `replayed_whole`, those of before that are compared
    with it; `found`, where it found what is gone.
    """

    figures: DatabaseStats
    columns: Mapping[str, Mapping[str, str]]
    left_out: Mapping[str, str] = field(default_factory=dict)
    moved: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    unbroken: Mapping[str, Sequence[str]] = field(default_factory=dict)
    replayed: frozenset[str] = frozenset()
    replayed_whole: frozenset[str] = frozenset()
    found: Mapping[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return the scan as JSON-able values; `from_plain` reads them."""
        return {
            "figures": self.figures.to_plain(),
            "columns": {name: dict(types) for name, types in self.columns.items()},
            "left_out": dict(self.left_out),
            "moved": dict(self.moved),
            "failed": dict(self.failed),
            "unbroken": dict(self.unbroken),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> DatabaseScan:
        """Return the scan that `to_plain` wrote."""
        figures = DatabaseStats.from_plain(plain["figures"])
        others = ("columns", "left_out", "moved", "failed", "unbroken")
        return cls(figures, *map(plain.__getitem__, others))

    def missing_reason(self, table: str) -> str:
        """The reason why a table was not measured to its end."""
        return self.figures.unproven.get(table, "the reason was not recorded")

    def count_new_rows(self, context: DatabaseContext) -> dict[str, int]:
        """Return the number of rows above the snapshot's mark, by table."""
        tables = self.figures.tables.items()
        return {context.display_name(name): table.newer for name, table in tables if table.newer}


def scan_database(
    context: DatabaseContext, before: Snapshot, dsn: str, expected: ExpectedState
) -> DatabaseScan:
    """Count and hash all tables of the database at `dsn`, at one moment.

    Raise `DatabaseUnreachable`.
    """
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    conditions = read_conditions(context, migrated=expected is ExpectedState.MIGRATED)
    with (
        context.record_step("counting and comparing rows"),
        open_consistent_session(dsn, ends, schemas) as session,
    ):
        found, left_out = read_tables(session.first, schemas)
        current = read_current_tables(context, session.first, found, expected)
        tables = current.tables
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
            conditions=conditions,
            watch=MeasurementProgress(context, "rows"),
        )
        figures = _add_column_sums(session, specs, before, figures)
    columns = {name: table.columns for name, table in tables.items()}
    whole = [spec for spec in specs if spec.name not in figures.unproven]
    unbroken = conditions.list_unbroken(whole)
    figures = explain_missing_time(context, figures)
    return DatabaseScan(figures, columns, left_out, current.stands_for, current.failed, unbroken)


def read_current_tables(
    context: DatabaseContext,
    connection: TupleConnection,
    found: Mapping[str, MeasuredTable],
    expected: ExpectedState,
) -> CurrentTables:
    """Return the tables of the database that is judged, under their names in the snapshot."""
    if expected is ExpectedState.RESTORED:
        return CurrentTables(dict(found))
    return apply_moves(context, connection, found)


def _add_column_sums(
    session: ConsistentSession, specs: Sequence[TableSpec], before: Snapshot, figures: DatabaseStats
) -> DatabaseStats:
    """Return the figures with the sums of columns, for tables that are compared by them."""
    then = {
        name: table.expected_column_sums
        for name, table in before.figures.tables.items()
        if table.is_compared_by_column and table.expected_column_sums
    }
    chosen = [spec for spec in specs if spec.name in then and spec.content and not spec.cannot]
    if not chosen:
        return figures
    groups = {name: len(sums.keys) for name, sums in then.items()}
    now = sum_columns(session, [session.first], chosen, groups=groups)
    tables = {
        name: replace(table, column_sums=now[name]) if name in now else table
        for name, table in figures.tables.items()
    }
    return replace(figures, tables=tables)


def build_comparison_spec(
    connection: TupleConnection,
    context: DatabaseContext,
    table: MeasuredTable,
    then: TableStats | None,
    expected: ExpectedState,
    *,
    division: Division | None = None,
) -> TableSpec:
    """Return what is measured of a table to compare it with its figures in a snapshot.

    Only the rows are counted where the content cannot or need not be compared.
    """
    if then is None:
        return TableSpec(table, only_counted=True)
    above = then.above if then.above in table.columns else None
    names = compared_columns(then, expected)
    is_readable = names.keys() <= table.columns.keys()
    if not is_readable or not is_content_compared(context, table.name, expected):
        return TableSpec(table, above=above, mark=then.mark, only_counted=True)
    try:
        with connection.transaction():
            columns = read_columns(connection, table, names)
    except psycopg.Error as error:
        reason = describe_failure(error, connection, table.name)
        return TableSpec(table, above=above, mark=then.mark, cannot=reason)
    key = then.key if set(then.key) <= set(names) else ()
    return TableSpec(
        table, columns, key, above=above, mark=then.mark, division=division, cannot=table.cannot
    )


def compared_columns(then: TableStats, expected: ExpectedState) -> Mapping[str, str]:
    """Return the columns that are compared, with the types that they are expected to have."""
    if expected is ExpectedState.RESTORED or then.expected_columns is None:
        return then.columns
    return then.expected_columns


def is_content_compared(context: DatabaseContext, table: str, expected: ExpectedState) -> bool:
    """Return whether the content of a table is compared.

    In a restored database all of it is. After a migration, a table that is declared as `any` is
    not, nor the migration history, which every migration adds to.
    """
    if expected is ExpectedState.RESTORED:
        return True
    change = context.declared_change(table)
    is_declared_open = change.content == "any" or change.rows == "any"
    return not is_declared_open and table != qualified_history_name(context)
