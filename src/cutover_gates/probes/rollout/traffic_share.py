"""The share of the new release: what it really answered, against the weight of the step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, log, log1p

from scipy.special import bdtr  # type: ignore[import-untyped]  # scipy brings no types

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.rollout.step_proof import format_percent
from cutover_gates.core.statistics.confidence_intervals import clopper_pearson
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.comparable_answers import select_draws
from cutover_gates.probes.rollout.rollout_record import (
    ReleaseAnswer,
    RolloutRecord,
    interval_of,
)

CONFIDENCE = 0.9999
"""Of the interval of a share: three steps and a few looks make 0.1 % of false alarms."""
RARE = 1e-4
"""How improbable a time without an answer of the new release must be to be none of chance."""


WHOLE_PATHS = 50
"""The percentage from which on the plan wants every critical path to be verified."""


@dataclass(frozen=True)
class ObservedShare:
    """The answers of the new release among all that named a release."""

    new: int
    total: int

    @classmethod
    def count(cls, answers: Iterable[ReleaseAnswer], new: str) -> ObservedShare:
        """Count the answers that name a release."""
        named = [one.release for one in answers if one.release]
        return cls(named.count(new), len(named))

    @property
    def interval(self) -> tuple[float, float]:
        """The exact interval of the share."""
        return clopper_pearson(self.new, self.total, CONFIDENCE)

    def __str__(self) -> str:
        if not self.total:
            return "no answers"
        low, high = self.interval
        return (
            f"{format_percent(self.new / self.total)} ({self.new:,} of {self.total:,} answers,"
            f" {format_percent(low)} to {format_percent(high)})"
        )


def check_share(record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder) -> None:
    """Compare the observed share with that of the step, and add what it really was."""
    begins, ends = interval_of(record.step)
    settled = [
        one
        for one in record.answers_of_step(record.step)
        if one.at >= min(begins + settings.settle_seconds, (begins + ends) / 2)
    ]
    draws, is_sticky = select_draws(settled)
    _add_figures(record, settled, is_sticky, builder)
    share = ObservedShare.count(draws, record.new)
    wanted, source = find_wanted_share(record)
    builder.figures["share that was expected"] = f"{format_percent(wanted)} ({source})"
    if not share.new and wanted:
        _add_no_traffic(record, share, builder)
        return
    _compare(share, wanted, source, settings.share_tolerance, builder)
    _check_pauses(record.new, draws, wanted, builder)
    builder.checked.append(f"share of {record.new}")


def find_wanted_share(record: RolloutRecord) -> tuple[float, str]:
    """Return the share that the new release should answer, and what says so.

    Where instances are replaced one by one it is that of the ready pods: the step that the rollout
    really reached.
    """
    begins, ends = record.interval
    if record.kind == "blue-green" and record.step.percent != 100:
        return 0.0, "before the switch"
    pods = [one for one in record.ready_pods if begins <= one.at <= ends and one.new + one.old]
    if record.kind == "rolling" and pods:
        shares = [one.new / (one.new + one.old) for one in pods]
        last = pods[-1]
        return sum(shares) / len(shares), f"{last.new} of {last.new + last.old} ready pods"
    return record.step.percent / 100, "the weight of the step"


def _compare(
    share: ObservedShare, wanted: float, source: str, tolerance: float, builder: AssessmentBuilder
) -> None:
    away = tolerance * min(wanted, 1 - wanted)
    low, high = share.interval
    if low > wanted + away or high < wanted - away:
        builder.add_finding(
            rules.SHARE_AS_DECLARED,
            "share of the new release",
            expected=f"about {format_percent(wanted)} ({source})",
            actual=str(share),
        )


def _add_no_traffic(
    record: RolloutRecord, share: ObservedShare, builder: AssessmentBuilder
) -> None:
    unnamed = sum(not one.release for one in record.answers_of_step(record.step))
    reason = f"0 answers of {record.new} in the step, {share.total:,} of others"
    if unnamed:
        reason += f", {unnamed:,} that named no release"
    builder.add_gap(rules.TRAFFIC_ON_NEW, record.new, reason)


def _check_pauses(
    new: str, draws: Sequence[ReleaseAnswer], wanted: float, builder: AssessmentBuilder
) -> None:
    """Add a gap for each run of answers without the new release that chance does not explain."""
    named = [one for one in draws if one.release]
    if not 0 < wanted < 1:
        return
    longest = ceil(log(RARE / max(len(named), 1)) / log1p(-wanted))
    run: list[ReleaseAnswer] = []
    for one in [*named, None]:
        if one is not None and one.release != new:
            run.append(one)
            continue
        if len(run) > longest:
            reason = f"no answer for {run[-1].at - run[0].at:.0f} s, while others gave {len(run):,}"
            builder.add_gap(rules.TRAFFIC_ON_NEW, new, reason)
        run = []


def check_operations(
    record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Add a gap for each path that the new release hardly answered; pinned answers count.

    At the canary chance may leave out a path that is seldom asked. From half of the traffic on
    each one must have been answered, there or in a step before.
    """
    here = record.answers_of_step(record.step)
    asked = Counter(one.operation for one in here if not one.is_pinned)
    got = Counter(one.operation for one in here if one.release == record.new)
    so_far = Counter(
        one.operation for one in record.answers_as_evidence() if one.release == record.new
    )
    wanted, _ = find_wanted_share(record)
    for operation in sorted({*asked, *record.operations}):
        needed, count = settings.operation_answers, got[operation]
        is_short = record.step.percent >= WHOLE_PATHS and so_far[operation] < needed
        is_odd = count < needed and bdtr(count, asked[operation], wanted) < RARE
        if is_short or (wanted and is_odd):
            reason = f"{count} of {asked[operation]:,} answers were of {record.new}"
            builder.add_gap(rules.EACH_OPERATION_ASKED, operation, reason)
        elif count:
            builder.checked.append(operation)


def _add_figures(
    record: RolloutRecord,
    answers: Sequence[ReleaseAnswer],
    is_sticky: bool,
    builder: AssessmentBuilder,
) -> None:
    dealt = [one for one in answers if not one.is_pinned]
    fresh = [one for one in dealt if one.is_fresh]
    builder.figures |= {
        "share of all answers": str(ObservedShare.count(dealt, record.new)),
        "share over new connections": str(ObservedShare.count(fresh, record.new)),
        "share by operation": _by(dealt, record.new, lambda one: one.operation),
        "share by session": _by(dealt, record.new, lambda one: one.session),
        "sessions stay with one release": is_sticky,
        "pinned to the new release": len(answers) - len(dealt),
    }


def _by(
    answers: Iterable[ReleaseAnswer], new: str, key: Callable[[ReleaseAnswer], str]
) -> dict[str, str]:
    groups: dict[str, list[ReleaseAnswer]] = defaultdict(list)
    for one in answers:
        groups[key(one)].append(one)
    return {
        name: str(ObservedShare.count(group, new)) for name, group in sorted(groups.items()) if name
    }
