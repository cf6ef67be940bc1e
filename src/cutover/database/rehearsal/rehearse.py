"""Runs the pending scripts on a copy while a workload reads and writes there, and says how it went."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import psycopg

from cutover.database.history import pending
from cutover.database.history.applying import ScriptFailed, apply
from cutover.database.history.scripts import Script, known_placeholders
from cutover.database.rehearsal.client import Done
from cutover.database.rehearsal.course import Course, Ran, Refusal, Wait, Work
from cutover.database.rehearsal.statements import workload
from cutover.database.rehearsal.watch import Running, Watch
from cutover.database.rehearsal.words import refused
from cutover.database.rehearsal.workload import Workload
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

ENOUGH = 20
"""Statements that the workload must have done: fewer prove nothing."""
QUIET_SECONDS = 0.2
"""Of the workload alone, before the first script."""


def rehearse(site: Site, dsn: str) -> Course:
    """The pending scripts, run on the copy `dsn` (changed by that).

    Raises `NotProven`, and `SettingsError` for a workload that cannot run there.
    """
    scripts = pending(site, dsn)
    if not scripts:
        raise NotProven(
            "nothing is pending on the copy, so there is nothing to rehearse: name the folder of"
            " the release's scripts as migrations.locations, and rehearse before the cutover"
        )
    try:
        return _course(site, dsn, scripts)
    except psycopg.Error as error:
        raise NotProven(f"the copy could not be worked with: {refused(error)}") from None


def _course(site: Site, dsn: str, scripts: Sequence[Script]) -> Course:
    work = Workload(dsn, workload(site, dsn))
    watch = Watch(dsn, _deadlines(site))
    work.start()
    time.sleep(QUIET_SECONDS)
    try:
        failed = _migrated(site, dsn, scripts, watch)
        untried = work.another_round()
    finally:
        done = work.stop()
        watch.stop()
    ended = watch.ended if failed else None
    return Course(
        pending=tuple(script.file_name for script in scripts),
        ran=tuple(_ran(running, done, watch.scripts) for running in watch.scripts),
        work=_work(site, work, untried, done, watch),
        stopped_at=failed.script.file_name if failed else None,
        failed=None if ended else _said(failed),
        ended=ended,
        out_of_time=ended == _BUDGET,
    )


_BUDGET = "the time that the gate may take (budget_seconds) was spent"


def _deadlines(site: Site) -> dict[str, float]:
    now, bound = time.monotonic(), site.migrations.rehearsal.script_seconds
    return {
        f"the scripts together may take {bound:g} s (rehearsal.script_seconds)": (
            now + QUIET_SECONDS + bound
        ),
        _BUDGET: now + site.budget.left,
    }


def _migrated(site: Site, dsn: str, scripts: Sequence[Script], watch: Watch) -> ScriptFailed | None:
    """Run the scripts; the failure of one."""

    def started(script: Script, pid: int) -> None:
        site.say(f"rehearsal: {script.file_name}")
        watch.started(script.file_name, pid)

    placeholders = {
        name: value
        for name, value in known_placeholders(site, "").items()
        if name != "flyway:filename"
    }
    schema = site.migrations.schemas[0]
    try:
        apply(
            dsn,
            scripts,
            placeholders,
            schema=None if schema == "public" else schema,
            started=started,
        )
    except ScriptFailed as failure:
        return failure
    finally:
        watch.over()
    return None


def _said(failure: ScriptFailed | None) -> str | None:
    """The failure's first line, from the error itself: that one says whether the line may hold a
    row's content.
    """
    if failure is None:
        return None
    error = failure.__context__
    return (
        f"{failure.script.file_name} failed on the copy:"
        f" {refused(error) if isinstance(error, psycopg.Error) else failure.why}"
    )


def _ran(running: Running, done: Iterable[Done], scripts: Sequence[Running]) -> Ran:
    """What a script did to others: a wait is laid to the script that ran for most of what held the
    client up.
    """
    because = [statement for statement in done if _because_of(statement, scripts) is running]
    longest = max(because, key=lambda statement: statement.ended - statement.due, default=None)
    wait = (
        Wait(
            statement=longest.statement,
            seconds=round(longest.ended - longest.due, 3),
            unfinished=longest.unfinished,
        )
        if longest
        else None
    )
    return Ran(
        script=running.script,
        seconds=round((running.ended or running.begun) - running.begun, 3),
        locks=running.locks(),
        longest=wait,
    )


def _because_of(done: Done, scripts: Sequence[Running]) -> Running | None:
    begun, ended = done.held
    shares = [
        (min(ended, script.ended or ended) - max(begun, script.begun), script) for script in scripts
    ]
    share, script = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return script if share > 0 else None


def _work(
    site: Site, work: Workload, untried: Sequence[str], done: Sequence[Done], watch: Watch
) -> Work:
    return Work(
        done=sum(not statement.unfinished for statement in done),
        statements=tuple(statement.name for statement in work.statements),
        usual_seconds=round(max(work.usual.values(), default=0.0), 4),
        refused=tuple(_refusals(done, watch.scripts)),
        dropped=tuple(work.left_out()),
        unproven=(
            *_doubts(site.migrations.rehearsal.lock_seconds, work, done, watch),
            *(
                f"{name} was not tried again after the last script, so nothing shows that it still"
                " works"
                for name in untried
            ),
        ),
    )


def _doubts(bound: float, work: Workload, done: Sequence[Done], watch: Watch) -> Iterator[str]:
    """Why the workload proves nothing about who has to wait longer than `bound` seconds."""
    yield from (f"a client of the workload lost its connection: {why}" for why in work.lost())
    if watch.lost:
        yield f"the locks were not seen to the end: {watch.lost}"
    ended = sum(not statement.unfinished for statement in done)
    if ended < ENOUGH:
        yield (
            f"the workload did {ended} statements, and fewer than {ENOUGH} prove nothing about who"
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
            if _because_of(statement, watch.scripts) is None
        ),
        default=0.0,
    )
    if idle > bound:
        yield (
            f"a statement had to wait {idle:.2f} s while no script ran: the copy's server is too"
            " busy to tell who waits for the migration"
        )


def _refusals(done: Iterable[Done], scripts: Sequence[Running]) -> list[Refusal]:
    """What was refused, by statement and reason, with the script that had begun last."""
    times = Counter(
        (statement.statement, _begun_last(statement, scripts), statement.why)
        for statement in done
        if statement.why
    )
    return [
        Refusal(statement=statement, script=script, why=why, times=number)
        for (statement, script, why), number in times.items()
    ]


def _begun_last(done: Done, scripts: Sequence[Running]) -> str:
    return next(
        (script.script for script in reversed(scripts) if script.begun <= done.ended), "no script"
    )
