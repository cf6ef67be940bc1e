"""The failures of the new release against the limit of the step: proven, refuted, or neither.

The answers of all steps count while the image is the same. What failed without naming a release
counts as the new one's where the limit is to be proven, and not where it is to be refuted.

Probes that only fill up a step ask reading paths. They may not thin out what fails elsewhere: the
usual answers alone refute the limit, too, and a failure of a path that is not filled up takes the
further probes out of the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cutover_gates.config.rollout_proof import RolloutProof
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.rollout.step_proof import find_provable_share, format_percent, make_limit
from cutover_gates.core.statistics.confidence_intervals import Interval, clustered_bounds
from cutover_gates.core.statistics.sequential_test import Conclusion, SequentialTest
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.error_comparison import describe_failure, describe_share
from cutover_gates.probes.rollout.rollout_record import ReleaseAnswer, RolloutRecord

CONFIDENCE = 0.95
"""Of the bounds with seconds as clusters: a burst is one event."""


@dataclass(frozen=True)
class LimitTest:
    """The answers that count, in order of time, held against a limit.

    `tests`: so many share the probability of blaming a release that keeps the limit.
    """

    answers: Sequence[ReleaseAnswer]
    limit: float
    tests: int = 1

    @property
    def bad(self) -> int:
        """The failures among them."""
        return sum(one.is_error for one in self.answers)

    @cached_property
    def conclusion(self) -> Conclusion:
        """What they prove, also by seconds. A limit that was once refuted stays refuted."""
        test, bad = SequentialTest(make_limit(self.limit, self.tests)), 0
        for total, one in enumerate(self.answers, 1):
            if one.is_error:
                test.update(bad, total - 1)
                bad += 1
                test.update(bad, total)
        found = test.update(bad, len(self.answers))
        low, high = self.bounds
        if found is Conclusion.BROKEN and low <= self.limit:
            return Conclusion.OPEN
        if found is Conclusion.HOLDS and high > self.limit:
            return Conclusion.OPEN
        return found

    @cached_property
    def bounds(self) -> Interval:
        """The bounds of the share, with seconds as clusters."""
        seconds = np.floor(np.array([one.at for one in self.answers], dtype=float))
        _, place = np.unique(seconds, return_inverse=True)
        failed = np.array([one.is_error for one in self.answers], dtype=float)
        if not len(failed):
            return 0.0, 1.0
        return clustered_bounds(np.bincount(place, failed), np.bincount(place), CONFIDENCE)


@dataclass(frozen=True)
class LimitEvidence:
    """The answers that are held against the limit of a step.

    `everything` are those of the new release, `usual` those without the further probes, `own` what
    proves the limit. `unnamed` are failures that may be its. `pinned` were sent to it on purpose.
    """

    everything: LimitTest
    usual: LimitTest
    own: LimitTest
    unnamed: Sequence[ReleaseAnswer]
    pinned: Sequence[ReleaseAnswer]

    @classmethod
    def select(cls, record: RolloutRecord, limit: float) -> LimitEvidence:
        """Return what the record has of it."""
        evidence = record.answers_as_evidence()
        of_new = [one for one in evidence if one.release == record.new]
        usual = [one for one in of_new if not one.is_extra]
        unnamed = [one for one in evidence if not one.release and one.is_error]
        filled = {one.operation for one in of_new if one.is_extra}
        counts = all(one.operation in filled for one in [*usual, *unnamed] if one.is_error)
        tests = 2 if filled else 1
        everything, others = LimitTest(of_new, limit, tests), LimitTest(usual, limit, tests)
        pinned = [one for one in evidence if one.is_pinned]
        return cls(everything, others, everything if counts else others, unnamed, pinned)

    @cached_property
    def at_worst(self) -> LimitTest:
        """What proves the limit, with the failures that may be the new release's."""
        answers = sorted([*self.own.answers, *self.unnamed], key=lambda one: one.at)
        return LimitTest(answers, self.own.limit, self.own.tests)

    @cached_property
    def refuted(self) -> LimitTest | None:
        """The answers that break the limit; None where none do."""
        tests = (self.usual, self.everything)
        return next((one for one in tests if one.conclusion is Conclusion.BROKEN), None)


def check_error_limit(
    record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Hold the failures of the new release against the limit of the step."""
    limit = settings.error_percents.share_of_step(record.step.percent)
    evidence = LimitEvidence.select(record, limit)
    _add_figures(evidence, record.new, builder)
    if (refuted := evidence.refuted) is not None:
        first = next(one for one in refuted.answers if one.is_error)
        share = describe_share(refuted.bad, len(refuted.answers))
        builder.add_finding(
            rules.ERRORS_WITHIN_LIMIT,
            record.new,
            expected=f"at most {format_percent(limit)} failed",
            actual=f"{share}; first: {describe_failure(first)}",
            count=refuted.bad,
        )
    elif evidence.at_worst.conclusion is not Conclusion.HOLDS:
        reason = _explain(evidence, record.new)
        builder.add_gap(rules.ERRORS_WITHIN_LIMIT, record.new, reason)
    else:
        builder.checked.append(f"errors of {record.new} at most {format_percent(limit)}")


def _explain(evidence: LimitEvidence, new: str) -> str:
    own, at_worst, unnamed = evidence.own, evidence.at_worst, evidence.unnamed
    proven = find_provable_share(at_worst.bad, len(at_worst.answers))
    reason = (
        f"{describe_share(own.bad, len(own.answers))} answers failed, which proves errors"
        f" <= {format_percent(max(proven, at_worst.bounds[1]))}; {format_percent(own.limit)} is"
        " needed"
    )
    if unnamed:
        reason += f" ({len(unnamed):,} more failures named no release, and may be its)"
    needed = make_limit(own.limit).count_clean_requests()
    if len(own.answers) < needed:
        reason += f"; without a failure it takes {needed:,} answers"
    if own is not evidence.everything:
        further = len(evidence.everything.answers) - len(own.answers)
        reason += f"; {further:,} further probes do not count, because a path failed that they"
        reason += " do not ask"
    if strays := sum(one.release not in (new, "") for one in evidence.pinned):
        reason += f"; {strays:,} pinned probes were answered by another release: rollout.pin_header"
        reason += " does not pin"
    return reason


def _add_figures(evidence: LimitEvidence, new: str, builder: AssessmentBuilder) -> None:
    own = evidence.own
    low, high = own.bounds
    builder.figures |= {
        "failed": describe_share(own.bad, len(own.answers)),
        "limit": format_percent(own.limit),
        "proves errors at most": format_percent(find_provable_share(own.bad, len(own.answers))),
        "bounds by seconds": f"{format_percent(low)} to {format_percent(high)}",
        "failures that named no release": len(evidence.unnamed),
        "further probes": len(evidence.everything.answers) - len(evidence.usual.answers),
        "pinned, of other releases": sum(one.release not in (new, "") for one in evidence.pinned),
    }
