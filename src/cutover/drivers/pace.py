"""Keeps sign-ins to what the target allows a minute, whoever asks for them."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable


class Pace:
    """`wait()` returns when one more may be done. `per_minute` None: always at once. Waits at most a minute for each turn."""

    def __init__(
        self, per_minute: int | None, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._per_minute, self._clock, self._sleep = per_minute, clock, sleep
        self._lock = threading.Lock()
        self._turns: deque[float] = deque(maxlen=per_minute or 1)

    def wait(self) -> None:
        if self._per_minute is None:
            return
        with self._lock:  # held while waiting: turns are taken in the order of asking
            if len(self._turns) == self._per_minute:
                self._sleep(max(0.0, self._turns[0] + 60 - self._clock()))
            self._turns.append(self._clock())
