"""The content of a database, compared table by table with a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.correction_check import CorrectionResult, check_corrections
from cutover_gates.probes.database.rows.difference_location import locate_rows
from cutover_gates.probes.database.rows.snapshot_scan import (
    DatabaseScan,
    ExpectedState,
    compared_columns,
    is_content_compared,
)
from cutover_gates.probes.database.rows.table_equality import is_equal, list_retyped_columns
from cutover_gates.probes.database.rows.uncompared_rows import (
    BY_REPLAY,
    describe_left_out,
    explain_added_rows,
    explain_changing_rows,
)
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.model import Snapshot

TITLE = "The database holds what it held when the snapshot was taken"


def compare_contents(
    context: DatabaseContext,
    before: Snapshot,
    scan: DatabaseScan,
    dsn: str,
    expected: ExpectedState = ExpectedState.MIGRATED,
) -> Assessment:
    """Compare the content of every table of the snapshot with the database at `dsn`.

    `scan` is the scan of that database. Where tables differ, the differing rows and columns are
    looked up and named.
    """
    comparison = _ContentComparison(context, before, scan, expected)
    for name, then in sorted(before.figures.tables.items()):
        comparison.compare_table(name, then)
    comparison.add_differences(dsn)
    if not before.holds_contents:
        comparison.builder.add_gap(
            snapshot_rules.ROWS_EXIST, before.label, "it holds the content of no row"
        )
    migrated = ", as the migration should leave it"
    suffix = migrated if expected is ExpectedState.MIGRATED else ""
    return comparison.builder.build(f"{TITLE}{suffix}")


def compare_restored_contents(
    context: DatabaseContext, before: Snapshot, scan: DatabaseScan, dsn: str
) -> Assessment:
    """Compare a restored database with the snapshot: it has the same tables with the same rows.

    Rows above a mark are counted, and are no difference.
    """
    assessment = compare_contents(context, before, scan, dsn, ExpectedState.RESTORED)
    new_tables = [name for name in scan.columns if name not in before.figures.tables]
    left_behind = [
        Finding(
            rules.NO_TABLE_LEFT_BEHIND,
            context.display_name(name),
            expected=f"the tables of {before.label}",
            actual="another table",
        )
        for name in new_tables
    ]
    newer = scan.count_new_rows(context)
    return replace(
        assessment,
        findings=(*assessment.findings, *left_behind),
        figures={**assessment.figures, "rows that came after the snapshot": newer},
    )


@dataclass
class _ContentComparison:
    """One comparison of all tables; `builder` collects what it finds.

    `differing`: the findings of tables whose rows differ, to be completed with the place.
    """

    context: DatabaseContext
    before: Snapshot
    scan: DatabaseScan
    expected: ExpectedState
    builder: AssessmentBuilder = field(default_factory=AssessmentBuilder)
    left_out: dict[str, str] = field(default_factory=dict)
    new_columns: dict[str, list[str]] = field(default_factory=dict)
    differing: dict[str, Finding] = field(default_factory=dict)

    def compare_table(self, name: str, then: TableStats) -> None:
        """Compare one table of the snapshot, given as `schema.name`."""
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        is_dropped = self.expected is ExpectedState.MIGRATED and change.is_given_up
        if is_dropped or not is_content_compared(self.context, name, self.expected):
            self.left_out[shown] = describe_left_out(change, is_dropped=is_dropped)
        elif name not in self.scan.figures.tables and name in self.scan.found:
            self.left_out[shown] = f"found whole in {self.scan.found[name]} by the replay"
        elif name not in self.scan.figures.tables:
            actual = self.scan.failed.get(name, "no such table")
            self.builder.add_finding(
                rules.TABLE_KEPT, shown, expected=f"{then.counted} rows", actual=actual
            )
        elif self._has_compared_columns(name, then):
            self._compare_sums(name, then, self.scan.figures.tables[name])

    def _has_compared_columns(self, name: str, then: TableStats) -> bool:
        """Return whether the columns can be compared; add what is in the way otherwise."""
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        wanted, columns = compared_columns(then, self.expected), self.scan.columns[name]
        ignored = self._list_ignored(name, then, change)
        if new_columns := sorted(columns.keys() - wanted - set(ignored)):
            self.new_columns[shown] = new_columns
        if lost := sorted({*wanted, *ignored} - columns.keys()):
            self._add_lost_columns(shown, lost, change)
        elif then.sums is None:
            reason = self.before.missing_reason(name)
            self.builder.add_gap(snapshot_rules.TABLES_MEASURED, shown, reason)
        elif then.above and then.above not in columns:
            self.builder.add_finding(
                rules.GROWING_COLUMN_PRESENT, f"{shown}.{then.above}", actual="no such column"
            )
        elif self.scan.figures.tables[name].sums is None:
            self.builder.add_gap(rules.ROWS_READABLE, shown, self.scan.missing_reason(name))
        else:
            return True
        return False

    def _list_ignored(self, name: str, then: TableStats, change: TableChange) -> list[str]:
        """Return the columns of the snapshot that are declared to stay and are not compared."""
        if self.expected is ExpectedState.RESTORED:
            return []
        ignored = [column for column in change.ignores if column in then.columns]
        if ignored:
            reason = f"{', '.join(ignored)} not compared: {change.reason}"
            self.left_out[self.context.display_name(name)] = reason
        return ignored

    def _add_lost_columns(self, shown: str, lost: Sequence[str], change: TableChange) -> None:
        declared = [name for name in lost if name in change.becomes]
        for name in declared or lost:
            rule = rules.DECLARED_COLUMN_PRESENT if declared else rules.COLUMN_KEPT
            self.builder.add_finding(rule, f"{shown}.{name}", actual="no such column")

    def _compare_sums(self, name: str, then: TableStats, now: TableStats) -> None:
        assert then.sums is not None  # `_has_compared_columns` has checked both
        assert now.sums is not None
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        is_migrated, has_mark = self.expected is ExpectedState.MIGRATED, then.above is not None
        is_replayed = is_migrated and name in self.scan.replayed_whole
        added = explain_added_rows(change, has_mark=has_mark) if is_migrated else None
        changing = explain_changing_rows(change, has_mark=has_mark) if is_migrated else None
        if is_replayed and not has_mark:
            self.left_out[shown] = BY_REPLAY
        elif is_equal(then, now, self.expected) and added and not is_replayed:
            self.builder.add_gap(rules.OLD_ROWS_DISTINCT, shown, added)
        elif is_equal(then, now, self.expected):
            self.builder.checked.append(shown)
        elif changing:
            self.builder.add_gap(rules.OLD_ROWS_DISTINCT, shown, changing)
        else:
            self.differing[name] = self._describe_difference(shown, then, now)

    def _describe_difference(self, shown: str, then: TableStats, now: TableStats) -> Finding:
        """Return the finding for a table whose sums differ, as far as the sums tell."""
        assert then.sums is not None  # `_has_compared_columns` has checked both
        assert now.sums is not None
        which = "old rows" if then.above else "rows"
        wanted = f"{then.sums.rows} {which} as in {self.before.label}"
        actual = f"{now.sums.rows} {which}"
        if now.sums.rows != then.sums.rows:
            rule = rules.ROW_COUNT
        elif then.key and then.key == now.key and now.sums.keys != then.sums.keys:
            rule, actual = rules.KEYS, f"{actual} under other keys"
        else:
            rule, actual = rules.CONTENT, f"{actual} with other content"
        retyped = list_retyped_columns(compared_columns(then, self.expected), now.columns)
        return Finding(rule, shown, wanted, "; ".join([actual, *retyped]))

    def add_differences(self, dsn: str) -> None:
        """Add the findings of the differing tables, each with the rows and columns that differ."""
        corrections = self._set_corrections_apart(dsn)
        # After all tables were compared: a lookup may restore a backup, once for all of them.
        location = locate_rows(self.context, self.before, dsn, list(self.differing), self.expected)
        for name, finding in self.differing.items():
            actual = "; ".join([finding.actual, *location.places.get(name, ())])
            self.builder.findings.append(replace(finding, actual=actual))
        self.builder.figures = {
            "left_out": {**self.scan.left_out, **self.left_out},
            "columns that came and were not compared": self.new_columns,
            "rows that people corrected since the snapshot": corrections.corrected,
            **location.figures,
        }

    def _set_corrections_apart(self, dsn: str) -> CorrectionResult:
        """Take away the findings of tables in which people corrected the rows that differ."""
        if self.expected is ExpectedState.RESTORED:
            return CorrectionResult()
        changed = [name for name, one in self.differing.items() if one.rule == rules.CONTENT]
        result = check_corrections(self.context, self.before, dsn, changed)
        for name in changed:
            if self.context.display_name(name) in result.corrected:
                del self.differing[name]
                self.builder.checked.append(self.context.display_name(name))
            elif reason := result.unexplained.get(name):
                finding = self.differing[name]
                self.differing[name] = replace(finding, actual=f"{finding.actual}; {reason}")
        return result
