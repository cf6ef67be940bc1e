"""Figures of a snapshot that are measured anew, on the restored backup.

The backup stands in for the database of the snapshot where it holds the very rows: as many, under
the same keys, with the same content. Then any declaration can be evaluated over them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_queries import read_highest_value
from cutover_gates.probes.database.measurement.table_spec_factory import (
    build_table_spec,
    read_columns,
)
from cutover_gates.probes.database.measurement.table_specs import TableSpec, read_tables
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.snapshot.capture import count_expected_rows
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.util.text import first_error_line


@dataclass
class RemeasuredTables:
    """The new figures by table, and the reason for each table that has none."""

    tables: dict[str, TableStats] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def remeasure_tables(
    context: DatabaseContext, before: Snapshot, names: Sequence[str]
) -> RemeasuredTables:
    """Measure tables of the snapshot anew, by the declarations in force, on the restored backup."""
    settings = context.migrations.backup
    if not settings.restore or not (context.backup or settings.path):
        return _fail(names, "the settings name none that may be restored")
    try:
        with open_restored_backup(context) as copy:
            schemas = context.migrations.schemas
            with open_consistent_session(copy.dsn, context.budget.ends, schemas) as session:
                return _Remeasurement(context, before, session).run(names)
    except NotProven as hole:
        return _fail(names, hole.reason)
    except (DatabaseUnreachable, SettingsError) as error:
        return _fail(names, str(error))
    except psycopg.Error as error:
        return _fail(names, first_error_line(error))


def find_foreign_tables(
    context: DatabaseContext, before: Snapshot, session: ConsistentSession
) -> dict[str, str]:
    """Return why a restored backup is not the snapshot's database, by table; empty where it is."""
    remeasurement = _Remeasurement(context, before, session)
    return remeasurement.find_obstacles([*before.figures.tables])


def _fail(names: Sequence[str], reason: str) -> RemeasuredTables:
    return RemeasuredTables(problems=dict.fromkeys(names, reason))


class _Remeasurement:
    """One measurement on the copy, at one moment of `session`."""

    def __init__(
        self, context: DatabaseContext, before: Snapshot, session: ConsistentSession
    ) -> None:
        self.context, self.before, self.session = context, before, session
        self.tables = read_tables(session.first, context.migrations.schemas)[0]

    def run(self, names: Sequence[str]) -> RemeasuredTables:
        """Measure the tables whose rows are those of the snapshot."""
        # A query over the old tables (`rows_become`) may read each of them.
        reads_all = any(self.context.declared_change(name).rows_become for name in names)
        compared = [*self.before.figures.tables] if reads_all else names
        obstacles = self.find_obstacles(compared)
        result = RemeasuredTables()
        for name in names:
            if problem := self._find_problem(name, obstacles):
                result.problems[name] = problem
        usable = [name for name in names if name not in result.problems]
        result.tables = self._measure(usable)
        return result

    def find_obstacles(self, names: Sequence[str]) -> dict[str, str]:
        """Return why the rows of a table are not those of the snapshot, by table."""
        found = {name: self._find_structural_obstacle(name) for name in names}
        specs = [self._build_old_spec(name) for name, obstacle in found.items() if not obstacle]
        self.copied = self._measure_specs(specs)
        for name, stats in self.copied.items():
            if stats.sums is None:
                found[name] = "it could not be read to its end"
            elif not _is_equal(self.before.figures.tables[name], stats):
                found[name] = "its rows are not those of the snapshot"
        return {name: obstacle for name, obstacle in found.items() if obstacle}

    def _find_structural_obstacle(self, name: str) -> str:
        then = self.before.figures.tables[name]
        if then.sums is None:
            return self.before.missing_reason(name)
        if name not in self.tables or dict(self.tables[name].columns) != dict(then.columns):
            return "its columns are not those of the snapshot"
        return ""

    def _find_problem(self, name: str, obstacles: Mapping[str, str]) -> str:
        if name in obstacles:
            return obstacles[name]
        change, then = self.context.declared_change(name), self.before.figures.tables[name]
        if change.grows_above != then.above and self.copied[name].newer:
            return "it holds rows that came after the snapshot"
        if change.rows_become:
            late = [other for other, stats in self.copied.items() if stats.newer]
            for other in (*obstacles, *late):
                return f"{self.context.display_name(other)} in it is not that of the snapshot"
        return ""

    def _build_old_spec(self, name: str) -> TableSpec:
        then, table = self.before.figures.tables[name], self.tables[name]
        columns = read_columns(self.session.first, table, then.columns)
        return TableSpec(table, columns, then.key, above=then.above, mark=then.mark)

    def _build_new_spec(self, name: str) -> TableSpec:
        """Return the spec of the declarations in force, with a mark that holds for the snapshot."""
        then, table = self.before.figures.tables[name], self.tables[name]
        change = self.context.declared_change(name)
        spec = build_table_spec(self.session.first, table, change)
        mark = then.mark
        if change.grows_above != then.above:
            column = change.grows_above
            mark = read_highest_value(self.session.first, table, column) if column else None
        is_same_key = then.segments is not None and spec.key == then.key
        division = then.segments.division if then.segments and is_same_key else None
        return replace(spec, mark=mark, division=division)

    def _measure(self, names: Sequence[str]) -> dict[str, TableStats]:
        measured = self._measure_specs([self._build_new_spec(name) for name in names])
        tables = {name: self.tables[name] for name in names}
        expected = count_expected_rows(self.session.first, self.context, tables)
        for name, stats in measured.items():
            then = self.before.figures.tables[name]
            stats = replace(stats, rows_become=expected.get(name))
            if stats.above == then.above:
                # The backup may hold rows that came since: the snapshot's own number counts.
                stats = replace(stats, counted=then.counted, newer=then.newer)
            measured[name] = stats
        return measured

    def _measure_specs(self, specs: Sequence[TableSpec]) -> dict[str, TableStats]:
        connections = self.context.migrations.connections
        return dict(measure_in_session(self.session, specs, connections=connections).tables)


def _is_equal(then: TableStats, now: TableStats) -> bool:
    assert then.sums is not None  # both were looked at before
    assert now.sums is not None
    old, new = then.sums, now.sums
    return (old.rows, old.keys, old.content) == (new.rows, new.keys, new.content)
