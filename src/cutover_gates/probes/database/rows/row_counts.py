"""The number of rows of each table, compared with the snapshot and the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import qualified_history_name
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.snapshot_scan import DatabaseScan
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.model import Snapshot

LOCATED = (rules.ROW_COUNT, rules.KEYS)
"""Rules of the comparison of contents whose findings name keys."""
TITLE = "Every table has the rows that it should have"


def compare_counts(context: DatabaseContext, before: Snapshot, scan: DatabaseScan) -> Assessment:
    """Compare each table of the snapshot and of the database with what is declared of it."""
    comparison = _CountComparison(context, before, scan)
    for name in sorted({*before.figures.tables, *scan.columns}):
        comparison.compare_table(name)
    comparison.check_declarations()
    if not before.holds_rows:
        comparison.builder.add_gap(snapshot_rules.ROWS_EXIST, before.label, "all tables were empty")
    return comparison.builder.build(TITLE)


class _CountComparison:
    """One comparison of all tables; `builder` collects what it finds."""

    def __init__(self, context: DatabaseContext, before: Snapshot, scan: DatabaseScan) -> None:
        self.context, self.before, self.scan = context, before, scan
        self.tables: dict[str, object] = {}
        figures = {"tables": self.tables, "left_out": dict(scan.left_out)}
        self.builder = AssessmentBuilder(figures=figures)

    def compare_table(self, name: str) -> None:
        """Compare one table, given as `schema.name`."""
        then, now = self.before.figures.tables.get(name), self.scan.figures.tables.get(name)
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        if then is None or now is None:
            self._check_existence(name, then)
        elif change.rows == "dropped" and name not in self.scan.moved:
            self.builder.add_finding(
                rules.DROPPED_TABLE_GONE, shown, expected="no table", actual="the table exists"
            )
        elif change.rows == "new" and not change.from_query:
            actual = f"the table is in {self.before.label}"
            self.builder.add_finding(rules.NEW_TABLE_IS_NEW, shown, actual=actual)
        elif then.counted is None or now.counted is None:
            self._add_missing_count(name)
            return
        else:
            self._compare_counted(name, then, now)
        self.builder.checked.append(shown)

    def _check_existence(self, name: str, then: TableStats | None) -> None:
        """Add a finding where a table came or went that is not declared to."""
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        if then is None and change.rows != "any" and not self._is_expected(name):
            self.builder.add_finding(
                rules.TABLE_DECLARED,
                shown,
                expected=f"the tables of {self.before.label}",
                actual="a new table",
            )
        elif then is not None and name in self.scan.found:
            self.tables[shown] = {
                "found whole in": self.context.display_name(self.scan.found[name])
            }
        elif then is not None and (change.rows != "dropped" or change.kept_as):
            self.builder.add_finding(
                rules.TABLE_KEPT,
                shown,
                expected=f"{then.counted} rows",
                actual=self.scan.failed.get(name, "no such table"),
            )

    def _is_expected(self, name: str) -> bool:
        """Return whether a new table is declared, or made by the replay, which is compared."""
        return self.context.declared_change(name).is_new or name in self.scan.replayed

    def _compare_counted(self, name: str, then: TableStats, now: TableStats) -> None:
        shown, change = self.context.display_name(name), self.context.declared_change(name)
        # The migration history grows by every script that runs.
        if change.rows != "any" and name != qualified_history_name(self.context):
            self._check_old_rows(shown, change, then, now)
            self._check_new_rows(shown, change, now)
        self.tables[shown] = {
            "then": then.counted,
            "now": now.counted,
            "since": now.newer if now.above else None,
            "declared": change.rows,
        }

    def _check_old_rows(
        self, shown: str, change: TableChange, then: TableStats, now: TableStats
    ) -> None:
        least, most = expected_range(change, then)
        # A range of its own is meant for the whole table, every other one for the old rows.
        is_whole_range = ".." in change.rows
        rows = (now.counted if is_whole_range else now.old_row_count) or 0
        if least <= rows <= most:
            return
        wanted = str(least) if least == most else f"{least} to {most}"
        newer = f", beside {now.newer} that came since" if now.above else ""
        self.builder.add_finding(
            rules.ROW_COUNT,
            shown,
            expected=f"{wanted} rows ({_describe_declaration(change, self.before)})",
            actual=f"{rows} rows{newer}",
        )

    def _check_new_rows(self, shown: str, change: TableChange, now: TableStats) -> None:
        """Add a finding where a table that grows got fewer new rows than it is declared to get."""
        if change.grows_above and change.rows.startswith("+") and now.newer < int(change.rows):
            self.builder.add_finding(
                rules.ROW_COUNT,
                shown,
                expected=f"at least {int(change.rows)} new rows (declared {change.rows})",
                actual=f"{now.newer} new rows",
            )

    def _add_missing_count(self, name: str) -> None:
        shown = self.context.display_name(name)
        if self.scan.figures.tables[name].counted is None:
            self.builder.add_gap(rules.ROWS_READABLE, shown, self.scan.missing_reason(name))
        else:
            reason = f"not counted in {self.before.label}: {self.before.missing_reason(name)}"
            self.builder.add_gap(snapshot_rules.TABLES_MEASURED, shown, reason)

    def check_declarations(self) -> None:
        """Add a finding for each declaration of a table that neither snapshot nor database has.

        It is a table that the release should have brought, or a name that is misspelt.
        """
        known = {*self.before.figures.tables, *self.before.left_out}
        known |= {*self.scan.columns, *self.scan.left_out, *self.scan.moved.values()}
        names = known | {self.context.display_name(name) for name in known}
        for name, change in self.context.migrations.tables.items():
            if name in names:
                continue
            if change.rows == "new":
                self.builder.add_finding(
                    rules.NEW_TABLE_PRESENT, name, expected="a new table", actual="no such table"
                )
            else:
                actual = f"no such table.{suggest_nearest(name, names)}".removesuffix(".")
                self.builder.add_finding(rules.DECLARED_TABLE_KNOWN, name, actual=actual)


def expected_range(change: TableChange, then: TableStats) -> tuple[int, int]:
    """Return the fewest and the most rows that a table may have.

    Where the table grows they hold for the rows up to the mark: what `+5` adds stands above it.
    """
    was, rows = then.old_row_count or 0, change.rows
    if then.rows_become is not None:
        return then.rows_become, then.rows_become
    if ".." in rows:
        least, most = rows.split("..")
        return int(least), int(most)
    if rows.startswith("±"):
        return was - int(rows[1:]), was + int(rows[1:])
    if rows.startswith("-") or (rows.startswith("+") and not change.grows_above):
        return was + int(rows), was + int(rows)
    return was, was


def count_surplus_rows(
    context: DatabaseContext, before: Snapshot, scan: DatabaseScan
) -> dict[str, int]:
    """Return how many rows more than declared each table has in which no column tells new rows."""
    surplus = {}
    for name, then in before.figures.tables.items():
        now, change = scan.figures.tables.get(name), context.declared_change(name)
        is_open = change.rows == "any" or name == qualified_history_name(context)
        if now is None or now.counted is None or then.counted is None or then.above or is_open:
            continue
        if (number := now.counted - expected_range(change, then)[1]) > 0:
            surplus[context.display_name(name)] = number
    return surplus


def _describe_declaration(change: TableChange, before: Snapshot) -> str:
    if change.rows_become:
        return "rows_become on the old database"
    if change.rows == "unchanged" or change.kept_as or change.from_query:
        source = "what from gives in " if change.from_query else "as in "
        return f"{source}{before.label}"
    return f"declared {change.rows}"


def add_place(finding: Finding, located: Mapping[str, Finding]) -> Finding:
    """Return the finding with the keys that the comparison of contents named for its table."""
    place = located[finding.subject].actual if finding.subject in located else ""
    _, _, keys = place.partition("; ")
    is_told = finding.rule == rules.ROW_COUNT and keys
    return replace(finding, actual=f"{finding.actual}; {keys}") if is_told else finding
