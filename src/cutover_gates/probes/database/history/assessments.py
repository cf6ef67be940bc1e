"""The questions to a database's history of migrations; each method answers one."""

from __future__ import annotations

from collections.abc import Callable

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotProven
from cutover_gates.core.findings import Rule, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.alembic_history import AlembicHistory
from cutover_gates.probes.database.history.django_history import DjangoHistory
from cutover_gates.probes.database.history.flyway_history import FlywayHistory
from cutover_gates.probes.database.history.history_record import (
    HistoryRecord,
    MigrationHistory,
    find_history_changes,
    find_rank_gaps,
)
from cutover_gates.probes.database.history.history_table import HistoryTableNotFound
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

_HISTORY_TYPES: dict[str, Callable[[DatabaseContext], MigrationHistory]] = {
    "flyway": FlywayHistory,
    "alembic": AlembicHistory,
    "django": DjangoHistory,
}
_HISTORY = "the history"


class HistoryAssessments:
    """The history of `migrations.tool`, compared with the scripts in `migrations.locations`.

    Every method raises `NotProven` where there are no scripts to compare with.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context
        self._history = _HISTORY_TYPES[context.migrations.tool](context)

    def assess_completeness(self) -> Assessment:
        """Check that every script of the release is applied with success, and nothing else."""
        return self._record_assessment(rules.MIGRATIONS_APPLIED, self._history.check_completeness)

    def assess_file_changes(self) -> Assessment:
        """Compare what was applied with the files, and files and history with the snapshot."""
        return self._record_assessment(
            rules.FILES_UNCHANGED,
            lambda: self._add_snapshot_changes(self._history.check_file_changes()),
        )

    def assess_order(self) -> Assessment:
        """Check that migrations were applied in the tested order, and that no row was removed."""
        return self._record_assessment(
            rules.APPLIED_IN_ORDER, lambda: self._add_rank_gaps(self._history.check_order())
        )

    def _record_assessment(self, rule: Rule, check: Callable[[], AssessmentBuilder]) -> Assessment:
        try:
            builder = check()
        except HistoryTableNotFound as error:
            builder = AssessmentBuilder()
            builder.add_finding(rules.HISTORY_TABLE, error.table, actual="no such table")
        return self.context.record_assessment(builder.build(rule.title))

    def _add_rank_gaps(self, builder: AssessmentBuilder) -> AssessmentBuilder:
        # Without a snapshot every gap counts as new.
        try:
            old = find_rank_gaps(_load_snapshot_history(self.context))
        except NotProven:
            old = set()
        # A gap that the snapshot had is older than this migration: nobody can fill it any more.
        for rank in sorted(find_rank_gaps(self._history.capture()) - old):
            builder.add_finding(
                rules.HISTORY_UNTOUCHED, f"row {rank}", expected="a row", actual="none"
            )
        builder.figures["older holes"] = sorted(old)
        return builder

    def _add_snapshot_changes(self, builder: AssessmentBuilder) -> AssessmentBuilder:
        now = self._history.capture()
        # The gate of another target recognizes these very scripts by their digests.
        builder.figures["scripts"] = {name: digest.sha256 for name, digest in now.files.items()}
        try:
            before = _load_snapshot_history(self.context)
        except NotProven as error:
            # Without it a change that the tool's own checksum does not show cannot be seen.
            builder.add_gap(rules.RECORDED_FILES, _HISTORY, error.reason)
            return builder
        builder.checked = list(dict.fromkeys((*builder.checked, *now.files)))
        builder.findings += find_history_changes(before, now)
        return builder


def capture_history(context: DatabaseContext) -> HistoryRecord:
    """Return what a snapshot keeps of the history.

    That is each script's SHA-256 and checksum, and the table's lines; none in a database without a
    history. Raises `NotProven` where scripts or table cannot be read.
    """
    return _HISTORY_TYPES[context.migrations.tool](context).capture()


def _load_snapshot_history(context: DatabaseContext) -> HistoryRecord:
    """Return the history in the snapshot before this migration. Raises `NotProven` without one."""
    snapshot = find_newest_snapshot(context)
    if snapshot.history is None:
        raise gap_error(rules.RECORDED_FILES, snapshot.label, "it holds no history")
    return snapshot.history
