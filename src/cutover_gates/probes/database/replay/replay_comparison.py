"""The comparison of two replays: what both made is certain, and the rest is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import qualified_history_name
from cutover_gates.probes.database.measurement.column_pass import sum_columns
from cutover_gates.probes.database.measurement.column_sums import find_differing_columns
from cutover_gates.probes.database.measurement.consistent_session import ConsistentSession
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_queries import read_highest_value
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, TableStats
from cutover_gates.probes.database.replay.replay_record import ReplayedTable

OTHER_ROWS = "the scripts make another number of rows each time"
OTHER_CONTENT = "the scripts make other rows each time"

Tables = Mapping[str, MeasuredTable]


class _Replay:
    """One of the two copies after the scripts: its session, and what is measured there."""

    def __init__(
        self, context: DatabaseContext, session: ConsistentSession, before: Tables
    ) -> None:
        self.context, self.session = context, session
        tables, _ = read_tables(session.first, context.migrations.schemas)
        specs = _build_specs(context, session.first, before, tables)
        self.specs = {spec.name: spec for spec in specs}

    def measure(self, specs: Mapping[str, TableSpec], *, columns: bool = False) -> DatabaseStats:
        """Return the figures of these tables."""
        return measure_in_session(
            self.session,
            list(specs.values()),
            connections=self.context.migrations.connections,
            columns=columns,
        )


def compare_replays(
    context: DatabaseContext, first: ConsistentSession, second: ConsistentSession, before: Tables
) -> dict[str, ReplayedTable]:
    """Return what the scripts made of each table that came or got columns."""
    one, other = _Replay(context, first, before), _Replay(context, second, before)
    figures = one.measure(one.specs, columns=True)
    others = other.measure(other.specs)
    replayed: dict[str, ReplayedTable] = {}
    for name, then in figures.tables.items():
        is_new, again = name not in before, others.tables.get(name)
        if then.sums is None or again is None or again.sums is None:
            reason = figures.unproven.get(name) or others.unproven.get(name) or OTHER_CONTENT
            replayed[name] = ReplayedTable(is_new, then, cannot=reason)
        elif then.sums.rows != again.sums.rows:
            replayed[name] = ReplayedTable(is_new, then, cannot=OTHER_ROWS)
        elif then.sums.content == again.sums.content and not _list_declared(one, name):
            replayed[name] = ReplayedTable(is_new, then)
        else:
            replayed[name] = _find_stable_part(one, other, name, is_new, then)
    return {
        name: replace(table, is_whole=not table.is_new and _is_whole(context, name))
        for name, table in replayed.items()
    }


def _find_stable_part(
    one: _Replay, other: _Replay, name: str, is_new: bool, then: TableStats
) -> ReplayedTable:
    """Return a table with the columns that have the same values each time."""
    unstable = sorted({*_find_unstable_columns(one, other, name), *_list_declared(one, name)})
    specs = [_select_columns(each.specs[name], unstable) for each in (one, other)]
    if not specs[0].content:
        return ReplayedTable(is_new, then, tuple(unstable), OTHER_CONTENT)
    figures = one.measure({name: specs[0]}, columns=True).tables[name]
    again = other.measure({name: specs[1]}).tables[name]
    if figures.sums is None or again.sums is None or figures.sums.content != again.sums.content:
        return ReplayedTable(is_new, then, tuple(unstable), OTHER_CONTENT)
    return ReplayedTable(is_new, figures, tuple(unstable))


def _list_declared(replay: _Replay, name: str) -> list[str]:
    """Return the columns of a table that are declared as undetermined."""
    shown, declared = (
        replay.context.display_name(name),
        replay.context.migrations.replay.undetermined,
    )
    return [column for column in replay.specs[name].content if f"{shown}.{column}" in declared]


def _find_unstable_columns(one: _Replay, other: _Replay, name: str) -> list[str]:
    """Return the columns with other values each time.

    A key that a sequence gives goes by the order of the rows: then the key is unstable, and not
    what stands beside it. Of both readings the one counts that leaves more to compare.
    """
    specs = one.specs[name], other.specs[name]
    keyed = _find_differing(one, other, specs)
    keyless = replace(specs[0], key=()), replace(specs[1], key=())
    by_chance = {*specs[0].key, *(_find_differing(one, other, keyless) or ())}
    return sorted(by_chance if keyed is None or len(by_chance) <= len(keyed) else keyed)


def _find_differing(
    one: _Replay, other: _Replay, specs: tuple[TableSpec, TableSpec]
) -> set[str] | None:
    """Return the columns that differ; None where the rows have other keys."""
    name = specs[0].name
    then, now = (
        sum_columns(each.session, [each.session.first], [spec], groups={name: 1})[name]
        for each, spec in zip((one, other), specs, strict=True)
    )
    if then.is_keyed and then.keys != now.keys:
        return None
    return {each.column for each in find_differing_columns(then, now)}


def _build_specs(
    context: DatabaseContext, connection: TupleConnection, before: Tables, after: Tables
) -> Iterator[TableSpec]:
    """Yield what is measured of each table that came or got columns, right after the scripts.

    Its `expected` sums are those of its old columns. A table that is declared to get or lose rows
    is measured whole: into it another one may have been merged.
    """
    history = qualified_history_name(context)
    for name, table in after.items():
        old = before.get(name)
        if name == history:
            continue
        if old is not None and _is_whole(context, name):
            yield _build_spec(context, connection, table, None)
        elif old is None or table.columns.keys() - old.columns.keys():
            yield _build_spec(context, connection, table, old)


def _is_whole(context: DatabaseContext, name: str) -> bool:
    return context.declared_change(name).changes_rows


def _build_spec(
    context: DatabaseContext,
    connection: TupleConnection,
    table: MeasuredTable,
    old: MeasuredTable | None,
) -> TableSpec:
    columns = read_columns(connection, table, table.columns)
    above = context.declared_change(table.name).grows_above
    above = above if above in table.columns else None
    mark = read_highest_value(connection, table, above) if above else None
    spec = TableSpec(table, columns, table.key, above=above, mark=mark, cannot=table.cannot)
    if old is None:
        return spec
    came = table.columns.keys() - old.columns.keys()
    key = () if came & set(table.key) else table.key
    content = {name: columns[name] for name in columns if name in came or name in key}
    kept = {name: columns[name] for name in columns if name not in came}
    return replace(spec, content=content, key=key, expected=kept, expected_key=key)


def _select_columns(spec: TableSpec, unstable: Sequence[str]) -> TableSpec:
    """Return the spec without the unstable columns; without a key where that is unstable."""
    content = {name: column for name, column in spec.content.items() if name not in unstable}
    key = () if {*spec.key} & {*unstable} else spec.key
    expected = spec.expected if set(spec.expected_key) == set(key) else None
    return replace(spec, content=content, key=key, expected=expected)
