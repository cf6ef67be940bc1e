"""Conducts a run: starts it, watches it, and ends it in the first moment in which it can be
decided.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import numpy as np

from cutover.evidence import Ledger, Redactor
from cutover.load.alarm import alarmed
from cutover.load.book import Book
from cutover.load.brief import Brief
from cutover.load.claims import ERRORS, Claim, Trial
from cutover.load.log import Block, packed
from cutover.load.processes import LoadProcesses
from cutover.load.samples import Samples
from cutover.load.statistics.sequential import State
from cutover.settings import Performance

LOOK_SECONDS = 0.5
SILENCE_SECONDS = 20.0
"""Without a single request for so long there will be none."""
FIRST_SECONDS = 5.0
"""Before so many seconds are judged nothing is certain: the first second is not the whole night."""


@dataclass(frozen=True)
class Order:
    """A run to be conducted.

    `log` is the file that keeps every sample; `say` shows a line while it goes on.
    """

    brief: Brief
    performance: Performance
    claims: list[Claim]
    log: Path
    ledger: Ledger = field(repr=False)
    redactor: Redactor = field(repr=False)
    say: Callable[[str], None] = field(repr=False)


@dataclass
class Run:
    """What came of it.

    `judged_from` and `until` are seconds since the epoch; `why` it ended; `certain`: it was
    decided; `stopped`: for safety. `perhaps_made`: the ledger's entries that the target was, or may
    have been, asked to make.
    """

    book: Book
    trials: list[Trial]
    started: float
    judged_from: float = 0.0
    until: float = 0.0
    why: str = ""
    certain: bool = False
    stopped: bool = False
    perhaps_made: set[int] = field(default_factory=set)

    @property
    def judged(self) -> Samples:
        """The samples that count: those after the ramp."""
        samples = self.book.samples
        return samples[samples["due"] >= self.judged_from] if self.judged_from else samples[:0]

    @property
    def judged_seconds(self) -> float:
        return max(0.0, self.until - self.judged_from) if self.judged_from else 0.0


def conduct(order: Order, watcher: AbstractContextManager[object]) -> Run:
    """From the first process to the last sample.

    Whatever happens, no load process is left when this returns or raises.
    """
    run = Run(
        Book(order.ledger, order.redactor), [Trial(claim) for claim in order.claims], time.time()
    )
    with (
        order.log.open("wb") as log,
        LoadProcesses(order.brief, order.performance) as processes,
        watcher,
    ):
        while not run.why:
            _take(run, processes.hear(LOOK_SECONDS), log)
            _look(run, order, processes)
        _take(run, processes.finish(), log)
        run.until = time.time()
        run.perhaps_made = run.book.asked | processes.perhaps_made
        if processes.cut_off and not run.book.notes:
            run.book.notes.append(
                f"the end of the log did not come: of {', '.join(processes.cut_off)}"
            )
    for trial in run.trials:
        trial.look(run.judged)
    return run


def _take(run: Run, blocks: Iterable[Block], log: IO[bytes]) -> None:
    """Into the book, and without the processes' secrets into the log that is kept for the auditor."""
    for block in blocks:
        run.book.take(block)
        log.write(packed(replace(block.head, secrets=[]), block.samples.tobytes()))


def _look(run: Run, order: Order, processes: LoadProcesses) -> None:
    """See how far it is, and whether there is a reason to end it."""
    now = run.until = time.time()
    if not run.judged_from and len(run.book.samples) and run.book.streams >= order.brief.streams:
        run.judged_from = now
    for trial in run.trials:
        trial.look(run.judged)
    run.why, run.stopped = _harm(run, order, processes, now)
    if not run.why:
        run.why, run.certain = _decided(run, order.performance)
    order.say(_line(run, order.performance))


def _harm(run: Run, order: Order, processes: LoadProcesses, now: float) -> tuple[str, bool]:
    """A reason to stop at once, and whether it is the target's."""
    if not run.book.notes and (lost := processes.lost()):
        run.book.notes.append(order.redactor.text(lost))
    if run.book.notes:
        return run.book.notes[0], False
    if not len(run.book.samples) and now - run.started > SILENCE_SECONDS:
        return f"not one request was made in {SILENCE_SECONDS:g} s", False
    why = alarmed(run.book.samples, now, usual_seconds(order.performance))
    return (f"stopped for safety: {why}", True) if why else ("", False)


def usual_seconds(performance: Performance) -> float:
    """What an answer may take, for the alarm: the least of the objectives for all operations."""
    objectives = performance.objectives
    return min(
        [seconds for seconds in (objectives.p50, objectives.p95, objectives.p99) if seconds]
        or [1.0]
    )


def _decided(run: Run, performance: Performance) -> tuple[str, bool]:
    """Whether the run can end: because everything is certain, or because its time is over."""
    if run.judged_seconds >= FIRST_SECONDS and (
        broken := [trial for trial in run.trials if trial.state is State.BROKEN]
    ):
        return f"it is certain that {broken[0].claim} does not hold", True
    if run.judged_seconds >= performance.min_seconds and all(
        trial.state is State.HOLDS for trial in run.trials if trial.claim.needed
    ):
        return "everything is certain", True
    if run.judged_seconds >= performance.max_seconds:
        return f"its time is over (max_seconds = {performance.max_seconds:g})", False
    return "", False


def _line(run: Run, performance: Performance) -> str:
    """Rate, p50, p95, errors, certainty so far, time left: for whoever waits."""
    samples = run.judged
    recent = samples[samples["due"] > run.until - 5] if len(samples) else samples
    if not len(recent):
        return f"load: rising to {performance.intended_rate:g} requests/s"
    p50, p95 = np.quantile(recent["took"], [0.5, 0.95])
    errors = int(np.isin(samples["outcome"], ERRORS).sum())
    needed = [trial for trial in run.trials if trial.claim.needed]
    certain = sum(trial.state is not State.OPEN for trial in needed)
    return (
        f"load {run.judged_seconds:.0f} s:"
        f" {len(recent) / min(5.0, max(run.judged_seconds, 0.5)):.0f} requests/s, p50"
        f" {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, {errors} errors of {len(samples)};"
        f" {certain} of {len(needed)} certain, {_left(run, needed, performance)}"
    )


def _left(run: Run, needed: list[Trial], performance: Performance) -> str:
    """Seconds until the last claim is certain, if it goes on like this."""
    seconds = [performance.min_seconds - run.judged_seconds]
    for trial in needed:
        rate = trial.total / run.judged_seconds if run.judged_seconds else 0.0
        missing = trial.missing
        seconds.append(
            missing / rate
            if rate and missing is not None
            else performance.max_seconds - run.judged_seconds
        )
    return (
        f"about {min(max(0.0, *seconds), performance.max_seconds - run.judged_seconds):.0f} s left"
    )
