"""The answers that can be compared: both releases at the same time, past the warm-up, not pinned.

What is left out is chosen by time and by who was asked, never by how it went.

A balancer that deals each request changes the release often within a session. One that deals each
session, or each connection, hardly ever does: then a thousand requests of one session are one draw,
and only answers over new connections are draws.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cutover_gates.core.statistics.release_comparison import AnsweredBlocks, Counts
from cutover_gates.probes.rollout.rollout_record import (
    ReleaseAnswer,
    RolloutRecord,
    interval_of,
)

Chosen = NDArray[np.bool_]
FEWEST_SWITCHES = 40.0
"""Switches that must be expected before their absence says anything."""
STICKY_PART = 0.5
"""The part of the expected switches below which sessions stay: by chance once in 3,000 steps."""

LONGEST_WARM_UP = 0.5
"""The part of the new release's answers in a step that the warm-up may leave out."""


@dataclass(frozen=True)
class ComparableAnswers:
    """The answers of all steps that can be compared.

    `warming` are the answers of the new release in the step under judgement that its warm-up left
    out, of `of_new`. `is_sticky`: sessions stayed with one release in some step, of which only
    answers over new connections are compared.
    """

    answers: Sequence[ReleaseAnswer]
    warming: int
    of_new: int
    is_sticky: bool

    @property
    def is_always_warming(self) -> bool:
        """Whether the warm-up left out most of the step."""
        return self.warming > LONGEST_WARM_UP * self.of_new


def select_comparable(record: RolloutRecord, warm_up_seconds: float) -> ComparableAnswers:
    """Return the answers that can be compared."""
    beginnings = _find_beginnings(record)
    kept: list[ReleaseAnswer] = []
    warming = of_new = 0
    is_sticky = False
    for step in record.steps:
        draws, sticky = select_draws(record.answers_of_step(step))
        is_sticky = is_sticky or sticky
        draws = [one for one in draws if one.at >= record.evidence_begins]
        own = [one for one in draws if one.release == record.new]
        left_out = {
            id(one)
            for one in own
            if one.at < beginnings.get(one.instance, step.begins) + warm_up_seconds
        }
        kept += [one for one in draws if id(one) not in left_out]
        if step is record.step:
            warming, of_new = len(left_out), len(own)
    return ComparableAnswers(kept, warming, of_new, is_sticky)


def _find_beginnings(record: RolloutRecord) -> dict[str, float]:
    """Return the moment of the first answer of each instance of the new release."""
    first: dict[str, float] = {}
    for one in record.told_answers:
        if one.release == record.new and one.instance:
            first[one.instance] = min(one.at, first.get(one.instance, one.at))
    return first


def count_blocks(
    record: RolloutRecord,
    answers: Sequence[ReleaseAnswer],
    operations: Sequence[str],
    is_bad: Callable[[ReleaseAnswer], bool],
) -> AnsweredBlocks:
    """Return the answers of each operation, second by second, and the bad ones among them."""
    number = {name: row for row, name in enumerate(operations)}
    of_both = [one for one in answers if one.operation in number]
    seconds = np.floor(np.array([one.at for one in of_both], dtype=float))
    times, column = np.unique(seconds, return_inverse=True)
    shape = (len(operations), len(times))
    row = np.array([number[one.operation] for one in of_both], dtype=np.int64)
    bad = np.array([is_bad(one) for one in of_both], dtype=bool)
    new, old = (_select(of_both, release) for release in (record.new, record.old_release))
    counted = [_count(shape, row, column, each) for each in (new, new & bad, old, old & bad)]
    return AnsweredBlocks(*counted)


def _select(answers: Sequence[ReleaseAnswer], release: str | None) -> Chosen:
    return np.array([one.release == release for one in answers], dtype=bool)


def _count(shape: tuple[int, int], row: Counts, column: Counts, chosen: Chosen) -> Counts:
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, (row[chosen], column[chosen]), 1)
    return counts


def list_operations(record: RolloutRecord, answers: Sequence[ReleaseAnswer]) -> list[str]:
    """Return the operations that both releases answered."""
    new = {one.operation for one in answers if one.release == record.new}
    old = {one.operation for one in answers if one.release == record.old_release}
    return sorted(new & old)


def covers_both(record: RolloutRecord) -> bool:
    """Return whether the step under judgement has both releases by its plan."""
    begins, ends = interval_of(record.step)
    return ends > begins and 0 < record.step.percent < 100 and record.kind != "blue-green"


def select_draws(answers: Sequence[ReleaseAnswer]) -> tuple[list[ReleaseAnswer], bool]:
    """Return the answers that each are a draw of the balancer, and whether sessions stay.

    What was pinned to the new release is no draw.
    """
    dealt = [one for one in answers if not one.is_pinned]
    fresh = [one for one in dealt if one.is_fresh]
    if are_sticky(dealt):
        return fresh, True
    return dealt, False


def are_sticky(answers: Iterable[ReleaseAnswer]) -> bool:
    """Return whether the sessions of these answers stay with one release."""
    sessions: dict[str, list[str]] = defaultdict(list)
    fresh: list[str] = []
    for one in answers:
        if one.release and one.is_fresh:
            fresh.append(one.release)
        elif one.release and one.session:
            sessions[one.session].append(one.release)
    dealt = fresh or [release for each in sessions.values() for release in each]
    pairs = sum(max(0, len(each) - 1) for each in sessions.values())
    expected = pairs * _probability_of_switch(dealt)
    switches = sum(one != other for each in sessions.values() for one, other in pairwise(each))
    return expected >= FEWEST_SWITCHES and switches < STICKY_PART * expected


def _probability_of_switch(releases: Sequence[str]) -> float:
    """Return how probably two draws in a row are of different releases."""
    if not releases:
        return 0.0
    shares = [releases.count(name) / len(releases) for name in set(releases)]
    return 1 - sum(share**2 for share in shares)
