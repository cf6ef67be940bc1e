"""Several calls at the same time, each with a bound on its time.

Ten dead servers then cost no more time than one. Threads, not asyncio: most of what is called is a
blocking library (docs/decisions/0022-threads.md).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from cutover_gates.util.http import SourceUnavailable, drop_frames

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

QUESTION_TIMEOUT_SECONDS = 5.0
"""Seconds for one question of a probe; the requests that belong to it run at the same time."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 1.0
"""Seconds between the first two polls of `wait_until`, and the most between any two: a log store is
not polled more often than necessary."""

TICK_SECONDS = 0.2
"""Seconds between two looks: a reader sees no difference in less."""


def run_concurrently(calls: Iterable[Callable[[], T]]) -> list[T]:
    """Return what each call returns, in their order.

    Each call bounds its own time. The first exception is raised.
    """
    pending = list(calls)
    if not pending:
        return []
    # A thread for each: with fewer of them a dead server would delay the others.
    with ThreadPoolExecutor(len(pending), thread_name_prefix="concurrent") as threads:
        return list(threads.map(lambda call: call(), pending))


def run_watched(
    calls: Sequence[Callable[[], T]],
    *,
    tick: Callable[[], None],
    cancel: Callable[[], None],
) -> list[T]:
    """Return what each call returns, in their order. `tick` is called again and again meanwhile.

    `cancel` is called once where the wait ends by an exception, such as Ctrl-C; it must make the
    calls end soon, because they are waited for. The first exception of a call is raised.
    """
    if not calls:
        return []
    with ThreadPoolExecutor(len(calls), thread_name_prefix="watched") as threads:
        running = [threads.submit(call) for call in calls]
        try:
            while wait(running, TICK_SECONDS).not_done:
                tick()
        except BaseException:
            cancel()
            raise
        return [one.result() for one in running]


@dataclass
class _Outcome:
    """What a call returned or raised."""

    value: object = None
    error: BaseException | None = None


def _run_in_thread(seconds: float, call: Callable[[], object]) -> _Outcome | None:
    """Return the outcome; None where there is none after `seconds`.

    A late thread is left behind. It ends by its own timeouts, at the latest with the process.
    """
    outcomes: list[_Outcome] = []

    def run() -> None:
        try:
            outcomes.append(_Outcome(call()))
        except BaseException as error:  # handed to the thread that asked
            outcomes.append(_Outcome(error=error))

    # A daemon: a thread that hangs must not keep the process from ending.
    thread = threading.Thread(target=run, daemon=True, name="bounded-call")
    thread.start()
    thread.join(seconds)
    return outcomes[0] if outcomes else None


def run_with_timeout(seconds: float, call: Callable[[], T]) -> T:
    """Return what the call returns, or raise what it raises.

    Raises:
        SourceUnavailable: the call takes longer than `seconds`.
    """
    outcome = _run_in_thread(seconds, call)
    if outcome is None:
        raise SourceUnavailable(f"no answer within {seconds:g} s")
    if outcome.error is not None:
        raise outcome.error
    return outcome.value  # type: ignore[return-value]  # without an error it is the call's value


def run_until_deadline(
    call: Callable[[], T], ends: float, seconds: float, source: str
) -> T | SourceUnavailable:
    """Return what the call returns, or why it returns nothing.

    `ends` is the deadline (`time.monotonic`), `seconds` the time from the question to the deadline.
    Of an exception only the kind is kept: its text and its frames may hold headers with tokens.
    """
    outcome = _run_in_thread(max(0.0, ends - time.monotonic()), call)
    if outcome is None:
        return SourceUnavailable(f"gave no complete answer within {seconds:g} s", source)
    if isinstance(outcome.error, SourceUnavailable):
        return drop_frames(outcome.error)
    if outcome.error is not None:
        return SourceUnavailable(f"cannot be asked: {type(outcome.error).__name__}", source)
    return outcome.value  # type: ignore[return-value]  # without an error it is the call's value


def query_all(
    things: Iterable[K], query: Callable[[K], T], seconds: float
) -> dict[K, T | SourceUnavailable]:
    """Return by thing what the query returns, or why it returned nothing within `seconds`.

    All queries run at the same time.
    """
    # The same thing twice is one query.
    distinct = list(dict.fromkeys(things))
    calls = (partial(_return_error, seconds, partial(query, thing)) for thing in distinct)
    return dict(zip(distinct, run_concurrently(calls), strict=True))


def _return_error(seconds: float, call: Callable[[], T]) -> T | SourceUnavailable:
    try:
        return run_with_timeout(seconds, call)
    except SourceUnavailable as error:
        return error


def wait_until(
    poll: Callable[[], T | None], seconds: float, pause: float = FIRST_PAUSE_SECONDS
) -> T | None:
    """Return what `poll` returns as soon as it is not None; None where it still is after `seconds`.

    Polls at least once, and once at the very end. The pauses grow from `pause` by half each time.
    """
    ends = time.monotonic() + seconds
    while True:
        # Decided before the poll, so that one poll comes after the deadline.
        last = time.monotonic() >= ends
        found = poll()
        if found is not None or last:
            return found
        time.sleep(min(pause, max(0.0, ends - time.monotonic())))
        pause = min(LONGEST_PAUSE_SECONDS, 1.5 * pause)


def wait_for(condition: Callable[[], bool], seconds: float, pause: float) -> bool:
    """Return whether the condition became true within `seconds`; polls every `pause` seconds."""
    ends = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < ends:
        time.sleep(pause)
    return holds
