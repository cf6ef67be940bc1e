"""Sessions that stay with one release: then only answers over new connections are draws.

A balancer that deals each request changes the release often within a session. One that deals each
session, or each connection, hardly ever does, and a thousand requests of one session are one draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from cutover_gates.probes.rollout.rollout_record import ReleaseAnswer

FEWEST_SWITCHES = 40.0
"""Switches that must be expected before their absence says anything."""
STICKY_PART = 0.5
"""The part of the expected switches below which sessions stay: by chance once in 3,000 steps."""


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
