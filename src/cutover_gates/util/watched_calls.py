"""Calls in threads that the calling thread watches: it shows progress and stops them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")

TICK_SECONDS = 0.2
"""Seconds between two looks: a reader sees no difference in less."""


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
