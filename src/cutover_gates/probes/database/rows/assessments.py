"""The questions of the gates about the rows of a target's database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database import identity
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.lock_holders import describe_read_error
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_specs import read_tables
from cutover_gates.probes.database.outside_tables import rules as outside_rules
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.departures import account_for_departures
from cutover_gates.probes.database.rows.expected_tables import add_replay, load_expected_snapshot
from cutover_gates.probes.database.rows.retained_rows import compare_retained_rows
from cutover_gates.probes.database.rows.row_comparison import (
    compare_contents,
    compare_restored_contents,
)
from cutover_gates.probes.database.rows.row_counts import (
    LOCATED,
    add_place,
    compare_counts,
    count_surplus_rows,
)
from cutover_gates.probes.database.rows.rows_since_snapshot import (
    list_writes_since_snapshot,
    record_new_rows,
)
from cutover_gates.probes.database.rows.snapshot_scan import (
    DatabaseScan,
    ExpectedState,
    scan_database,
)
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.selection import (
    find_newest_snapshot,
    require_comparable_hashes,
)
from cutover_gates.probes.database.snapshot.store import load_snapshot


def _not_proven_on_database_error(
    question: Callable[[RowAssessments], Assessment],
) -> Callable[[RowAssessments], Assessment]:
    """Wrap a question: an error of the database, such as a lock timeout, becomes `NotProven`."""

    @wraps(question)
    def answer(rows: RowAssessments) -> Assessment:
        try:
            return question(rows)
        except psycopg.Error as error:
            reason = describe_read_error(error)
            raise gap_error(rules.ROWS_READABLE, rows.context.target, reason) from None

    return answer


class RowAssessments:
    """Counts and contents of a database, read once at one moment, against the newest snapshot."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def take_snapshot_once(self) -> Path:
        """Take the snapshot of this run, where none of it is there, and return its file."""
        taken = self.context.compute_once(
            "rows-taken", lambda: {"path": str(take_snapshot(self.context).path)}
        )
        return Path(taken["path"])

    @_not_proven_on_database_error
    def assess_snapshot_capture(self) -> Assessment:
        """Take a snapshot, read it back, and check that it holds every table in full."""
        before = load_snapshot(self.take_snapshot_once())
        tables, unproven = before.figures.tables, before.figures.unproven
        builder = AssessmentBuilder(figures=self._describe_snapshot(before))
        for name in dict.fromkeys((*tables, *self._list_table_names())):
            shown = self.context.display_name(name)
            if name in tables and name not in unproven:
                builder.checked.append(shown)
            else:
                reason = unproven.get(name, "it is not in the snapshot")
                builder.add_gap(snapshot_rules.TABLES_MEASURED, shown, reason)
        for name, reason in (before.outside.unproven if before.outside else {}).items():
            builder.add_gap(outside_rules.RECORDED, self.context.display_name(name), reason)
        if not before.holds_rows:
            builder.add_gap(snapshot_rules.ROWS_EXIST, before.label, "no table holds a row")
        return self._record(builder.build("The snapshot is taken and whole"))

    @_not_proven_on_database_error
    def assess_counts(self) -> Assessment:
        """Check that every table has the rows that it had, or that it is declared to have."""
        applied = load_expected_snapshot(self.context, contents=False)
        before = applied.snapshot
        counts = compare_counts(self.context, before, self._scan_and_record(before))
        return self._record(applied.add_to(self._add_lost_keys(before, counts)))

    @_not_proven_on_database_error
    def assess_contents(self) -> Assessment:
        """Check that the content is what it was, or what it is declared to become."""
        applied = load_expected_snapshot(self.context)
        return self._record(applied.add_to(self._compare_contents_once(applied.snapshot)))

    @_not_proven_on_database_error
    def assess_departures(self) -> Assessment:
        """Check that each dropped table and column says where its content went."""
        applied = load_expected_snapshot(self.context, contents=False)
        departures = account_for_departures(self.context, applied.snapshot)
        return self._record(applied.add_to(departures))

    @_not_proven_on_database_error
    def assess_retained_rows(self) -> Assessment:
        """Check that no row of the snapshot is gone; its content may have changed since."""
        applied = load_expected_snapshot(self.context)
        before = applied.snapshot
        scan = self._scan_and_record(before)
        return self._record(applied.add_to(compare_retained_rows(self.context, before, scan)))

    @_not_proven_on_database_error
    def assess_equality_with_snapshot(self) -> Assessment:
        """Check after a rollback that the database is the one of which the snapshot was taken."""
        before = find_newest_snapshot(self.context, rolled_back=True)
        require_comparable_hashes(self.context, before)
        scan = self._scan_once(before, ExpectedState.RESTORED)
        return self._record(
            compare_restored_contents(self.context, before, scan, self.context.heavy_dsn)
        )

    @_not_proven_on_database_error
    def assess_writes_since_snapshot(self) -> Assessment:
        """List what was acknowledged since the snapshot, which a restore of it loses."""
        before = find_newest_snapshot(self.context, rolled_back=True)
        return self._record(
            list_writes_since_snapshot(self.context, before, self.context.heavy_dsn)
        )

    def list_unbroken_conditions(self) -> Mapping[str, Sequence[str]]:
        """Return the conditions that the comparison of contents has seen to be met by no row."""
        try:
            before = load_expected_snapshot(self.context, contents=False).snapshot
            return self._scan_once(before, ExpectedState.MIGRATED).unbroken
        except (NotProven, DatabaseUnreachable, SettingsError, psycopg.Error):
            return {}

    def _record(self, assessment: Assessment) -> Assessment:
        return self.context.record_assessment(assessment)

    def _compare_contents_once(self, before: Snapshot) -> Assessment:
        # Looking up the keys that differ may restore the backup, and the counts show them, too.
        plain = self.context.compute_once(
            "rows-contents", lambda: self._compare_contents(before).to_plain()
        )
        return Assessment.from_plain(plain)

    def _compare_contents(self, before: Snapshot) -> Assessment:
        scan = self._scan_once(before, ExpectedState.MIGRATED)
        dsn = self.context.heavy_dsn
        return compare_contents(self.context, before, scan, dsn, ExpectedState.MIGRATED)

    def _add_lost_keys(self, before: Snapshot, counts: Assessment) -> Assessment:
        """Return the counts with the keys that were lost, where a table has other rows."""
        if all(finding.rule != rules.ROW_COUNT for finding in counts.findings):
            return counts
        try:
            require_comparable_hashes(self.context, before)
            contents = self._compare_contents_once(before).findings
        except (NotProven, psycopg.Error):
            return counts
        located = {finding.subject: finding for finding in contents if finding.rule in LOCATED}
        told = tuple(add_place(finding, located) for finding in counts.findings)
        return replace(counts, findings=told)

    def _describe_snapshot(self, before: Snapshot) -> dict[str, Any]:
        tables = before.figures.tables.items()
        return {
            "snapshot": str(before.path and before.path.name),
            "taken": before.taken_at_text,
            "migration": before.migration,
            "rows": {self.context.display_name(name): table.counted for name, table in tables},
            "left_out": dict(before.left_out),
            "seconds": round(before.figures.seconds, 1),
        }

    def _scan_once(self, before: Snapshot, expected: ExpectedState) -> DatabaseScan:
        plain = self.context.compute_once(
            f"rows-{expected}", lambda: self._scan(before, expected).to_plain()
        )
        return add_replay(self.context, DatabaseScan.from_plain(plain), expected)

    def _scan_and_record(self, before: Snapshot) -> DatabaseScan:
        """Scan the migrated database, and record the rows of today for a gate after a restore."""
        scan = self._scan_once(before, ExpectedState.MIGRATED)
        surplus = count_surplus_rows(self.context, before, scan)
        record_new_rows(self.context, before, self.context.heavy_dsn, surplus)
        return scan

    def _scan(self, before: Snapshot, expected: ExpectedState) -> DatabaseScan:
        identity.wait_for_standby(self.context)
        return scan_database(self.context, before, self.context.heavy_dsn, expected)

    def _list_table_names(self) -> list[str]:
        schemas = self.context.migrations.schemas
        with open_consistent_session(
            self.context.heavy_dsn, self.context.budget.ends, schemas
        ) as session:
            return list(read_tables(session.first, schemas)[0])
