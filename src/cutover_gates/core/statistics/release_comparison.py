"""The comparison of two releases that answer at the same time: errors, or slow answers.

Of the bad answers in a block of time, some are the new release's. If it is no worse than the old
one, each is the new one's with a probability of at most its share of the answers in that block. So
what hits both (a slow database, a busy hour) cancels out, and the share may change as it likes: it
is the observed one. A share that is believed (the weight of the rollout) makes false alarms where
the balancer deals otherwise.

The evidence is a product of likelihood ratios of those probabilities, a mean over several rates. If
the claim is true, its expectation is never above 1, so the probability that it ever reaches 1/α is
at most α, however often one looks (Ville 1939; for streams of events: Lindon and Malek 2022,
NeurIPS). With bad shares p and q of the new and the old release, the expectation of the ratio of
one block is (1 + p(k/c - 1))^new · (1 + q(1/c - 1))^old with c = 1 + θ(k - 1). By log(1 + x) ≤ x
it is at most 1 where p is on the claimed side of ρ · q, for every ratio ρ. Given the number of bad
answers they are drawn without replacement, which also only lowers it (Hoeffding 1963, JASA 58).

**Strata.** Each operation has blocks of its own: where one release gets more of the slow operation,
counts of all together would blame it. Of one moment, the strata are multiplied.

**Bursts.** One crash of an instance makes many bad answers, and is one event. So beside it each
moment counts once: by the share of its bad answers that are the new release's (a bet on a bounded
mean: Waudby-Smith and Ramdas 2024, JRSS B 86). It assumes that a burst hits each release in
proportion to its answers. Both must agree before the new release is blamed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cutover_gates.core.statistics.confidence_intervals import Floats

WORSE: Mapping[float, float] = {1.5: 0.25, 2: 0.25, 4: 0.2, 10: 0.2, 50: 0.1}
"""Rates of the new release, as factors on the one that is allowed, and their weights."""
BETTER: Mapping[float, float] = {0.1: 0.3, 0.25: 0.3, 0.5: 0.4}
"""Rates that prove that the new release stays below the one that is allowed."""
TOGETHER = 0.5
"""The weight of all operations together; the other half is shared by each of them alone."""
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class AnsweredBlocks:
    """The answers of both releases, and the bad ones among them.

    Each array has the shape (…, strata, blocks of time); what stands before is the caller's.
    """

    new: Counts
    new_bad: Counts
    old: Counts
    old_bad: Counts

    def __post_init__(self) -> None:
        for bad, total in ((self.new_bad, self.new), (self.old_bad, self.old)):
            if bad.shape != total.shape or np.any(bad < 0) or np.any(bad > total):
                raise ValueError("bad answers are a part of all answers: there are no such shares")
        if self.new.shape != self.old.shape or self.new.ndim < 2:
            raise ValueError(
                f"strata and blocks of both, not {self.new.shape} and {self.old.shape}"
            )

    def select_stratum(self, number: int) -> AnsweredBlocks:
        """Return the blocks of one stratum only."""
        kept = slice(number, number + 1)
        arrays = (self.new, self.new_bad, self.old, self.old_bad)
        return AnsweredBlocks(*(each[..., kept, :] for each in arrays))

    @property
    def strata(self) -> int:
        """The number of strata."""
        return int(self.new.shape[-2])

    def share_of_new(self, ratio: float) -> Floats:
        """Return how probably a bad answer is the new release's, at `ratio` times the old's rate.

        `ratio` is the rate of bad answers of the new release over that of the old one.
        """
        of_new = self.new * ratio
        total = of_new + self.old
        share: Floats = np.divide(of_new, total, out=np.zeros(total.shape), where=total > 0)
        return share


def log_evidence_against(blocks: AnsweredBlocks, ratio: float = 1.0) -> Floats:
    """Return the natural logarithm of the evidence after each block that the new one is worse.

    `ratio` is the rate above which it is worse: 1 says "worse than the old one".
    """
    return _log_evidence(blocks, WORSE, ratio)


def log_evidence_for(blocks: AnsweredBlocks, ratio: float = 2.0) -> Floats:
    """Return the same that the new release has less than `ratio` times the old one's rate."""
    return _log_evidence(blocks, BETTER, ratio)


def mix_log_evidence(weighted: Sequence[tuple[float, Floats]]) -> Floats:
    """Return the logarithm of the mean of several, with fixed weights whose sum is 1.

    A mean of evidence is evidence of the claim that all of them deny.
    """
    logs = np.stack([np.log(weight) + path for weight, path in weighted])
    mixed: Floats = np.logaddexp.reduce(logs)
    return mixed


def log_evidence_of_any(blocks: AnsweredBlocks) -> Floats:
    """Return the evidence after each block that any operation, or all together, is worse."""
    if blocks.strata == 1:
        return log_evidence_against(blocks)
    each = (1 - TOGETHER) / blocks.strata
    alone = [(each, log_evidence_against(blocks.select_stratum(n))) for n in range(blocks.strata)]
    return mix_log_evidence([(TOGETHER, log_evidence_against(blocks)), *alone])


def find_worst_stratum(blocks: AnsweredBlocks) -> tuple[int | None, float]:
    """Return the stratum with the most evidence at any time, and its logarithm.

    None: all of them together have more. Of one stratum it is that one.
    """
    alone = [
        float(np.max(log_evidence_against(blocks.select_stratum(number)), initial=0.0))
        for number in range(blocks.strata)
    ]
    together = float(np.max(log_evidence_against(blocks), initial=0.0))
    number = int(np.argmax(alone))
    if blocks.strata > 1 and together > alone[number]:
        return None, together
    return number, alone[number]


def _log_evidence(blocks: AnsweredBlocks, rates: Mapping[float, float], ratio: float) -> Floats:
    if not ratio > 0:
        raise ValueError(f"a ratio is above 0, not {ratio}")
    share, bad = blocks.share_of_new(ratio), blocks.new_bad + blocks.old_bad
    part, expected = _share_bad(blocks, bad, share)
    each, moments = [], []
    for odds, weight in rates.items():
        ratios = blocks.new_bad * np.log(odds) - bad * np.log1p(share * (odds - 1))
        each.append(np.log(weight) + np.cumsum(ratios.sum(axis=-2), axis=-1))
        bets = np.log1p(part * (odds - 1)) - np.log1p(expected * (odds - 1))
        moments.append(np.log(weight) + np.cumsum(bets, axis=-1))
    both: Floats = np.minimum(np.logaddexp.reduce(each), np.logaddexp.reduce(moments))
    return both


def _share_bad(blocks: AnsweredBlocks, bad: Counts, share: Floats) -> tuple[Floats, Floats]:
    """Return the new release's part of the bad answers of each moment, and the expected one."""
    total = bad.sum(axis=-2)
    nothing = np.zeros(total.shape)
    part = np.divide(blocks.new_bad.sum(axis=-2), total, out=nothing.copy(), where=total > 0)
    expected = np.divide((bad * share).sum(axis=-2), total, out=nothing, where=total > 0)
    return part, expected
