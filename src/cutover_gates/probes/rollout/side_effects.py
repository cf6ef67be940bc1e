"""What two releases do beside each other: jobs that run twice, and messages that are not read.

The caller asks the database or the queue. This only judges what they answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from cutover_gates.config.rollout_sources import ScheduledJob
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.probes.rollout import rules

FEWEST_RUNS = 3
"""Runs that a step must have room for. One that begins or ends within a run has one more or less:
two runs may be one too many, or not.
"""
TITLE = "What both releases did beside each other"


@dataclass(frozen=True)
class ToldCount:
    """A count as its source told it. `value` is None where it told none: `problem` says why."""

    value: int | None
    problem: str = ""


@dataclass(frozen=True)
class JobCount:
    """What a job wrote within the step."""

    job: ScheduledJob
    count: ToldCount


@dataclass(frozen=True)
class CountPair:
    """A count that must not grow, at the beginning of the step and after its end."""

    name: str
    before: ToldCount
    after: ToldCount


@dataclass(frozen=True)
class SideEffects:
    """The question what both releases did during a step that has ended.

    Nothing is declared: nothing is asked, and the assessment says so.
    """

    step: RolloutStep
    jobs: Sequence[JobCount]
    counts: Sequence[CountPair]
    record_assessment: Callable[[Assessment], None] = lambda _: None

    def assess(self) -> Assessment:
        """Return whether each job ran once, and no count grew that must not."""
        builder = AssessmentBuilder()
        if not (self.jobs or self.counts):
            builder.checked.append("no job and no count is declared, so none was asked")
        for one in self.jobs:
            _check_job(one, self.step.lived_seconds(0), builder)
        for pair in self.counts:
            _check_pair(pair, builder)
        assessment = builder.build(TITLE)
        self.record_assessment(assessment)
        return assessment


def _check_job(one: JobCount, seconds: float, builder: AssessmentBuilder) -> None:
    """Compare what a job wrote with one run in each interval; twice as much is never allowed."""
    job, subject = one.job, f"job {one.job.name}"
    runs = seconds / job.every_seconds
    if one.count.value is None:
        builder.add_gap(rules.JOB_RAN_ONCE, subject, one.count.problem)
        return
    builder.figures[subject] = f"{one.count.value:,} in {seconds:,.0f} s"
    least, most = (floor(runs) - 1) * job.rows, (ceil(runs) + 1) * job.rows
    wanted = f"{least:,} to {most:,} (a run adds {job.rows:,}, every {job.every_seconds:g} s)"
    if runs < FEWEST_RUNS:
        reason = f"the step lasted {seconds:,.0f} s, too short for {FEWEST_RUNS} runs"
        builder.add_gap(rules.JOB_RAN_ONCE, subject, reason)
    elif one.count.value > most:
        actual = f"{one.count.value:,} in {seconds:,.0f} s"
        builder.add_finding(rules.JOB_RAN_ONCE, subject, expected=wanted, actual=actual)
    elif one.count.value < least:
        reason = f"{one.count.value:,} were counted, expected {wanted}: it did not run, or the"
        builder.add_gap(rules.JOB_RAN_ONCE, subject, f"{reason} query does not find its runs")
    else:
        builder.checked.append(subject)


def _check_pair(pair: CountPair, builder: AssessmentBuilder) -> None:
    for count in (pair.before, pair.after):
        if count.value is None:
            builder.add_gap(rules.COUNT_STAYED, pair.name, count.problem)
            return
    before, after = pair.before.value or 0, pair.after.value or 0
    builder.figures[pair.name] = f"{before:,} before the step, {after:,} after it"
    if after > before:
        builder.add_finding(
            rules.COUNT_STAYED,
            pair.name,
            expected=f"{before:,}, as at the beginning of the step",
            actual=f"{after:,} after its end",
        )
    else:
        builder.checked.append(pair.name)
