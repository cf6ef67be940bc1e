"""Asks a running target for its release, and counts what it answers.

Each request makes a new connection, so that a load balancer may hand it to another instance.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from cutover_gates.core.clock_slack import ClockReading
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.release_answers import SHOWN_CHARACTERS, shorten_release
from cutover_gates.hospital import (
    MappingError,
    ProtocolViolation,
    Rejected,
    Unreachable,
    Unsupported,
)
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.http import parse_date
from cutover_gates.util.text import first_error_line

DATE_SECONDS = 1.0
"""A `Date` header has whole seconds: the clock is up to one second later than it says."""
SERVER_ERROR = 500
PASSING_STATUSES = frozenset({408, 425, 429})
"""Statuses below 500 that say that the same question may be answered later."""
CACHE_HIT = re.compile(r"(?<![a-z])hit(?![a-z])", re.IGNORECASE)


@dataclass
class ReleaseTally:
    """The answers so far; several threads add to it."""

    releases: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    lost: int = 0
    problem: str = ""
    untold: str = ""
    clocks: list[ClockReading] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add_release(self, release: str, *, cached: bool) -> None:
        """Count an answer with a release, and whether a cache gave it."""
        with self.lock:
            self.releases[shorten_release(release)] += 1
            self.cached += cached

    def add_problem(self, problem: str, *, lost: bool) -> None:
        """Keep the first reason of an answer without a release. `lost`: none came at all."""
        with self.lock:
            self.problem = self.problem or problem
            self.lost += lost

    def add_clock(self, date: float, began: float) -> None:
        """Note the bounds that the `Date` of an answer leaves, whose question began at `began`."""
        with self.lock:
            reading = ClockReading("", date - time.time(), date + DATE_SECONDS - began)
            self.clocks.append(reading)

    def add_untold(self, why: str) -> None:
        """Keep the first reason why the target tells no release, whenever it is asked."""
        with self.lock:
            self.untold = self.untold or why


class ReleaseLane:
    """A driver of its own, each of whose requests makes a new connection."""

    def __init__(self, run: PytestRun, target: RunningTarget, tally: ReleaseTally) -> None:
        self._tally, self._from_cache, self._status = tally, False, 0
        self._began = time.time()
        # A recorder of its own: 58 equal requests would push everything else out of the run's.
        recorder = Recorder(run.redactor)
        self._driver = open_driver(
            run.settings, target, recorder, run.tag, self._observe, fresh=True
        )

    def _observe(self, _request: httpx.Request, response: httpx.Response | None) -> None:
        self._status = response.status_code if response is not None else 0
        if response is None:
            return
        is_cached = is_from_cache(response.headers)
        self._from_cache |= is_cached
        date = parse_date(response.headers.get("date"))
        # A cache gives the date of the answer that it kept.
        if date is not None and not is_cached:
            self._tally.add_clock(date, self._began)

    def ask(self) -> None:
        """Ask once, and add the answer to the tally."""
        self._from_cache, self._status = False, 0
        self._began = time.time()
        try:
            release: object = self._driver.release()
        except Unsupported as silence:
            self._tally.add_untold(silence.why)
        except Unreachable as silence:
            self._tally.add_problem(first_error_line(silence), lost=True)
        except (ProtocolViolation, Rejected, MappingError) as mistake:
            self._add_refusal(first_error_line(mistake))
        else:
            _add_answer(self._tally, release, cached=self._from_cache)

    def _add_refusal(self, why: str) -> None:
        # An instance that answers well, and names no release, may be of any. Another one is
        # overloaded, or a proxy found none: that may pass.
        if 0 < self._status < SERVER_ERROR and self._status not in PASSING_STATUSES:
            self._tally.add_untold(why)
        else:
            self._tally.add_problem(why, lost=False)

    def close(self) -> None:
        """Close the driver, where it can be closed: the protocol of drivers does not ask it."""
        getattr(self._driver, "close", lambda: None)()


def _add_answer(tally: ReleaseTally, release: object, *, cached: bool) -> None:
    if isinstance(release, str) and release.strip():
        tally.add_release(release, cached=cached)
    else:  # a driver of the hospital's own may return anything
        tally.add_untold(f"its version is {release!r}"[:SHOWN_CHARACTERS])


def is_from_cache(headers: httpx.Headers) -> bool:
    """Return whether an answer says that a cache gave it: `Age` (RFC 9111), or a hit."""
    age = headers.get("age", "").strip()
    if age.isascii() and age.isdecimal() and int(age[:12]) > 0:
        return True
    # RFC 9211, and the header that most proxies write instead ("Hit from cloudfront", "TCP_HIT").
    told = f"{headers.get('cache-status', '')} {headers.get('x-cache', '')}"
    return CACHE_HIT.search(told) is not None
