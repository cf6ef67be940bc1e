"""The run of a load: it starts, is watched, and ends as soon as its objectives are decided."""

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
from cutover_gates.probes.load.load_results import LoadResults
from cutover_gates.probes.load.model import ALL_CERTAIN, SafetyStop
from cutover_gates.probes.load.objectives import LoadObjective, ObjectiveTest
from cutover_gates.probes.load.operation_figures import UncomparedTail
from cutover_gates.probes.load.request_outcomes import ERROR_OUTCOMES
from cutover_gates.probes.load.safety_stop import find_safety_stop, usual_response_seconds
from cutover_gates.probes.load.sample_log import SampleBlock, Samples, pack_block
from cutover_gates.probes.load.worker_config import WorkerConfig
from cutover_gates.probes.load.worker_pool import WorkerPool

POLL_SECONDS = 0.5
MAX_SILENCE_SECONDS = 20.0
"""A run without a single request for so long ends: none will come."""
MIN_JUDGED_SECONDS = 5.0
"""Nothing is decided earlier: the first seconds are not the whole night."""
PROGRESS_WINDOW_SECONDS = 5


@dataclass(frozen=True)
class LoadPlan:
    """A run to be made.

    `log` is the file that keeps every sample; `report_progress` shows a line while the run lasts.
    `uncompared` names what has too few requests to be compared with the baseline.
    """

    worker_config: WorkerConfig
    performance: Performance
    objectives: list[LoadObjective]
    log: Path
    ledger: Ledger = field(repr=False)
    redactor: Redactor = field(repr=False)
    report_progress: Callable[[str], None] = field(repr=False)
    uncompared: tuple[UncomparedTail, ...] = ()


@dataclass
class LoadRun:
    """A run, while it lasts and after it.

    `started`, `judged_from` and `judged_until` are seconds since the epoch; `judged_from` is 0
    until all streams are running. `end_reason` says why the run ended. `is_decided` is set where
    the objectives ended it. `unknown_entries` are the entries of the ledger that the target was, or
    may have been, asked to create.
    """

    results: LoadResults
    tests: list[ObjectiveTest]
    started: float
    judged_from: float = 0.0
    judged_until: float = 0.0
    end_reason: str = ""
    is_decided: bool = False
    safety_stop: SafetyStop | None = None
    unknown_entries: set[int] = field(default_factory=set)

    @property
    def judged_samples(self) -> Samples:
        """Return the samples that count: those after the ramp."""
        samples = self.results.samples
        if not self.judged_from:
            return samples[:0]
        return samples[samples["due"] >= self.judged_from]

    @property
    def judged_seconds(self) -> float:
        """Return how long was judged so far."""
        if not self.judged_from:
            return 0.0
        return max(0.0, self.judged_until - self.judged_from)

    @property
    def required_tests(self) -> list[ObjectiveTest]:
        """Return the tests of the objectives without which there is no GO."""
        return [test for test in self.tests if test.objective.required]

    def stop(self, reason: str) -> None:
        """Set why the run ends."""
        self.end_reason = reason


def run_load(plan: LoadPlan, watcher: AbstractContextManager[object]) -> LoadRun:
    """Make a run, from the first process to the last sample.

    No load process is left when this returns or raises.
    """
    tests = [ObjectiveTest(objective) for objective in plan.objectives]
    run = LoadRun(LoadResults(plan.ledger, plan.redactor), tests, time.time())
    with (
        plan.log.open("wb") as log,
        WorkerPool(plan.worker_config, plan.performance) as workers,
        watcher,
    ):
        while not run.end_reason:
            _store_blocks(run, workers.read_blocks(POLL_SECONDS), log)
            _update_run(run, plan, workers)
        _store_blocks(run, workers.finish(), log)
        run.judged_until = time.time()
        run.unknown_entries = run.results.requested_entries | workers.unknown_entries
        if workers.interrupted_workers and not run.results.problems:
            names = ", ".join(workers.interrupted_workers)
            run.results.problems.append(f"the end of the log is missing: {names}")
    for test in run.tests:
        test.update(run.judged_samples)
    return run


def _store_blocks(run: LoadRun, blocks: Iterable[SampleBlock], log: IO[bytes]) -> None:
    """Add blocks to the results and to the log, which is kept for the auditor.

    The log has no secrets, and nothing of what was sent.
    """
    for block in blocks:
        run.results.add(block)
        header = replace(block.header, secrets=[], writes=[], answers=[])
        log.write(pack_block(header, block.samples.tobytes()))


def _update_run(run: LoadRun, plan: LoadPlan, workers: WorkerPool) -> None:
    """Take in what came, and end the run where there is a reason to."""
    now = run.judged_until = time.time()
    all_streams = run.results.streams >= plan.worker_config.streams
    if not run.judged_from and all_streams and len(run.results.samples):
        run.judged_from = now
    for test in run.tests:
        test.update(run.judged_samples)
    _check_problems(run, plan, workers, now)
    if not run.end_reason:
        _check_decision(run, plan.performance)
    plan.report_progress(_format_progress(run, plan.performance))


def _check_problems(run: LoadRun, plan: LoadPlan, workers: WorkerPool, now: float) -> None:
    """End the run where a process is lost, nothing is sent, or the target must be protected."""
    problems = run.results.problems
    if not problems and (failure := workers.describe_failure()):
        problems.append(plan.redactor.redact_text(failure))
    if problems:
        run.stop(problems[0])
        return
    if not len(run.results.samples) and now - run.started > MAX_SILENCE_SECONDS:
        run.stop(f"no request was sent in {MAX_SILENCE_SECONDS:g} s")
        return
    usual_seconds = usual_response_seconds(plan.performance)
    run.safety_stop = find_safety_stop(
        run.results.samples, now, usual_seconds, plan.worker_config.operations
    )
    if run.safety_stop:
        run.stop(f"stopped for safety: {run.safety_stop}")


def _check_decision(run: LoadRun, performance: Performance) -> None:
    """End the run where everything is certain, an objective is broken, or its time is over."""
    broken = [test for test in run.tests if test.conclusion is Conclusion.BROKEN]
    certain = all(test.conclusion is Conclusion.HOLDS for test in run.required_tests)
    if broken and run.judged_seconds >= MIN_JUDGED_SECONDS:
        run.is_decided = True
        run.stop(f"an objective certainly does not hold: {broken[0].objective}")
    elif certain and run.judged_seconds >= performance.min_seconds:
        run.is_decided = True
        run.stop(ALL_CERTAIN)
    elif run.judged_seconds >= performance.max_seconds:
        run.stop(f"the time is over (max_seconds = {performance.max_seconds:g})")


def _format_progress(run: LoadRun, performance: Performance) -> str:
    """Return a line for a person who waits: rate, times, errors, certainty, time left.

    It stays below 80 columns, so that a terminal shows all of it.
    """
    samples = run.judged_samples
    recent = samples[samples["due"] > run.judged_until - PROGRESS_WINDOW_SECONDS]
    if not len(recent):
        return f"load: rising to {performance.intended_rate:g} requests/s"
    p95 = float(np.quantile(recent["took"], 0.95))
    window = min(float(PROGRESS_WINDOW_SECONDS), max(run.judged_seconds, 0.5))
    errors = int(np.isin(samples["outcome"], ERROR_OUTCOMES).sum())
    required = run.required_tests
    decided = sum(test.conclusion is not Conclusion.OPEN for test in required)
    return (
        f"load {run.judged_seconds:.0f} s: {len(recent) / window:.0f}/s,"
        f" p95 {p95 * 1000:.0f} ms, {errors} of {len(samples)} failed,"
        f" {decided} of {len(required)} certain, {_estimate_seconds(run, performance):.0f} s left"
    )


def _estimate_seconds(run: LoadRun, performance: Performance) -> float:
    """Return the seconds until the last objective is decided, if the run goes on like this."""
    most = performance.max_seconds - run.judged_seconds
    seconds = [0.0, performance.min_seconds - run.judged_seconds]
    for test in run.required_tests:
        rate = test.total / run.judged_seconds if run.judged_seconds else 0.0
        missing = test.remaining_requests
        undecided = not rate or missing is None
        seconds.append(most if undecided else (missing or 0) / rate)
    return min(max(seconds), most)
