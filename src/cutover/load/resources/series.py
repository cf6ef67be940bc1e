"""A figure over time, made of looks; and when there is too little of it to prove anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from cutover.database.integrity.reading import Unseen
from cutover.telemetry import Look

FEWEST = 10
"""Different measurements without which nothing is proven.

Fifteen seconds apart, as many scrapes are, these are two and a half minutes.
"""
TOLD_SHARE = 0.8
"""Share of the looks that must have told a figure: who does not answer when there is much to do
tells of the quiet moments only.
"""
GAP_SHARE = 1 / 3
"""Share of the time that may pass without a measurement."""
STILL_SECONDS = 30.0
"""That the CPU counter may stand still, and never for more than `GAP_SHARE` of the time: one that
stands still under load is not the target's.
"""
NOBODY = (
    "nobody tells it; set performance.resources.metrics_path or performance.resources.prometheus"
)


class Point(NamedTuple):
    """A measurement: when, in seconds since the epoch, and what."""

    at: float
    value: float


Points = Sequence[Point]
Plot = list[list[float]]
"""`[[seconds since the start, value], …]`, rounded, for the evidence."""


def points(looks: Sequence[Look], figure: str) -> list[Point]:
    """Each measurement once, however often it was looked at, in the order of time."""
    told = [(look.moment(figure), look.figure(figure)) for look in looks]
    return [
        Point(*one)
        for one in sorted({at: value for at, value in told if value is not None}.items())
    ]


def plot(series: Points, start: float, digits: int = 3) -> Plot:
    """As a report draws it."""
    return [[round(point.at - start, 2), round(point.value, digits or None)] for point in series]


# ── is it enough? ──


def enough(looks: Sequence[Look], *figures: str) -> None:
    """Raises `Unseen` where one of the figures was told in too few looks, was measured too few
    times, or not at all for too long.
    """
    if not looks:
        raise Unseen("there was no look")
    for figure in figures:
        told = sum(look.figure(figure) is not None for look in looks)
        if told < TOLD_SHARE * len(looks):
            whys = Counter(why for look in looks if (why := look.missing.get(figure)))
            seldom = f"told in {told} of {len(looks)} looks only: " if told else ""
            raise Unseen(seldom + (whys.most_common(1)[0][0] if whys else NOBODY))
        _often([point.at for point in points(looks, figure)], looks[0].at, looks[-1].at)


def _often(moments: list[float], begins: float, ends: float) -> None:
    whole = ends - begins
    if len(moments) < FEWEST:
        at_this_pace = (
            f"; at this pace performance.min_seconds = {FEWEST * whole / len(moments):.0f} would do"
            if len(moments) > 1
            else ""
        )
        raise Unseen(
            f"measured {len(moments)} times in {whole:.0f} s, and {FEWEST} times are"
            f" needed{at_this_pace}"
        )
    if (gap := _longest([begins, *moments, ends])) > GAP_SHARE * whole:
        raise Unseen(f"not measured for {gap:.0f} of {whole:.0f} s")


def moving(looks: Sequence[Look]) -> None:
    """Raises `Unseen` where the CPU counter stood still for so long that what tells it must be
    frozen. Says nothing where there is no counter.
    """
    counter = points(looks, "cpu_seconds")
    if len(counter) < 2:
        return
    first, last = counter[0].at, counter[-1].at
    still = _longest(
        [
            first,
            *(point.at for before, point in pairwise(counter) if point.value != before.value),
            last,
        ]
    )
    if still > min(STILL_SECONDS, GAP_SHARE * (last - first)):
        raise Unseen(
            f"the CPU counter stood still for {still:.0f} of {last - first:.0f} s under load: what"
            " tells it is frozen"
        )


def _longest(moments: list[float]) -> float:
    return max(later - earlier for earlier, later in pairwise(moments))


# ── counters ──


class Counted(NamedTuple):
    """How a counter went on.

    `falls`: each pair of points of which the second is lower; `jumps`: how often it was back where
    it had fallen from.
    """

    increase: float
    falls: list[tuple[Point, Point]]
    jumps: int


def counted(series: Points) -> Counted:
    """A counter that falls began anew at 0."""
    increase, jumps, highest, fallen = 0.0, 0, float("-inf"), False
    falls: list[tuple[Point, Point]] = []
    for before, point in pairwise(series):
        highest = max(highest, before.value)
        if point.value < before.value:
            falls.append((before, point))
            increase, fallen = increase + point.value, True
            continue
        increase += point.value - before.value
        if fallen and point.value >= highest:
            jumps, fallen = jumps + 1, False
    return Counted(increase, falls, jumps)


def in_turn(counter: Counted) -> None:
    """Raises `Unseen` where a counter goes down and up again, more than once: those are several
    counters, seen in turn.
    """
    if counter.jumps > 1:
        raise Unseen(
            f"a counter fell and was back again {counter.jumps} times: several processes answer in"
            " turn, and each tells only of itself; set performance.resources.prometheus or"
            " performance.resources.kubernetes"
        )
