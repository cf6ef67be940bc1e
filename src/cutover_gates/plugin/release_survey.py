"""Asks a running target many times for its release, each time over a new connection.

A load balancer hands each connection to one of its instances. One question finds one instance in
ten with another release only once in ten runs; 29 questions find it with 95 %
(docs/decisions/0028-release-that-answers.md).
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import urlsplit

import httpx

from cutover_gates.core.clock_slack import ClockReading
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.release_answers import ReleaseAnswers
from cutover_gates.hospital import (
    MappingError,
    ProtocolViolation,
    Rejected,
    Unreachable,
    Unsupported,
)
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import infrastructure_of, open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import parse_date
from cutover_gates.util.text import first_error_line

QUESTIONS = 29
"""Questions of one survey. The smallest n with 1 - 0.9^n >= 0.95: 0.953 for 29, 0.948 for 28."""
LANES = 6
"""Drivers that ask at the same time. Opening one costs 20 ms of CPU (its mapping is read): 29 of
them took 0.6 s, and six take 0.13 s.
"""
ROUNDS = 3
"""How often a question without an answer is asked, so that one lost packet is no NO-GO."""
SURVEY_SECONDS = 60.0
"""Seconds after which no further question is asked. One that runs has the target's own limit.

A FHIR server names its release in a statement of up to 1.8 MB: on 10 Mbit/s 29 of them need 42 s.
"""
PAUSE_SECONDS = 0.5
DATE_SECONDS = 1.0
"""A `Date` header has whole seconds: the clock is up to one second later than it says."""
SHOWN_CHARACTERS = 200
"""Characters of a release that are kept: it comes from the target, and may be anything."""
SERVER_ERROR = 500
PASSING_STATUSES = frozenset({408, 425, 429})
"""Statuses below 500 that say that the same question may be answered later."""
CACHE_HIT = re.compile(r"(?<![a-z])hit(?![a-z])", re.IGNORECASE)


@dataclass
class _Tally:
    """The answers so far; several threads add to it."""

    releases: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    lost: int = 0
    problem: str = ""
    untold: str = ""
    clocks: list[ClockReading] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_silent(self) -> bool:
        """True where each lane asked once, and no answer came."""
        return self.lost >= LANES and not self.releases

    def add_release(self, release: str, *, cached: bool) -> None:
        with self.lock:
            self.releases[release[:SHOWN_CHARACTERS]] += 1
            self.cached += cached

    def add_problem(self, problem: str, *, lost: bool) -> None:
        with self.lock:
            self.problem = self.problem or problem
            self.lost += lost

    def add_clock(self, date: float, began: float) -> None:
        """Note the bounds that the `Date` of an answer leaves, whose question began at `began`."""
        with self.lock:
            reading = ClockReading("", date - time.time(), date + DATE_SECONDS - began)
            self.clocks.append(reading)

    def add_untold(self, why: str) -> None:
        with self.lock:
            self.untold = self.untold or why


@dataclass(frozen=True)
class ReleaseSurvey:
    """What answered to many questions. `clocks` are the bounds of the target's clock."""

    answers: ReleaseAnswers
    clocks: tuple[ClockReading, ...] = ()


def survey_release(run: PytestRun, target: RunningTarget, moment: str) -> ReleaseSurvey:
    """Return the releases that the target names in `QUESTIONS` answers, and its clock.

    It takes at most `SURVEY_SECONDS`, and one request. Nothing is raised for what a target does.
    """
    tally = _Tally()
    ends = time.monotonic() + SURVEY_SECONDS
    for number in range(ROUNDS):
        missing = QUESTIONS - tally.releases.total()
        if missing <= 0 or tally.untold or tally.is_silent or time.monotonic() >= ends:
            break
        if number:
            time.sleep(PAUSE_SECONDS * number)
        _ask_in_lanes(missing, ends, tally, partial(_Lane, run, target, tally))
    answers = _summarize(tally, moment, _ask_backends(run, target))
    return ReleaseSurvey(answers, tuple(tally.clocks))


def _ask_backends(run: PytestRun, target: RunningTarget) -> dict[str, str]:
    """Return the release of each declared backend that tells one when it is asked directly.

    A balancer may send every connection of one client to one instance. Whether each backend answers
    is the question of another check.
    """
    addresses = infrastructure_of(run.settings, target).balancer.backends
    path = urlsplit(target.url).path

    def ask(address: str) -> str:
        tally = _Tally()
        with contextlib.closing(_Lane(run, replace(target, url=address + path), tally)) as lane:
            lane.ask()
        return next(iter(tally.releases), "")

    told = run_concurrently([partial(ask, address) for address in addresses])
    return {address: release for address, release in zip(addresses, told, strict=True) if release}


def _ask_in_lanes(
    questions: int, ends: float, tally: _Tally, open_lane: Callable[[], _Lane]
) -> None:
    """Ask so many questions, `LANES` at a time, and none after `ends` (`time.monotonic`).

    A target from which nothing comes is not asked so often: it would cost its whole time.
    """
    tickets = iter(range(questions))
    lock = threading.Lock()

    def next_ticket() -> int | None:
        with lock:
            return next(tickets, None)

    def work() -> None:
        with contextlib.closing(open_lane()) as lane:
            while not tally.is_silent and time.monotonic() < ends and next_ticket() is not None:
                lane.ask()

    run_concurrently([work] * min(LANES, questions))


class _Lane:
    """A driver of its own, each of whose requests makes a new connection."""

    def __init__(self, run: PytestRun, target: RunningTarget, tally: _Tally) -> None:
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


def _add_answer(tally: _Tally, release: object, *, cached: bool) -> None:
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


def _summarize(tally: _Tally, moment: str, backends: dict[str, str]) -> ReleaseAnswers:
    untold = tally.untold
    if not tally.releases and not tally.lost:
        # It answers every time, and never with a release.
        untold = untold or tally.problem
    return ReleaseAnswers(
        moment, QUESTIONS, dict(tally.releases), untold, tally.cached, tally.problem, backends
    )
