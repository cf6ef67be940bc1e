"""Releases that a toy target reports: instances that differ, and answers that look like the right one.

The address `/release/NAME/KEY` of the toy target answers as NAME says. KEY is the counter of its
requests, so that each test has one of its own. A run asks 30 times before its checks: once to see
whether the target answers, and 29 times for its release.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ASKED_BEFORE = 30


@dataclass(frozen=True)
class ToldRelease:
    """One answer: its status, the value under `release`, and further headers."""

    release: Any = "1.0"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Return the answer's body."""
        return json.dumps({"release": self.release, "migration": "1", "name": "toy"}).encode()


OLD = ToldRelease("0.9")
RIGHT = ToldRelease()


def _always(told: ToldRelease) -> Callable[[int], ToldRelease]:
    return lambda _number: told


def _one_in(instances: int, told: ToldRelease, first: int = 0) -> Callable[[int], ToldRelease]:
    """Return a round robin in which the last instance answers with `told`, from a request on."""
    return lambda number: told if number >= first and number % instances == 0 else RIGHT


RELEASES: Mapping[str, Callable[[int], ToldRelease]] = {
    "old": _always(OLD),
    "one-in-ten": _one_in(10, OLD),
    "one-in-two": _one_in(2, OLD),
    "old-at-the-end": lambda number: OLD if number > ASKED_BEFORE else RIGHT,
    "one-in-ten-at-the-end": _one_in(10, OLD, ASKED_BEFORE + 1),
    "candidate": _always(ToldRelease("1.0-rc.1")),
    "build": _always(ToldRelease("1.0+build.7")),
    "prefix": _always(ToldRelease("v1.0")),
    "padded": _always(ToldRelease(" 1.0")),
    "line-end": _always(ToldRelease("1.0\n")),
    "look-alike": _always(ToldRelease("1.0\N{ZERO WIDTH SPACE}")),
    "other-dot": _always(ToldRelease("1\N{FULLWIDTH FULL STOP}0")),
    "longer": _always(ToldRelease("1.0.0")),
    "very-long": _always(ToldRelease("a" * 201)),
    "both": _always(ToldRelease(["1.0", "0.9"])),
    "empty": _always(ToldRelease("")),
    "blank": _always(ToldRelease("  ")),
    "none": _always(ToldRelease(None)),
    "missing-operation": _always(ToldRelease(status=404)),
    "one-tells-none": _one_in(5, ToldRelease(None)),
    "aged": _always(ToldRelease(headers={"Age": "37"})),
    "cache-hit": _always(ToldRelease(headers={"X-Cache": "Hit from proxy"})),
    "cache-status": _always(ToldRelease(headers={"Cache-Status": "edge; hit; ttl=30"})),
    "half-broken": _one_in(2, ToldRelease(status=503)),
    "previous-then-release": lambda number: RIGHT if number > ASKED_BEFORE else OLD,
    "fresh-of-a-cache": _always(ToldRelease(headers={"Age": "0", "X-Cache": "MISS"})),
}

_requests: Counter[str] = Counter()
_lock = threading.Lock()


def answer_release(path: str) -> ToldRelease:
    """Return the answer for a request to `/release/NAME/KEY/…`."""
    _, _, name, key, *_ = path.split("/")
    with _lock:
        _requests[key] += 1
        number = _requests[key]
    return RELEASES[name](number)
