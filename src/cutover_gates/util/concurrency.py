"""Several things asked at the same time, so that ten that are dead cost no more than one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cutover_gates.util.resource_sample import SourceUnavailable

T = TypeVar("T")


def run_concurrently(asks: Iterable[Callable[[], T]]) -> list[T]:
    """What each gives, in their order.

    Each has a bound of its own and answers with a value; the first that raises is raised.
    """
    waiting = list(asks)
    if not waiting:
        return []
    with ThreadPoolExecutor(len(waiting), thread_name_prefix="abreast") as threads:
        return list(threads.map(lambda ask: ask(), waiting))


QUESTION_TIMEOUT_SECONDS = 5.0
"""That one question may take; what belongs to it is asked at the same time."""


class ObjectNotFound(SourceUnavailable):
    """It answered, and what was asked for is not there. That is a finding, and no silence."""


def run_until_deadline(
    ask: Callable[[], T], ends: float, seconds: float, whom: str
) -> T | SourceUnavailable:
    """What `ask` gives; why it gives nothing, where it raises, or has not ended at `ends`
    (`time.monotonic`), `seconds` after the question was put.

    Only a sentence leaves the thread in which it is asked: the frames of what was raised in it hold
    headers. A late thread is left behind; it ends with its own time-outs, and at the latest with
    the process.
    """
    came: list[T | SourceUnavailable] = []

    def asked() -> None:
        try:
            came.append(ask())
        except SourceUnavailable as silent:
            came.append(type(silent)(str(silent)))
        except (
            Exception
        ) as error:  # whatever it is, only its kind is told: its text may hold a header
            came.append(SourceUnavailable(f"{whom} cannot be asked: {type(error).__name__}"))

    thread = threading.Thread(target=asked, daemon=True, name="bounded")
    thread.start()
    thread.join(max(0.0, ends - time.monotonic()))
    return (
        came[0] if came else SourceUnavailable(f"{whom} gave no whole answer within {seconds:g} s")
    )


FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 1.0
"""Seconds between the first two looks, and at most: a store is not asked more often than it must
be.
"""


def wait_until(look: Callable[[], T | None], seconds: float) -> T | None:
    """What `look` gives as soon as it is not None; None where it still is after `seconds`.

    It is asked once at least, and once at the very end.
    """
    ends, pause = time.monotonic() + seconds, FIRST_PAUSE_SECONDS
    while True:
        last = time.monotonic() >= ends
        found = look()
        if found is not None or last:
            return found
        time.sleep(min(pause, max(0.0, ends - time.monotonic())))
        pause = min(LONGEST_PAUSE_SECONDS, 1.5 * pause)
