"""The questions of the gates about the replay."""

from __future__ import annotations

import psycopg

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.script_execution import ScriptFailed
from cutover_gates.probes.database.replay import rules
from cutover_gates.probes.database.replay.replay_record import (
    ReplayRecord,
    find_newest_record,
    save_record,
)
from cutover_gates.probes.database.replay.replay_run import replay_scripts
from cutover_gates.probes.database.replay.target_comparison import compare_target
from cutover_gates.util.text import first_error_line

DECLARATIONS = "the declarations of migrations.tables"
"""What new tables and columns are compared with where nothing was replayed."""


class ReplayAssessments:
    """What the scripts make of the backup, and what the target holds of it."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_replay(self) -> Assessment:
        """Run the scripts on the restored backup before the cutover, and keep what they made.

        Where there is nothing to replay, the declarations are what Phase 1 asks for.
        """
        builder = AssessmentBuilder()
        if reason := self._find_obstacle("t12"):
            self._rely_on_declarations(builder, reason)
        else:
            self._replay_into(builder)
        return self.context.record_assessment(builder.build("The scripts are replayed"))

    def assess_arrivals(self) -> Assessment:
        """Check that new tables and columns hold what the scripts made of the backup."""
        builder = AssessmentBuilder()
        try:
            record = load_replay(self.context)
            if record is None:
                self._rely_on_declarations(builder, self._find_obstacle("") or "none was made")
            else:
                builder.figures |= _describe_record(record)
                compare_target(self.context, record, builder)
                if not record.tables:
                    builder.checked.append("the scripts make no table and no column")
        except psycopg.Error as error:
            reason = first_error_line(error)
            raise gap_error(rules.RESULT_READABLE, self.context.target, reason) from None
        title = "New tables and columns hold what the scripts make"
        return self.context.record_assessment(builder.build(title))

    def _find_obstacle(self, gate: str) -> str | None:
        """Return why this gate replays nothing; None where it does."""
        migrations = self.context.migrations
        if migrations.tool != "flyway":
            return f"the scripts of {migrations.tool} are programs, and not run from here"
        if not migrations.brings_scripts:
            return "the release brings no scripts (brings_scripts)"
        if migrations.replay.at == "never" or (gate and migrations.replay.at != gate):
            return f'migrations.replay.at is "{migrations.replay.at}"'
        return None

    def _replay_into(self, builder: AssessmentBuilder) -> None:
        try:
            record = replay_scripts(self.context)
        except ScriptFailed as failure:
            builder.add_finding(
                rules.SCRIPTS_RUN, failure.script.file_name, actual=f"failed: {failure.reason}"
            )
        except NotProven as hole:
            # The items of the backup and of the rehearsal say whether that is a defect.
            self._rely_on_declarations(builder, hole.reason)
        else:
            path = save_record(self.context, record)
            builder.figures = {"record": path.name, **_describe_record(record)}
            builder.checked += list(record.scripts)

    def _rely_on_declarations(self, builder: AssessmentBuilder, reason: str) -> None:
        builder.checked.append(DECLARATIONS)
        builder.figures = {"replay": f"none: {reason}", "compared with": DECLARATIONS}


def load_replay(context: DatabaseContext) -> ReplayRecord | None:
    """Return the replay that Phase 1 compares with; None where none was made.

    It is made now where the settings say so. Raise `NotProven` for one that was edited.
    """
    migrations = context.migrations
    if context.is_copy or migrations.tool != "flyway" or migrations.replay.at == "never":
        return None
    if migrations.replay.at == "t12":
        return find_newest_record(context)
    try:
        plain = context.compute_once("replay", lambda: replay_scripts(context).to_plain())
    except ScriptFailed as failure:
        raise gap_error(
            rules.SCRIPTS_RUN, failure.script.file_name, f"failed: {failure.reason}"
        ) from None
    return ReplayRecord.from_plain(plain)


def find_replay(context: DatabaseContext) -> ReplayRecord | None:
    """Return the replay like `load_replay`; None also where it cannot be used.

    The question about new tables and columns says why.
    """
    try:
        return load_replay(context)
    except NotProven:
        return None


def list_proven_moves(context: DatabaseContext, record: ReplayRecord) -> dict[str, str]:
    """Return what the replay found whole in a table that is compared with it."""
    return {
        gone: place for gone, place in record.found.items() if _is_compared(context, record, place)
    }


def _is_compared(context: DatabaseContext, record: ReplayRecord, place: str) -> bool:
    """Return whether the table of a place, `schema.name` or `schema.name.column`, is compared."""
    name = ".".join(place.split(".")[:2])
    table, change = record.tables.get(name), context.declared_change(name)
    return table is not None and not table.cannot and "any" not in (change.rows, change.content)


def _describe_record(record: ReplayRecord) -> dict[str, object]:
    return {
        "replay": record.label,
        "seconds of the replay": record.seconds,
        "backup": dict(record.backup),
        "scripts": dict(record.scripts),
        "differs each time": {
            name: list(table.unstable) for name, table in record.tables.items() if table.unstable
        },
        "found whole again": dict(record.found),
    }
