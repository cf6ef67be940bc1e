"""Several things asked at the same time, so that ten that are dead cost no more than one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def abreast(asks: Iterable[Callable[[], T]]) -> list[T]:
    """What each gives, in their order.

    Each has a bound of its own and answers with a value; the first that raises is raised.
    """
    waiting = list(asks)
    if not waiting:
        return []
    with ThreadPoolExecutor(len(waiting), thread_name_prefix="abreast") as threads:
        return list(threads.map(lambda ask: ask(), waiting))
