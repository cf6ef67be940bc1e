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

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.statistics.sequential_test import Conclusion
from cutover_gates.probes.load.load_results import LoadResults, find_stop_reason
from cutover_gates.probes.load.objectives import ERROR_OUTCOMES, LoadObjective, ObjectiveTest
from cutover_gates.probes.load.sample_log import SampleBlock, Samples, pack_block
from cutover_gates.probes.load.worker_config import WorkerConfig
from cutover_gates.probes.load.worker_pool import WorkerPool

POLL_SECONDS = 0.5
MAX_SILENCE_SECONDS = 20.0
"""Without a single request for so long there will be none."""
MIN_JUDGED_SECONDS = 5.0
"""Before so many seconds are judged nothing is certain: the first second is not the whole night."""


@dataclass(frozen=True)
class LoadPlan:
    """A run to be conducted.

    `log` is the file that keeps every sample; `report_progress` shows a line while it goes on.
    """

    worker_config: WorkerConfig
    performance: Performance
    objectives: list[LoadObjective]
    log: Path
    ledger: Ledger = field(repr=False)
    redactor: Redactor = field(repr=False)
    report_progress: Callable[[str], None] = field(repr=False)


@dataclass
class LoadRun:
    """What came of it.

    `judged_from` and `judged_until` are seconds since the epoch; `end_reason` it ended; `is_decided`: it was
    decided; `is_safety_stop`: for safety. `unknown_entries`: the ledger's entries that the target was, or may
    have been, asked to make.
    """

    results: LoadResults
    tests: list[ObjectiveTest]
    started: float
    judged_from: float = 0.0
    judged_until: float = 0.0
    end_reason: str = ""
    is_decided: bool = False
    is_safety_stop: bool = False
    unknown_entries: set[int] = field(default_factory=set)

    @property
    def judged_samples(self) -> Samples:
        """The samples that count: those after the ramp."""
        samples = self.results.samples
        return samples[samples["due"] >= self.judged_from] if self.judged_from else samples[:0]

    @property
    def judged_seconds(self) -> float:
        return max(0.0, self.judged_until - self.judged_from) if self.judged_from else 0.0


def run_load(order: LoadPlan, watcher: AbstractContextManager[object]) -> LoadRun:
    """From the first process to the last sample.

    Whatever happens, no load process is left when this returns or raises.
    """
    run = LoadRun(
        LoadResults(order.ledger, order.redactor),
        [ObjectiveTest(claim) for claim in order.objectives],
        time.time(),
    )
    with (
        order.log.open("wb") as log,
        WorkerPool(order.worker_config, order.performance) as processes,
        watcher,
    ):
        while not run.end_reason:
            _store_blocks(run, processes.read_blocks(POLL_SECONDS), log)
            _update_run(run, order, processes)
        _store_blocks(run, processes.finish(), log)
        run.judged_until = time.time()
        run.unknown_entries = run.results.requested_entries | processes.unknown_entries
        if processes.interrupted_workers and not run.results.notes:
            run.results.notes.append(
                f"the end of the log did not come: of {', '.join(processes.interrupted_workers)}"
            )
    for trial in run.tests:
        trial.update(run.judged_samples)
    return run


def _store_blocks(run: LoadRun, blocks: Iterable[SampleBlock], log: IO[bytes]) -> None:
    """Into the book, and without the processes' secrets into the log that is kept for the auditor."""
    for block in blocks:
        run.results.add(block)
        log.write(pack_block(replace(block.header, secrets=[]), block.samples.tobytes()))


def _update_run(run: LoadRun, order: LoadPlan, processes: WorkerPool) -> None:
    """See how far it is, and whether there is a reason to end it."""
    now = run.judged_until = time.time()
    if (
        not run.judged_from
        and len(run.results.samples)
        and run.results.streams >= order.worker_config.streams
    ):
        run.judged_from = now
    for trial in run.tests:
        trial.update(run.judged_samples)
    run.end_reason, run.is_safety_stop = _check_stop(run, order, processes, now)
    if not run.end_reason:
        run.end_reason, run.is_decided = _decide_end(run, order.performance)
    order.report_progress(_format_progress(run, order.performance))


def _check_stop(
    run: LoadRun, order: LoadPlan, processes: WorkerPool, now: float
) -> tuple[str, bool]:
    """A reason to stop at once, and whether it is the target's."""
    if not run.results.notes and (lost := processes.describe_failure()):
        run.results.notes.append(order.redactor.redact_text(lost))
    if run.results.notes:
        return run.results.notes[0], False
    if not len(run.results.samples) and now - run.started > MAX_SILENCE_SECONDS:
        return f"not one request was made in {MAX_SILENCE_SECONDS:g} s", False
    why = find_stop_reason(run.results.samples, now, usual_response_seconds(order.performance))
    return (f"stopped for safety: {why}", True) if why else ("", False)


def usual_response_seconds(performance: Performance) -> float:
    """What an answer may take, for the alarm: the least of the objectives for all operations."""
    objectives = performance.objectives
    return min(
        [seconds for seconds in (objectives.p50, objectives.p95, objectives.p99) if seconds]
        or [1.0]
    )


def _decide_end(run: LoadRun, performance: Performance) -> tuple[str, bool]:
    """Whether the run can end: because everything is certain, or because its time is over."""
    if run.judged_seconds >= MIN_JUDGED_SECONDS and (
        broken := [trial for trial in run.tests if trial.conclusion is Conclusion.BROKEN]
    ):
        return f"it is certain that {broken[0].objective} does not hold", True
    if run.judged_seconds >= performance.min_seconds and all(
        trial.conclusion is Conclusion.HOLDS for trial in run.tests if trial.objective.required
    ):
        return "everything is certain", True
    if run.judged_seconds >= performance.max_seconds:
        return f"its time is over (max_seconds = {performance.max_seconds:g})", False
    return "", False


def _format_progress(run: LoadRun, performance: Performance) -> str:
    """Rate, p50, p95, errors, certainty so far, time left: for whoever waits."""
    samples = run.judged_samples
    recent = samples[samples["due"] > run.judged_until - 5] if len(samples) else samples
    if not len(recent):
        return f"load: rising to {performance.intended_rate:g} requests/s"
    p50, p95 = np.quantile(recent["took"], [0.5, 0.95])
    errors = int(np.isin(samples["outcome"], ERROR_OUTCOMES).sum())
    needed = [trial for trial in run.tests if trial.objective.required]
    certain = sum(trial.conclusion is not Conclusion.OPEN for trial in needed)
    return (
        f"load {run.judged_seconds:.0f} s:"
        f" {len(recent) / min(5.0, max(run.judged_seconds, 0.5)):.0f} requests/s, p50"
        f" {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, {errors} errors of {len(samples)};"
        f" {certain} of {len(needed)} certain, {_format_time_left(run, needed, performance)}"
    )


def _format_time_left(run: LoadRun, needed: list[ObjectiveTest], performance: Performance) -> str:
    """Seconds until the last claim is certain, if it goes on like this."""
    seconds = [performance.min_seconds - run.judged_seconds]
    for trial in needed:
        rate = trial.total / run.judged_seconds if run.judged_seconds else 0.0
        missing = trial.remaining_requests
        seconds.append(
            missing / rate
            if rate and missing is not None
            else performance.max_seconds - run.judged_seconds
        )
    return (
        f"about {min(max(0.0, *seconds), performance.max_seconds - run.judged_seconds):.0f} s left"
    )
