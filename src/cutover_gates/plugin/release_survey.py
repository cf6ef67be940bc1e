"""Asks a running target many times for its release, each time over a new connection.

A load balancer hands each connection to one of its instances. One question finds one instance in
ten with another release only once in ten runs; 29 questions find it with 95 %
(docs/decisions/0028-release-that-answers.md).
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from cutover_gates.core.clock_slack import ClockReading
from cutover_gates.core.release_answers import ReleaseAnswers
from cutover_gates.plugin.release_questions import ReleaseLane, ReleaseTally
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import infrastructure_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.concurrency import run_concurrently

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


@dataclass(frozen=True)
class ReleaseSurvey:
    """What answered to many questions. `clocks` are the bounds of the target's clock."""

    answers: ReleaseAnswers
    clocks: tuple[ClockReading, ...] = ()


def survey_release(run: PytestRun, target: RunningTarget, moment: str) -> ReleaseSurvey:
    """Return the releases that the target names in `QUESTIONS` answers, and its clock.

    It takes at most `SURVEY_SECONDS`, and one request. Nothing is raised for what a target does.
    """
    tally = ReleaseTally()
    ends = time.monotonic() + SURVEY_SECONDS
    for number in range(ROUNDS):
        missing = QUESTIONS - tally.releases.total()
        if missing <= 0 or tally.untold or _is_silent(tally) or time.monotonic() >= ends:
            break
        if number:
            time.sleep(PAUSE_SECONDS * number)
        _ask_in_lanes(missing, ends, tally, partial(ReleaseLane, run, target, tally))
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
        tally = ReleaseTally()
        with contextlib.closing(
            ReleaseLane(run, replace(target, url=address + path), tally)
        ) as lane:
            lane.ask()
        return next(iter(tally.releases), "")

    told = run_concurrently([partial(ask, address) for address in addresses])
    return {address: release for address, release in zip(addresses, told, strict=True) if release}


def _ask_in_lanes(
    questions: int, ends: float, tally: ReleaseTally, open_lane: Callable[[], ReleaseLane]
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
            while not _is_silent(tally) and time.monotonic() < ends and next_ticket() is not None:
                lane.ask()

    run_concurrently([work] * min(LANES, questions))


def _is_silent(tally: ReleaseTally) -> bool:
    """Return whether each lane asked once, and no answer came."""
    return tally.lost >= LANES and not tally.releases


def _summarize(tally: ReleaseTally, moment: str, backends: dict[str, str]) -> ReleaseAnswers:
    untold = tally.untold
    if not tally.releases and not tally.lost:
        # It answers every time, and never with a release.
        untold = untold or tally.problem
    return ReleaseAnswers(
        moment, QUESTIONS, dict(tally.releases), untold, tally.cached, tally.problem, backends
    )
