"""The exact keys and columns in which tables differ from the restored backup."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cutover_gates.probes.database.backup.restored_copies import WAIT_SHARE, open_restored_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.key_comparison import find_differing_keys
from cutover_gates.probes.database.measurement.query_tables import share_key
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.moves.moved_rows import build_original_spec
from cutover_gates.probes.database.rows.snapshot_scan import (
    ExpectedState,
    build_comparison_spec,
    read_current_tables,
)
from cutover_gates.probes.database.snapshot.model import Snapshot


@dataclass(frozen=True)
class Comparison:
    """The parts of every lookup: the snapshot, the database at `dsn`, and its expected state."""

    context: DatabaseContext
    before: Snapshot
    dsn: str
    expected: ExpectedState


def find_keys_against_backup(comparison: Comparison, names: Sequence[str]) -> dict[str, str]:
    """Return the keys and columns that differ from the restored backup, by table.

    A table without a key is not among them. Raise `NotProven` where no backup can be restored.
    """
    # It only names the place of a difference that is known already, and others need their time.
    budget = comparison.context.budget.take_share(WAIT_SHARE)
    context, differences = replace(comparison.context, budget=budget), dict[str, str]()
    with open_restored_backup(comparison.context) as copy:
        here = _build_specs(comparison, comparison.dsn, names, _build_current_spec)
        there = _build_specs(comparison, copy.dsn, names, _build_expected_spec)
        for name in names:
            actual, wanted = share_key(here[name], there[name])
            if not actual.key or actual.key != wanted.key:
                continue
            keys = find_differing_keys(
                comparison.dsn,
                actual,
                copy.dsn,
                wanted,
                ends=context.budget.ends,
                connections=context.migrations.connections,
                schemas=context.migrations.schemas,
            )
            differences[name] = str(keys)
    return differences


_Tables = Mapping[str, MeasuredTable]
_BuildSpec = Callable[[Comparison, TupleConnection, _Tables, str], TableSpec]


def _build_specs(
    comparison: Comparison, dsn: str, names: Sequence[str], build: _BuildSpec
) -> dict[str, TableSpec]:
    context = comparison.context
    schemas = context.migrations.schemas
    with open_consistent_session(dsn, context.budget.ends, schemas) as session:
        tables, _ = read_tables(session.first, schemas)
        return {name: build(comparison, session.first, tables, name) for name in names}


def _build_current_spec(
    comparison: Comparison, connection: TupleConnection, tables: _Tables, name: str
) -> TableSpec:
    context, then = comparison.context, comparison.before.figures.tables[name]
    current = read_current_tables(context, connection, tables, comparison.expected).tables
    return build_comparison_spec(connection, context, current[name], then, comparison.expected)


def _build_expected_spec(
    comparison: Comparison, connection: TupleConnection, tables: _Tables, name: str
) -> TableSpec:
    """Return the spec for the old table of the backup: its columns as they should have become."""
    change = comparison.context.declared_change(name)
    if change.from_query is not None and comparison.expected is ExpectedState.MIGRATED:
        mark = comparison.before.figures.tables[name].mark
        return replace(build_original_spec(connection, name, change), mark=mark)
    table = tables[name]
    # A backup may be younger than the snapshot, so the snapshot's mark holds for it too.
    mark = comparison.before.figures.tables[table.name].mark
    spec = replace(build_table_spec(connection, table, change), mark=mark)
    if comparison.expected is ExpectedState.MIGRATED and spec.expected is not None:
        return replace(spec, content=spec.expected, key=spec.expected_key, expected=None)
    return replace(spec, expected=None)
