"""The analysis of the workload: which script caused which wait, and what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.lock_monitor import LockMonitor, RunningScript
from cutover_gates.probes.database.rehearsal.rehearsal_result import (
    ScriptRun,
    StatementRefusal,
    StatementWait,
    WorkloadSummary,
)
from cutover_gates.probes.database.rehearsal.rehearsal_workload import RehearsalWorkload
from cutover_gates.probes.database.rehearsal.workload_client import StatementResult

# Statements that the workload must have done: fewer prove nothing.
MIN_STATEMENTS = 20


def summarize_script(
    running: RunningScript, done: Iterable[StatementResult], scripts: Sequence[RunningScript]
) -> ScriptRun:
    """Return what a script did to others.

    A wait is attributed to the script that ran for most of the time in which the client was held
    up.
    """
    caused = [result for result in done if _find_cause(result, scripts) is running]
    longest = max(caused, key=lambda result: result.wait, default=None)
    return ScriptRun(
        script=running.script,
        seconds=round((running.ended or running.begun) - running.begun, 3),
        locks=running.summarize_locks(),
        longest=_build_wait(longest) if longest else None,
    )


def _build_wait(result: StatementResult) -> StatementWait:
    return StatementWait(
        statement=result.statement, seconds=round(result.wait, 3), unfinished=result.unfinished
    )


def _find_cause(result: StatementResult, scripts: Sequence[RunningScript]) -> RunningScript | None:
    begun, ended = result.held
    shares = [
        (min(ended, script.ended or ended) - max(begun, script.begun), script) for script in scripts
    ]
    share, script = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return script if share > 0 else None


def summarize_workload(
    context: DatabaseContext,
    work: RehearsalWorkload,
    untried: Sequence[str],
    done: Sequence[StatementResult],
    monitor: LockMonitor,
) -> WorkloadSummary:
    """Return what the workload did, what was refused, and what it does not prove.

    `untried` names the statements that were not tried again after the last script.
    """
    bound = context.migrations.rehearsal.lock_seconds
    return WorkloadSummary(
        done=_count_finished(done),
        statements=tuple(statement.name for statement in work.statements),
        usual_seconds=round(work.slowest_seconds, 4),
        refused=tuple(_count_refusals(done, monitor.scripts)),
        dropped=tuple(work.list_dropped_statements()),
        gaps=(*_list_gaps(bound, work, done, monitor), *_list_untried(untried)),
    )


def _count_finished(done: Iterable[StatementResult]) -> int:
    return sum(not result.unfinished for result in done)


def _gap(subject: str, reason: str) -> Finding:
    return Finding(rules.WORKLOAD_CONCLUSIVE, subject, "", reason)


def _list_untried(names: Iterable[str]) -> Iterator[Finding]:
    for name in names:
        yield _gap(name, "not tried again after the last script")


def _list_gaps(
    bound: float, work: RehearsalWorkload, done: Sequence[StatementResult], monitor: LockMonitor
) -> Iterator[Finding]:
    """Return why the workload does not show who has to wait longer than `bound` seconds."""
    for reason in work.list_connection_errors():
        yield _gap("a client of the workload", f"it lost its connection: {reason}")
    if monitor.lost:
        yield _gap("the monitor of locks", f"it lost its connection: {monitor.lost}")
    finished = _count_finished(done)
    if finished < MIN_STATEMENTS:
        yield _gap("the workload", f"{finished} statements were done, {MIN_STATEMENTS} are needed")
    # A statement that takes half of the bound by itself cannot be told from one that waits.
    if work.slowest_seconds > bound / 2:
        reason = f"its slowest statement takes {work.slowest_seconds:.2f} s without a script"
        yield _gap("the workload", reason)
    idle = [result.wait for result in done if _find_cause(result, monitor.scripts) is None]
    longest = max(idle, default=0.0)
    if longest > bound:
        reason = f"a statement waited {longest:.2f} s while no script ran: the server is too busy"
        yield _gap("the copy's server", reason)


def _count_refusals(
    done: Iterable[StatementResult], scripts: Sequence[RunningScript]
) -> list[StatementRefusal]:
    """Return what was refused, by statement and reason, with the script that had begun last."""
    times = Counter(
        (result.statement, _find_last_script(result, scripts), result.why)
        for result in done
        if result.why
    )
    return [
        StatementRefusal(statement=statement, script=script, why=why, times=number)
        for (statement, script, why), number in times.items()
    ]


def _find_last_script(result: StatementResult, scripts: Sequence[RunningScript]) -> str:
    begun = [script.script for script in scripts if script.begun <= result.ended]
    return begun[-1] if begun else "no script"
