"""The questions to a database's history of migrations; each method answers one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotProven
from cutover_gates.core.findings import Rule, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.alembic_history import AlembicHistory
from cutover_gates.probes.database.history.django_history import DjangoHistory
from cutover_gates.probes.database.history.expected_history import index_lines
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_history import FlywayHistory
from cutover_gates.probes.database.history.flyway_rows import MigrationState
from cutover_gates.probes.database.history.history_record import (
    HistoryRecord,
    MigrationHistory,
    find_history_changes,
    find_rank_gaps,
)
from cutover_gates.probes.database.history.history_table import (
    HistoryTableNotFound,
    read_tool_lines,
)
from cutover_gates.probes.database.history.history_tools import CUSTOM, TOOLS
from cutover_gates.probes.database.history.point_of_no_return import (
    check_contraction,
    find_applied_beyond,
)
from cutover_gates.probes.database.history.recorded_history import RecordedHistory
from cutover_gates.probes.database.history.scripts_of_night import POINT_SETTING, read_point
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
        self._history = create_history(context)

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

    def assess_point_of_no_return(self) -> Assessment:
        """Check that no script above the point of no return is applied."""
        return self._record_assessment(
            rules.POINT_NOT_PASSED, lambda: self._ask_beyond(find_applied_beyond)
        )

    def assess_contraction(self) -> Assessment:
        """Check that what is applied above the point of no return succeeded, unaltered."""
        return self._record_assessment(
            rules.FILES_UNCHANGED, lambda: self._ask_beyond(check_contraction)
        )

    def _ask_beyond(
        self, question: Callable[[list[MigrationState], Version | None], AssessmentBuilder]
    ) -> AssessmentBuilder:
        """Ask what stands above the point. Without one every script belongs to the night."""
        builder, point = AssessmentBuilder(), read_point(self.context.migrations)
        if point is not None and isinstance(self._history, FlywayHistory):
            builder = question(self._history.states, point)
        builder.checked.append(POINT_SETTING)
        builder.figures[POINT_SETTING] = str(point or "none")
        return builder

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
        builder.figures["history"] = self._read_lines()
        # The gate of another target recognizes these very scripts by their digests.
        builder.figures["scripts"] = {name: digest.sha256 for name, digest in now.files.items()}
        try:
            before = _load_snapshot_history(self.context)
        except NotProven as error:
            # Without it a change that the tool's own checksum does not show cannot be seen.
            builder.add_gap(rules.RECORDED_FILES, _HISTORY, error.reason)
            return builder
        builder.checked = list(dict.fromkeys((*builder.checked, *now.files)))
        if now.files and not before.files:
            builder.add_gap(rules.RECORDED_FILES, _HISTORY, "the snapshot recorded no file")
            before = replace(before, files=now.files)
        if not self._is_kept(before, now):
            before, now = replace(before, lines=[]), replace(now, lines=[])
        builder.findings += find_history_changes(before, now, self.context.migrations.tool)
        return builder

    def _read_lines(self) -> dict[str, Mapping[str, Any]]:
        """Return the lines by migration, which the gate of another target may compare with."""
        try:
            with self.context.connect() as connection:
                return index_lines(read_tool_lines(self.context, connection))
        except (HistoryTableNotFound, NotProven):
            return {}

    def _is_kept(self, before: HistoryRecord, now: HistoryRecord) -> bool:
        """Return whether the lines stay: else a new one takes the place of the old one."""
        tool = self.context.migrations.tool
        if tool == CUSTOM:
            return min(len(before.lines), len(now.lines)) > 1
        return TOOLS[tool].is_kept


def create_history(context: DatabaseContext) -> MigrationHistory:
    """Return the reader of the history: by its files where the tool's are known and named."""
    reader = _HISTORY_TYPES.get(context.migrations.tool)
    if reader is None or not context.migrations.locations:
        return RecordedHistory(context)
    return reader(context)


def capture_history(context: DatabaseContext) -> HistoryRecord | None:
    """Return what a snapshot keeps of the history.

    That is each script's SHA-256 and checksum, and the table's lines; none in a database without a
    history. What cannot be read is left out: the rows of the database are recorded all the same.
    """
    try:
        return create_history(context).capture()
    except NotProven:
        return _capture_lines(context)


def _capture_lines(context: DatabaseContext) -> HistoryRecord | None:
    """Return the lines alone; None where they cannot be read either."""
    without_files = replace(
        context, migrations=context.migrations.model_copy(update={"locations": ()})
    )
    try:
        return RecordedHistory(without_files).capture()
    except NotProven:
        return None


def _load_snapshot_history(context: DatabaseContext) -> HistoryRecord:
    """Return the history in the snapshot before this migration. Raises `NotProven` without one."""
    snapshot = find_newest_snapshot(context)
    if snapshot.history is None:
        raise gap_error(rules.RECORDED_FILES, snapshot.label, "it holds no history")
    return snapshot.history
