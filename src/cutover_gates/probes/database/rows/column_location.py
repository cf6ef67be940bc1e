"""The columns in which tables differ from the snapshot, named by the sums of single columns.

They are measured only where a table differs: the snapshot holds its part from the start.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import psycopg

from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.measurement.column_pass import sum_columns
from cutover_gates.probes.database.measurement.column_sums import (
    ColumnSums,
    describe_columns,
    find_differing_columns,
)
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_specs import TableSpec, read_tables
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows.snapshot_scan import (
    ExpectedState,
    build_comparison_spec,
    read_current_tables,
)
from cutover_gates.probes.database.snapshot.model import Snapshot


def name_differing_columns(
    context: DatabaseContext,
    before: Snapshot,
    dsn: str,
    names: Sequence[str],
    expected: ExpectedState,
) -> dict[str, str]:
    """Return for each of these tables the columns that differ, as a short text.

    A table is left out where the snapshot holds no sums of its columns, where its key was
    rewritten, or where it could not be read.
    """
    then = {
        name: sums
        for name in names
        if (sums := expected_column_sums(before.figures.tables[name], expected))
    }
    try:
        now = _measure(context, before, dsn, then, expected)
    except (psycopg.Error, DatabaseUnreachable):
        return {}
    texts = {
        name: describe_columns(find_differing_columns(then[name], sums))
        for name, sums in now.items()
    }
    return {name: text for name, text in texts.items() if text}


def expected_column_sums(then: TableStats, expected: ExpectedState) -> ColumnSums | None:
    """Return the sums that the columns of a table should have now."""
    if expected is ExpectedState.RESTORED or then.expected_columns is None:
        return then.column_sums
    return then.expected_column_sums


def _measure(
    context: DatabaseContext,
    before: Snapshot,
    dsn: str,
    then: Mapping[str, ColumnSums],
    expected: ExpectedState,
) -> dict[str, ColumnSums]:
    if not then:
        return {}
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    with open_consistent_session(dsn, ends, schemas) as session:
        found, _ = read_tables(session.first, schemas)
        tables = read_current_tables(context, session.first, found, expected).tables
        specs = [
            build_comparison_spec(
                session.first, context, tables[name], before.figures.tables[name], expected
            )
            for name in then
            if name in tables
        ]
        groups = {name: len(sums.keys) for name, sums in then.items()}
        comparable = [spec for spec in specs if _has_same_key(spec, then[spec.name])]
        return sum_columns(session, [session.first], comparable, groups=groups)


def _has_same_key(spec: TableSpec, then: ColumnSums) -> bool:
    return bool(spec.key) == then.is_keyed
