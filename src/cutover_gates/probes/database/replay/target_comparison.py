"""The target, compared with what the replay made of the backup."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.column_pass import sum_columns
from cutover_gates.probes.database.measurement.column_sums import (
    describe_columns,
    find_differing_columns,
)
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
    read_tables,
)
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, TableStats
from cutover_gates.probes.database.replay import rules
from cutover_gates.probes.database.replay.replay_record import ReplayedTable, ReplayRecord


def compare_target(
    context: DatabaseContext, record: ReplayRecord, builder: AssessmentBuilder
) -> None:
    """Compare each table that came or got columns. Raise `DatabaseUnreachable`."""
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    with open_consistent_session(context.heavy_dsn, ends, schemas) as session:
        _TargetComparison(context, record, session, builder).compare_all()


class _TargetComparison:
    """One comparison of all tables of a record; `builder` collects what it finds."""

    def __init__(
        self,
        context: DatabaseContext,
        record: ReplayRecord,
        session: ConsistentSession,
        builder: AssessmentBuilder,
    ) -> None:
        self.context, self.record = context, record
        self.session, self.builder = session, builder
        self.apart: dict[str, int] = {}
        self.left_out: dict[str, str] = {}
        self.specs: dict[str, TableSpec] = {}
        builder.figures |= {
            "rows that came since": self.apart,
            "left out": self.left_out,
        }

    def compare_all(self) -> None:
        """Compare each table of the record."""
        tables, _ = read_tables(self.session.first, self.context.migrations.schemas)
        for name, replayed in self.record.tables.items():
            self._prepare(name, replayed, tables)
        figures = measure_in_session(
            self.session,
            list(self.specs.values()),
            connections=self.context.migrations.connections,
        )
        for name in self.specs:
            self._compare_table(name, self.record.tables[name], figures)

    def _prepare(
        self, name: str, replayed: ReplayedTable, tables: Mapping[str, MeasuredTable]
    ) -> None:
        """Choose what is measured of a table, or say why it cannot be compared."""
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        if "any" in (change.content, change.rows):
            self.left_out[shown] = change.reason or "declared as any"
        elif replayed.cannot:
            if not change.from_query:
                self.builder.add_gap(rules.DETERMINED, shown, replayed.cannot)
        elif name not in tables:
            if replayed.is_new:
                self._add_missing(shown, f"{replayed.figures.counted} rows", "no such table")
        elif missing := sorted(replayed.figures.columns.keys() - tables[name].columns.keys()):
            for column in missing:
                self._add_missing(f"{shown}.{column}", "a column", "no such column")
        else:
            self.specs[name] = _build_target_spec(self.session.first, tables[name], replayed)
            self._check_unstable(shown, replayed, change)

    def _add_missing(self, subject: str, expected: str, actual: str) -> None:
        self.builder.add_finding(rules.SAME_RESULT, subject, expected=expected, actual=actual)

    def _check_unstable(self, shown: str, replayed: ReplayedTable, change: TableChange) -> None:
        allowed = self.context.migrations.replay.undetermined
        for column in replayed.unstable:
            subject = f"{shown}.{column}"
            # A declared query is compared as a whole table by itself.
            if change.from_query or change.was or column in change.becomes:
                self.left_out[subject] = "compared as it is declared"
            elif subject in allowed:
                self.left_out[subject] = allowed[subject]
            else:
                reason = "two replays of the scripts gave it other values"
                self.builder.add_gap(rules.DETERMINED, subject, reason)

    def _compare_table(self, name: str, replayed: ReplayedTable, figures: DatabaseStats) -> None:
        shown, then, now = self.context.display_name(name), replayed.figures, figures.tables[name]
        if then.sums is None or now.sums is None:
            reason = figures.unproven.get(name, "the reason was not recorded")
            self.builder.add_gap(rules.RESULT_READABLE, shown, reason)
            return
        if now.newer:
            self.apart[shown] = now.newer
        if (then.sums.rows, then.sums.content) == (now.sums.rows, now.sums.content):
            self.builder.checked.append(shown)
        elif not replayed.is_new and not self._has_same_old_rows(then, now):
            reason = "its old columns are not those of the backup, so rows changed since"
            self.builder.add_gap(rules.WORK_SET_APART, shown, reason)
        elif replayed.is_whole and then.above:
            reason = "its rows are not those of the replay, and some may have come with the work"
            self.builder.add_gap(rules.WORK_SET_APART, shown, reason)
        elif replayed.reads and not self._is_declared(shown):
            reason = (
                f"it is another than in the replay, and {replayed.reads}, which is another there:"
                " name the column that gets it"
            )
            self.builder.add_gap(rules.DETERMINED, shown, reason)
        else:
            which = "rows up to the mark" if then.above else "rows"
            self.builder.add_finding(
                rules.SAME_RESULT,
                shown,
                expected=f"{then.sums.rows} {which} as in {self.record.label}",
                actual=f"{now.sums.rows} {which}; {self._describe_columns(name, then)}",
            )

    def _is_declared(self, shown: str) -> bool:
        """Return whether a column of a table is declared as undetermined: it is in no sum."""
        allowed = self.context.migrations.replay.undetermined
        return any(subject.startswith(f"{shown}.") for subject in allowed)

    def _has_same_old_rows(self, then: TableStats, now: TableStats) -> bool:
        assert then.sums is not None  # the caller has checked both
        assert now.sums is not None
        if then.expected_columns is None:
            return True
        return (then.sums.rows, then.sums.expected) == (now.sums.rows, now.sums.expected)

    def _describe_columns(self, name: str, then: TableStats) -> str:
        """Return the columns that differ, with about the number of their keys."""
        other = "other content"
        if then.column_sums is None:
            return other
        groups = {name: len(then.column_sums.keys)}
        sums = sum_columns(self.session, [self.session.first], [self.specs[name]], groups=groups)
        if name not in sums:
            return other
        return describe_columns(find_differing_columns(then.column_sums, sums[name])) or other


def _build_target_spec(
    connection: TupleConnection, table: MeasuredTable, replayed: ReplayedTable
) -> TableSpec:
    """Return what is measured of a table of the target to compare it with the replay's."""
    then = replayed.figures
    columns = read_columns(connection, table, then.columns)
    spec = TableSpec(table, columns, then.key, cannot=table.cannot)
    if then.above in table.columns:
        spec = replace(spec, above=then.above, mark=then.mark)
    wanted = then.expected_columns
    if wanted is None or not wanted.keys() <= table.columns.keys():
        return spec
    expected = read_columns(connection, table, wanted)
    return replace(spec, expected=expected, expected_key=then.key)
