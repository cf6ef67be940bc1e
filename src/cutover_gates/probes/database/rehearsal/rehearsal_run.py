"""Whether a rehearsal left the copy's data whole: held against what stood there right before the
scripts.

The copy gets a snapshot of its own for that. The newest snapshot of the target is of another moment
than the backup, and rows that came in between would look like rows that the scripts lost.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import psycopg

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.history.history_table import find_pending_scripts
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
)
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.rehearsal.lock_monitor import LockMonitor, RunningScript
from cutover_gates.probes.database.rehearsal.rehearsal_result import (
    DataComparison,
    RehearsalResult,
    ScriptRun,
    StatementRefusal,
    StatementWait,
    WorkloadSummary,
    describe_error,
)
from cutover_gates.probes.database.rehearsal.rehearsal_workload import RehearsalWorkload
from cutover_gates.probes.database.rehearsal.workload_client import StatementResult
from cutover_gates.probes.database.rehearsal.workload_statements import build_workload
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.schema.assessments import SchemaAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot


class CopyComparison:
    """`Data(copy, folder)` before the scripts, `afterwards()` after them.

    The copy is a `Site`; files are kept in `folder`.

    Raises `SettingsError` for a declaration that cannot be used.
    """

    def __init__(self, copy: DatabaseContext, folder: Path) -> None:
        self.copy = replace(
            copy,
            snapshots=folder / "snapshots",
            cache_folder=folder / "once",
            record=lambda _examination: None,
        )
        self.hole: str | None = None
        try:
            take_snapshot(self.copy)
        except (NotProven, DatabaseUnreachable) as hole:
            self.hole = f"what the copy held before the scripts was not measured: {hole}"

    def compare_after_scripts(self) -> DataComparison:
        """Counts, contents and catalog, each of them after the scripts against what the settings
        and the scripts say.
        """
        questions = (
            []
            if self.hole
            else [
                RowAssessments(self.copy).assess_counts,
                RowAssessments(self.copy).assess_contents,
            ]
        )
        answers = [
            _assess_or_not_proven(question)
            for question in [*questions, SchemaAssessments(self.copy).assess_against_scripts]
        ]
        return DataComparison(
            examined=tuple(dict.fromkeys(name for answer in answers for name in answer.checked)),
            findings=tuple(finding for answer in answers for finding in answer.findings),
            unproven=(
                *([self.hole] if self.hole else []),
                *(hole for answer in answers for hole in answer.not_proven),
            ),
        )


def _assess_or_not_proven(question: Callable[[], Assessment]) -> Assessment:
    try:
        return question()
    except (NotProven, DatabaseUnreachable) as hole:
        return Assessment("", (), not_proven=(str(hole),))


MIN_STATEMENTS = 20
"""Statements that the workload must have done: fewer prove nothing."""
QUIET_SECONDS = 0.2
"""Of the workload alone, before the first script."""


def rehearse(context: DatabaseContext, dsn: str) -> RehearsalResult:
    """The pending scripts, run on the copy `dsn` (changed by that).

    Raises `NotProven`, and `SettingsError` for a workload that cannot run there.
    """
    scripts = find_pending_scripts(context, dsn)
    if not scripts:
        raise NotProven(
            "nothing is pending on the copy, so there is nothing to rehearse: name the folder of"
            " the release's scripts as migrations.locations, and rehearse before the cutover"
        )
    try:
        return _run_with_workload(context, dsn, scripts)
    except psycopg.Error as error:
        raise NotProven(f"the copy could not be worked with: {describe_error(error)}") from None


def _run_with_workload(
    context: DatabaseContext, dsn: str, scripts: Sequence[MigrationScript]
) -> RehearsalResult:
    work = RehearsalWorkload(dsn, build_workload(context, dsn))
    watch = LockMonitor(dsn, _build_deadlines(context))
    work.start()
    time.sleep(QUIET_SECONDS)
    try:
        failed = _run_scripts(context, dsn, scripts, watch)
        untried = work.wait_for_round()
    finally:
        done = work.stop()
        watch.stop()
    ended = watch.ended if failed else None
    return RehearsalResult(
        pending=tuple(script.file_name for script in scripts),
        ran=tuple(_summarize_script(running, done, watch.scripts) for running in watch.scripts),
        work=_summarize_workload(context, work, untried, done, watch),
        stopped_at=failed.script.file_name if failed else None,
        failed=None if ended else _describe_failure(failed),
        ended=ended,
        out_of_time=ended == _BUDGET_SPENT,
    )


_BUDGET_SPENT = "the time that the gate may take (budget_seconds) was spent"


def _build_deadlines(context: DatabaseContext) -> dict[str, float]:
    now, bound = time.monotonic(), context.migrations.rehearsal.script_seconds
    return {
        f"the scripts together may take {bound:g} s (rehearsal.script_seconds)": (
            now + QUIET_SECONDS + bound
        ),
        _BUDGET_SPENT: now + context.budget.remaining_seconds,
    }


def _run_scripts(
    context: DatabaseContext, dsn: str, scripts: Sequence[MigrationScript], watch: LockMonitor
) -> ScriptFailed | None:
    """Run the scripts; the failure of one."""

    def started(script: MigrationScript, pid: int) -> None:
        context.report_progress(f"rehearsal: {script.file_name}")
        watch.start_script(script.file_name, pid)

    placeholders = {
        name: value
        for name, value in collect_placeholders(context, "").items()
        if name != "flyway:filename"
    }
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
        watch.finish_script()
    return None


def _describe_failure(failure: ScriptFailed | None) -> str | None:
    """The failure's first line, from the error itself: that one says whether the line may hold a
    row's content.
    """
    if failure is None:
        return None
    error = failure.__context__
    return (
        f"{failure.script.file_name} failed on the copy:"
        f" {describe_error(error) if isinstance(error, psycopg.Error) else failure.reason}"
    )


def _summarize_script(
    running: RunningScript, done: Iterable[StatementResult], scripts: Sequence[RunningScript]
) -> ScriptRun:
    """What a script did to others: a wait is laid to the script that ran for most of what held the
    client up.
    """
    because = [statement for statement in done if _find_cause(statement, scripts) is running]
    longest = max(because, key=lambda statement: statement.ended - statement.due, default=None)
    wait = (
        StatementWait(
            statement=longest.statement,
            seconds=round(longest.ended - longest.due, 3),
            unfinished=longest.unfinished,
        )
        if longest
        else None
    )
    return ScriptRun(
        script=running.script,
        seconds=round((running.ended or running.begun) - running.begun, 3),
        locks=running.summarize_locks(),
        longest=wait,
    )


def _find_cause(done: StatementResult, scripts: Sequence[RunningScript]) -> RunningScript | None:
    begun, ended = done.held
    shares = [
        (min(ended, script.ended or ended) - max(begun, script.begun), script) for script in scripts
    ]
    share, script = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return script if share > 0 else None


def _summarize_workload(
    context: DatabaseContext,
    work: RehearsalWorkload,
    untried: Sequence[str],
    done: Sequence[StatementResult],
    watch: LockMonitor,
) -> WorkloadSummary:
    return WorkloadSummary(
        done=sum(not statement.unfinished for statement in done),
        statements=tuple(statement.name for statement in work.statements),
        usual_seconds=round(max(work.usual.values(), default=0.0), 4),
        refused=tuple(_count_refusals(done, watch.scripts)),
        dropped=tuple(work.list_dropped_statements()),
        unproven=(
            *_list_doubts(context.migrations.rehearsal.lock_seconds, work, done, watch),
            *(
                f"{name} was not tried again after the last script, so nothing shows that it still"
                " works"
                for name in untried
            ),
        ),
    )


def _list_doubts(
    bound: float, work: RehearsalWorkload, done: Sequence[StatementResult], watch: LockMonitor
) -> Iterator[str]:
    """Why the workload proves nothing about who has to wait longer than `bound` seconds."""
    yield from (
        f"a client of the workload lost its connection: {why}"
        for why in work.list_connection_errors()
    )
    if watch.lost:
        yield f"the locks were not seen to the end: {watch.lost}"
    ended = sum(not statement.unfinished for statement in done)
    if ended < MIN_STATEMENTS:
        yield (
            f"the workload did {ended} statements, and fewer than {MIN_STATEMENTS} prove nothing about who"
            " has to wait"
        )
    usual = max(work.usual.values(), default=0.0)
    if usual > bound / 2:
        yield (
            f"the slowest statement of the workload takes {usual:.2f} s with nobody else there: too"
            " slow to tell a wait from work"
        )
    idle = max(
        (
            statement.ended - statement.due
            for statement in done
            if _find_cause(statement, watch.scripts) is None
        ),
        default=0.0,
    )
    if idle > bound:
        yield (
            f"a statement had to wait {idle:.2f} s while no script ran: the copy's server is too"
            " busy to tell who waits for the migration"
        )


def _count_refusals(
    done: Iterable[StatementResult], scripts: Sequence[RunningScript]
) -> list[StatementRefusal]:
    """What was refused, by statement and reason, with the script that had begun last."""
    times = Counter(
        (statement.statement, _find_last_script(statement, scripts), statement.why)
        for statement in done
        if statement.why
    )
    return [
        StatementRefusal(statement=statement, script=script, why=why, times=number)
        for (statement, script, why), number in times.items()
    ]


def _find_last_script(done: StatementResult, scripts: Sequence[RunningScript]) -> str:
    return next(
        (script.script for script in reversed(scripts) if script.begun <= done.ended), "no script"
    )
