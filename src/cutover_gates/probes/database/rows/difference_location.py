"""The place of a difference: which rows and columns of a table are not what they should be.

A restored backup gives the exact keys and columns. Without one, the segments of the snapshot narrow
the difference down to a few keys. Both are asked only where something differs, because they read
the tables again and a restore takes long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.backup.backup_restore import open_restored_backup
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
)
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.key_comparison import find_differing_keys
from cutover_gates.probes.database.measurement.query_tables import share_key
from cutover_gates.probes.database.measurement.segment_comparison import locate_differences
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.moves.moved_rows import build_original_spec
from cutover_gates.probes.database.rows.column_location import name_differing_columns
from cutover_gates.probes.database.rows.snapshot_scan import (
    ExpectedState,
    build_comparison_spec,
    read_current_tables,
)
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.text import first_error_line

# Tables whose differences are looked up. Where more differ, single rows no longer matter.
MAX_LOCATED_TABLES = 5
# Share of the remaining time that restoring a backup may take here: it only names the place of a
# difference that is known already, and other checks still need their time.
RESTORE_SHARE = 1 / 3


@dataclass
class RowLocation:
    """The places of the differences, by table (`schema.name`), each as a short text.

    `figures` holds the reasons why a place could not be looked up.
    """

    places: dict[str, list[str]] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Comparison:
    """The parts of every lookup: the snapshot, the database at `dsn`, and its expected state."""

    context: DatabaseContext
    before: Snapshot
    dsn: str
    expected: ExpectedState


def locate_rows(
    context: DatabaseContext,
    before: Snapshot,
    dsn: str,
    names: Sequence[str],
    expected: ExpectedState,
) -> RowLocation:
    """Return where the tables `names` of the database at `dsn` differ from the snapshot."""
    location, comparison = RowLocation(), _Comparison(context, before, dsn, expected)
    if names and _is_backup_allowed(context):
        _add_exact_keys(comparison, names[:MAX_LOCATED_TABLES], location)
    others = [name for name in names if name not in location.places][:MAX_LOCATED_TABLES]
    if others and context.budget.remaining_seconds > 0:
        columns = name_differing_columns(context, before, dsn, others, expected)
        _add_segments(comparison, others, location)
        for name, text in columns.items():
            location.places[name] = [text, *location.places.get(name, ())]
    return location


def _is_backup_allowed(context: DatabaseContext) -> bool:
    settings = context.migrations.backup
    return settings.restore and bool(context.backup or settings.path)


def _add_exact_keys(comparison: _Comparison, names: Sequence[str], location: RowLocation) -> None:
    try:
        differences = _find_keys_against_backup(comparison, names)
    except NotProven as hole:
        location.figures["no keys from the backup"] = hole.reason
    except DatabaseUnreachable as error:
        location.figures["no keys from the backup"] = str(error)
    except psycopg.Error as error:
        location.figures["no keys from the backup"] = first_error_line(error)
    else:
        location.places |= {name: [text] for name, text in differences.items() if text}


def _find_keys_against_backup(comparison: _Comparison, names: Sequence[str]) -> dict[str, str]:
    """Return the keys and columns that differ from the restored backup, by table.

    A table without a key is not among them. Raise `NotProven` where no backup can be restored.
    """
    budget = comparison.context.budget.take_share(RESTORE_SHARE)
    context, differences = replace(comparison.context, budget=budget), dict[str, str]()
    with open_restored_backup(context) as copy:
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
_BuildSpec = Callable[[_Comparison, TupleConnection, _Tables, str], TableSpec]


def _build_specs(
    comparison: _Comparison, dsn: str, names: Sequence[str], build: _BuildSpec
) -> dict[str, TableSpec]:
    context = comparison.context
    schemas = context.migrations.schemas
    with open_consistent_session(dsn, context.budget.ends, schemas) as session:
        tables, _ = read_tables(session.first, schemas)
        return {name: build(comparison, session.first, tables, name) for name in names}


def _build_current_spec(
    comparison: _Comparison, connection: TupleConnection, tables: _Tables, name: str
) -> TableSpec:
    context, then = comparison.context, comparison.before.figures.tables[name]
    current = read_current_tables(context, connection, tables, comparison.expected).tables
    return build_comparison_spec(connection, context, current[name], then, comparison.expected)


def _build_expected_spec(
    comparison: _Comparison, connection: TupleConnection, tables: _Tables, name: str
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


def _add_segments(comparison: _Comparison, names: Sequence[str], location: RowLocation) -> None:
    """Add the segments that differ, with keys.

    The tables are read a second time, so rows that were written meanwhile may show too.
    """
    context = comparison.context
    ends, schemas = time.time() + context.budget.remaining_seconds, context.migrations.schemas
    try:
        with open_consistent_session(comparison.dsn, ends, schemas) as session:
            found, _ = read_tables(session.first, schemas)
            tables = read_current_tables(context, session.first, found, comparison.expected).tables
            for name in names:
                location.places[name] = _locate_in_segments(comparison, session, name, tables)
    except DatabaseUnreachable as error:
        location.figures["no place from the snapshot"] = str(error)
    except psycopg.Error as error:
        location.figures["no place from the snapshot"] = first_error_line(error)


def _locate_in_segments(
    comparison: _Comparison,
    session: ConsistentSession,
    name: str,
    tables: Mapping[str, MeasuredTable],
) -> list[str]:
    context, then = comparison.context, comparison.before.figures.tables[name]
    if then.segments is None or name not in tables:
        return []
    spec = build_comparison_spec(
        session.first,
        context,
        tables[name],
        then,
        comparison.expected,
        division=then.segments.division,
    )
    # Segments go by the key: one that is gone or was rewritten leads to other segments.
    is_key_rewritten = set(then.key) & context.declared_change(name).becomes.keys()
    if is_key_rewritten or not set(then.key) <= set(spec.content):
        return []
    figures = measure_in_session(session, [spec], connections=context.migrations.connections)
    segments = figures.tables[name].segments
    if segments is None:
        return []
    migrated = comparison.expected is ExpectedState.MIGRATED
    places = locate_differences(session.first, spec, then.segments, segments, migrated=migrated)
    return [str(place) for place in places]
