"""Waits on a condition, within a bound."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between the first two looks, and at most: a store is not asked more often than it must
be.
"""
T = TypeVar("T")


def awaited(look: Callable[[], T | None], seconds: float) -> T | None:
    """What `look` gives as soon as it is not None; None where it still is after `seconds`.

    It is asked once at least, and once at the very end.
    """
    ends, pause = time.monotonic() + seconds, PAUSE
    while True:
        last = time.monotonic() >= ends
        found = look()
        if found is not None or last:
            return found
        time.sleep(min(pause, max(0.0, ends - time.monotonic())))
        pause = min(LONGEST_PAUSE, 1.5 * pause)
