"""The failures of the new release against the limit of the step: proven, refuted, or neither.

The answers of all steps count while the image is the same. What failed without naming a release
counts as the new one's where the limit is to be proven, and not where it is to be refuted.
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
    """The answers that count, in order of time, held against a limit."""

    answers: Sequence[ReleaseAnswer]
    limit: float

    @property
    def bad(self) -> int:
        """The failures among them."""
        return sum(one.is_error for one in self.answers)

    @cached_property
    def conclusion(self) -> Conclusion:
        """What they prove, also by seconds. A limit that was once refuted stays refuted."""
        test, bad = SequentialTest(make_limit(self.limit)), 0
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


def check_error_limit(
    record: RolloutRecord, settings: RolloutProof, builder: AssessmentBuilder
) -> None:
    """Hold the failures of the new release against the limit of the step."""
    limit = settings.error_percents.share_of_step(record.step.percent)
    evidence = record.answers_as_evidence()
    own = LimitTest([one for one in evidence if one.release == record.new], limit)
    unnamed = [one for one in evidence if not one.release and one.is_error]
    at_worst = LimitTest(sorted([*own.answers, *unnamed], key=lambda one: one.at), limit)
    _add_figures(own, unnamed, limit, builder)
    if own.conclusion is Conclusion.BROKEN:
        first = next(one for one in own.answers if one.is_error)
        builder.add_finding(
            rules.ERRORS_WITHIN_LIMIT,
            record.new,
            expected=f"at most {format_percent(limit)} failed",
            actual=f"{describe_share(own.bad, len(own.answers))}; first: {describe_failure(first)}",
            count=own.bad,
        )
    elif at_worst.conclusion is not Conclusion.HOLDS:
        reason = _explain(own, unnamed, at_worst, limit)
        builder.add_gap(rules.ERRORS_WITHIN_LIMIT, record.new, reason)
    else:
        builder.checked.append(f"errors of {record.new} at most {format_percent(limit)}")


def _explain(
    own: LimitTest, unnamed: Sequence[ReleaseAnswer], at_worst: LimitTest, limit: float
) -> str:
    proven = find_provable_share(at_worst.bad, len(at_worst.answers))
    reason = (
        f"{describe_share(own.bad, len(own.answers))} answers failed, which proves errors"
        f" <= {format_percent(max(proven, at_worst.bounds[1]))}; {format_percent(limit)} is needed"
    )
    if unnamed:
        reason += f" ({len(unnamed):,} more failures named no release, and may be its)"
    needed = make_limit(limit).count_clean_requests()
    if len(own.answers) < needed:
        reason += f"; without a failure it takes {needed:,} answers"
    return reason


def _add_figures(
    own: LimitTest, unnamed: Sequence[ReleaseAnswer], limit: float, builder: AssessmentBuilder
) -> None:
    low, high = own.bounds
    builder.figures |= {
        "failed": describe_share(own.bad, len(own.answers)),
        "limit": format_percent(limit),
        "proves errors at most": format_percent(find_provable_share(own.bad, len(own.answers))),
        "bounds by seconds": f"{format_percent(low)} to {format_percent(high)}",
        "failures that named no release": len(unnamed),
    }
