"""One run of the pending scripts on a copy, while a workload reads and writes there."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
)
from cutover_gates.probes.database.history.pending_scripts import find_pending_scripts
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.lock_monitor import LockMonitor
from cutover_gates.probes.database.rehearsal.rehearsal_result import (
    EndReason,
    RehearsalResult,
    describe_error,
)
from cutover_gates.probes.database.rehearsal.rehearsal_workload import RehearsalWorkload
from cutover_gates.probes.database.rehearsal.workload_analysis import (
    summarize_script,
    summarize_workload,
)
from cutover_gates.probes.database.rehearsal.workload_statements import build_workload

# Seconds in which only the workload runs, before the first script.
QUIET_SECONDS = 0.2


def rehearse(context: DatabaseContext, dsn: str) -> RehearsalResult:
    """Run the pending scripts on the copy `dsn`, which is changed by that.

    Raise `NotProven`, and `SettingsError` for a workload that cannot run there.
    """
    scripts = find_pending_scripts(context, dsn)
    if not scripts:
        raise gap_error(rules.SCRIPTS_PENDING, context.target, "no script is pending on the copy")
    try:
        return _run_with_workload(context, dsn, scripts)
    except psycopg.Error as error:
        raise gap_error(rules.COPY_USABLE, context.target, describe_error(error)) from None


def _run_with_workload(
    context: DatabaseContext, dsn: str, scripts: Sequence[MigrationScript]
) -> RehearsalResult:
    work = RehearsalWorkload(dsn, build_workload(context, dsn))
    monitor = LockMonitor(dsn, _build_deadlines(context))
    work.start()
    time.sleep(QUIET_SECONDS)
    try:
        with context.record_step("rehearsing the scripts"):
            failure = _run_scripts(context, dsn, scripts, monitor)
        untried = work.wait_for_round()
    finally:
        done = work.stop()
        monitor.stop()
    # A script that is ended fails too: the reason from outside is the cause.
    ended = monitor.ended if failure else None
    return RehearsalResult(
        pending=tuple(script.file_name for script in scripts),
        ran=tuple(summarize_script(script, done, monitor.scripts) for script in monitor.scripts),
        work=summarize_workload(context, work, untried, done, monitor),
        stopped_at=failure.script.file_name if failure else None,
        failed=_describe_failure(failure) if failure and not ended else None,
        ended=ended,
        overrun=context.describe_overrun() if ended is EndReason.BUDGET else "",
    )


def _build_deadlines(context: DatabaseContext) -> dict[EndReason, float]:
    now, seconds = time.monotonic(), context.migrations.rehearsal.script_seconds
    return {
        EndReason.SCRIPT_TIME: now + QUIET_SECONDS + seconds,
        EndReason.BUDGET: now + context.budget.remaining_seconds,
    }


def _run_scripts(
    context: DatabaseContext, dsn: str, scripts: Sequence[MigrationScript], monitor: LockMonitor
) -> ScriptFailed | None:
    """Run the scripts, and return the failure of one."""

    def started(script: MigrationScript, pid: int) -> None:
        context.report_progress(f"rehearsal: {script.file_name}")
        monitor.start_script(script.file_name, pid)

    # The name of the script is filled in for each script by itself.
    placeholders = dict(collect_placeholders(context, ""))
    placeholders.pop("flyway:filename", None)
    schema = context.migrations.schemas[0]
    try:
        apply_scripts(
            dsn,
            scripts,
            placeholders,
            schema=None if schema == "public" else schema,
            started=started,
        )
    except ScriptFailed as failure:
        return failure
    finally:
        monitor.finish_script()
    return None


def _describe_failure(failure: ScriptFailed) -> str:
    """Return the error of a script.

    It is taken from the database's error itself, which says whether its text may hold a row's
    content.
    """
    error = failure.__context__
    return describe_error(error) if isinstance(error, psycopg.Error) else failure.reason
