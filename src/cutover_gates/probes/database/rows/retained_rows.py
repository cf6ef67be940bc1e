"""The rows of the snapshot that are still there, under their keys, with whatever content."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.table_stats import RowSums, TableStats
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.new_rows_record import describe_moments
from cutover_gates.probes.database.rows.snapshot_scan import (
    DatabaseScan,
    ExpectedState,
    is_content_compared,
)
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.model import Snapshot


def compare_retained_rows(
    context: DatabaseContext, before: Snapshot, scan: DatabaseScan
) -> Assessment:
    """Compare the keys of every table with those of the snapshot.

    In a table where rows come and go, only rows up to the mark of the column that grows count.
    """
    comparison = _RetainedComparison(context, before, scan)
    for name, then in sorted(before.figures.tables.items()):
        comparison.compare_table(name, then)
    if not before.holds_contents:
        comparison.builder.add_gap(snapshot_rules.ROWS_EXIST, before.label, "it holds no row")
    return comparison.builder.build("Every row of the snapshot is still there")


class _RetainedComparison:
    """One comparison of all tables; `builder` collects what it finds."""

    def __init__(self, context: DatabaseContext, before: Snapshot, scan: DatabaseScan) -> None:
        self.context, self.before, self.scan = context, before, scan
        self.left_out: dict[str, str] = {}
        self.builder = AssessmentBuilder(
            figures={
                "left_out": self.left_out,
                "rows that came after the snapshot": scan.count_new_rows(context),
                "rows of people since the snapshot, by gate": describe_moments(before),
            }
        )

    def compare_table(self, name: str, then: TableStats) -> None:
        """Compare one table of the snapshot, given as `schema.name`."""
        shown, now = self.context.display_name(name), self.scan.figures.tables.get(name)
        if self._is_left_out(name):
            return
        if now is None:
            self.builder.add_finding(
                rules.TABLE_KEPT,
                shown,
                expected=f"{then.counted} rows",
                actual=self.scan.failed.get(name, "no such table"),
            )
        elif then.sums is None:
            reason = self.before.missing_reason(name)
            self.builder.add_gap(snapshot_rules.TABLES_MEASURED, shown, reason)
        elif now.sums is None:
            reason = self.scan.figures.unproven.get(name, "its columns are not the snapshot's")
            self.builder.add_gap(rules.ROWS_READABLE, shown, reason)
        else:
            self._compare_sums(shown, then.sums, now.sums, then.key, now.key)

    def _is_left_out(self, name: str) -> bool:
        change, shown = self.context.declared_change(name), self.context.display_name(name)
        if name in self.scan.found:
            self.left_out[shown] = f"found whole in {self.scan.found[name]} by the replay"
        elif change.is_given_up:
            self.left_out[shown] = change.reason or "dropped"
        elif not is_content_compared(self.context, name, ExpectedState.MIGRATED):
            self.left_out[shown] = change.reason or "the migration history"
        return shown in self.left_out

    def _compare_sums(
        self,
        shown: str,
        then: RowSums,
        now: RowSums,
        then_key: tuple[str, ...],
        now_key: tuple[str, ...],
    ) -> None:
        """Compare the rows. Where rows came, or have no key, equal numbers prove nothing."""
        if now.rows < then.rows:
            self.builder.add_finding(
                rules.ROWS_RETAINED,
                shown,
                expected=f"{then.rows} rows of {self.before.label}",
                actual=f"{now.rows} rows",
            )
        elif now.rows > then.rows:
            reason = f"{now.rows - then.rows} rows more than in the snapshot may hide lost ones"
            self.builder.add_gap(rules.OLD_ROWS_DISTINCT, shown, reason)
        elif then_key and then_key == now_key and then.keys != now.keys:
            self.builder.add_finding(
                rules.KEYS, shown, expected=f"the keys of {self.before.label}", actual="other keys"
            )
        elif not then_key and then.expected != now.content:
            reason = "it has no primary key, and its content changed"
            self.builder.add_gap(rules.OLD_ROWS_DISTINCT, shown, reason)
        else:
            self.builder.checked.append(shown)
