"""The replay itself: the pending scripts run on two copies of the restored backup.

What both copies hold afterwards is what the scripts make. Where they differ, the scripts leave it
to the clock, to chance or to the order of rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
)
from cutover_gates.probes.database.history.pending_scripts import find_pending_scripts
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.table_specs import MeasuredTable, read_tables
from cutover_gates.probes.database.replay import rules
from cutover_gates.probes.database.replay.disturbed_copy import disturb_database
from cutover_gates.probes.database.replay.moves_found import find_whole_moves
from cutover_gates.probes.database.replay.replay_comparison import compare_replays
from cutover_gates.probes.database.replay.replay_record import ReplayedTable, ReplayRecord
from cutover_gates.probes.database.replay.session_values import add_dependencies
from cutover_gates.util.text import first_error_line


def replay_scripts(context: DatabaseContext) -> ReplayRecord:
    """Restore the backup, run the pending scripts on two copies, and return what they made.

    Raise `NotProven` where there is nothing to replay or its time runs out, and `ScriptFailed`.
    """
    try:
        return _replay_on_clones(context)
    except psycopg.errors.QueryCanceled:
        raise _describe_overrun(context) from None
    except psycopg.Error as error:
        reason = f"the copy could not be read: {first_error_line(error)}"
        raise gap_error(rules.REPLAY_POSSIBLE, context.target, reason) from None
    except ScriptFailed:
        # The limit of time ends a script, too: that says nothing about the script.
        if context.budget.remaining_seconds:
            raise
        raise _describe_overrun(context) from None


def _describe_overrun(context: DatabaseContext) -> NotProven:
    reason = f"it was ended: {context.describe_overrun()}"
    return gap_error(rules.REPLAY_POSSIBLE, context.target, reason)


def _replay_on_clones(context: DatabaseContext) -> ReplayRecord:
    began = time.monotonic()
    with open_clones_of_backup(context, 2) as (copy, other_copy):
        second = other_copy.dsn
        scripts = find_pending_scripts(context, copy.dsn)
        if not scripts:
            reason = "no script is pending on the backup"
            raise gap_error(rules.REPLAY_POSSIBLE, str(copy.backup), reason)
        before = _read_tables(context, second)
        context.report_progress(f"replay: {len(scripts)} scripts on {copy.backup}")
        _run_scripts(context, copy.dsn, scripts)
        with _open_session(context, copy.dsn) as first:
            found = _find_moves(context, first, second, before)
            tables = _compare_with_second(context, first, second, scripts, before)
    return ReplayRecord(
        context.target,
        {"name": copy.backup.path.name, "sha256": copy.sha256},
        {script.file_name: script.sha256 for script in scripts},
        time.time(),
        round(time.monotonic() - began, 3),
        tables,
        found,
    )


def _compare_with_second(
    context: DatabaseContext,
    first: ConsistentSession,
    second: str,
    scripts: Sequence[MigrationScript],
    before: Mapping[str, MeasuredTable],
) -> dict[str, ReplayedTable]:
    """Run the scripts on the second copy, under other circumstances, and compare both."""
    with disturb_database(second, context.migrations.schemas) as changed:
        try:
            _run_scripts(context, second, changed.change_scripts(scripts), user=changed.user)
        except ScriptFailed as failure:
            reason = (
                f"it ran once, and not with another user, date or order of rows: {failure.reason}"
            )
            raise gap_error(rules.DETERMINED, failure.script.file_name, reason) from None
        with _open_session(context, second) as other:
            tables = compare_replays(context, first, other, before)
    return add_dependencies(first.first, context, scripts, tables, changed)


def _run_scripts(
    context: DatabaseContext,
    dsn: str,
    scripts: Sequence[MigrationScript],
    *,
    user: str | None = None,
) -> None:
    # The name of the script is filled in for each script by itself.
    placeholders = dict(collect_placeholders(context, ""))
    placeholders.pop("flyway:filename", None)
    schema = context.migrations.schemas[0]
    apply_scripts(
        dsn,
        scripts,
        placeholders,
        schema=None if schema == "public" else schema,
        user=user,
        seconds=context.budget.remaining_seconds,
    )


@contextmanager
def _open_session(context: DatabaseContext, dsn: str) -> Iterator[ConsistentSession]:
    with open_consistent_session(dsn, context.budget.ends, context.migrations.schemas) as session:
        yield session


def _read_tables(context: DatabaseContext, dsn: str) -> dict[str, MeasuredTable]:
    with _open_session(context, dsn) as session:
        return read_tables(session.first, context.migrations.schemas)[0]


def _find_moves(
    context: DatabaseContext,
    first: ConsistentSession,
    second: str,
    before: Mapping[str, MeasuredTable],
) -> dict[str, str]:
    """Return where what the scripts took away stands whole again; `second` still has it."""
    with _open_session(context, second) as original:
        return find_whole_moves(context, original, first, before)
