"""What a step can prove: the error rate that so many answers of the new release bound.

Told before the step begins, so that nobody waits for a proof that cannot come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit

ERROR_LIMITS: Mapping[int, float] = {10: 0.01, 50: 0.005, 100: 0.001}
"""The greatest share of failed answers of the new release, by the percentage of the step."""
WRONG_BROKEN = 0.0005 / 3
"""The probability of blaming a release that keeps the limit: a third of 0.05 % for each step."""
_FINEST = 1e-6


def make_limit(share: float, tests: int = 1) -> ShareLimit:
    """Return the claim that at most this share of the new release's answers fails.

    `tests`: so many tests of it share the probability of a false alarm.
    """
    return ShareLimit(share, wrong_broken=WRONG_BROKEN / tests)


def find_provable_share(bad: int, total: int) -> float:
    """Return the smallest limit that these counts prove; 1 where they prove none.

    It is as certain as a step's own limit, however often one looked.
    """
    low, high = _FINEST, 1 - _FINEST
    if not total or not _is_proven(high, bad, total):
        return 1.0
    while high - low > _FINEST:
        middle = (low + high) / 2
        low, high = (low, middle) if _is_proven(middle, bad, total) else (middle, high)
    return high


def _is_proven(share: float, bad: int, total: int) -> bool:
    return make_limit(share).decide(bad, total) is Conclusion.HOLDS


@dataclass(frozen=True)
class StepProof:
    """What a step of `percent` can prove at `per_second` requests of the whole service.

    `limit` is the share that it must prove. `before` are the answers of the new release from the
    steps before, of the same image: evidence adds up. `most_further` are the answers of the new
    release that further probes can bring; they come only while they are needed.
    """

    percent: float
    seconds: float
    per_second: float
    limit: float
    before: int = 0
    most_further: int = 0

    @property
    def usual(self) -> int:
        """The answers of the new release without further probes, with those of the steps before."""
        return self.before + int(self.per_second * self.seconds * self.percent / 100)

    @property
    def further(self) -> int:
        """The answers that further probes bring."""
        return min(self.most_further, max(0, self.needed - self.usual))

    @property
    def answers(self) -> int:
        """All answers of the new release."""
        return self.usual + self.further

    @property
    def provable(self) -> float:
        """The smallest share that they prove if none of them fails."""
        return find_provable_share(0, self.answers)

    @property
    def needed(self) -> int:
        """The answers without a failure that prove the limit."""
        return make_limit(self.limit).count_clean_requests()

    @property
    def needed_per_second(self) -> float:
        """The requests a second of the whole service that bring them within the step."""
        return max(0, self.needed - self.before) / (self.seconds * self.percent / 100)

    @property
    def needed_seconds(self) -> float:
        """The seconds that the step must last at its rate."""
        of_new = self.per_second * self.percent / 100
        return max(0, self.needed - self.before) / of_new if of_new else float("inf")

    @property
    def is_enough(self) -> bool:
        """Whether the limit can be proven."""
        return self.answers >= self.needed

    def describe(self) -> str:
        """Return the sentence for the person who starts the step."""
        with_before = f", with {self.before:,} answers of the steps before," if self.before else ""
        with_further = f" and up to {self.further:,} of further probes" if self.further else ""
        told = (
            f"{self.per_second:g} requests/s at {self.percent:g} % for"
            f" {self.seconds / 60:g} minutes{with_before}{with_further} prove errors"
            f" <= {format_percent(self.provable)}"
        )
        if self.is_enough:
            return f"{told} (at most {format_percent(self.limit)} is needed)"
        return (
            f"{told}, which is not enough: {format_percent(self.limit)} needs {self.needed:,}"
            f" answers of the new release, {self._needs()}"
        )

    def _needs(self) -> str:
        rate = ceil(self.needed_per_second * 10) / 10
        if not self.per_second:
            return f"so {rate:g} requests/s"
        return f"so {rate:g} requests/s or {ceil(self.needed_seconds / 60):,} minutes"


def format_percent(share: float) -> str:
    """Return a share as a percentage, with two digits that matter below 10 %."""
    if share >= 0.1:
        return f"{share * 100:.1f} %"
    return f"{share * 100:.2f} %" if share >= 0.001 else f"{share * 100:.3f} %"
