"""A circuit breaker for a target that has become silent."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from math import inf

REFUSED_IN_A_ROW = 3
"""Refused connections after which nothing more is sent.

One or two happen while a target restarts or a proxy changes its backend.
"""


class CircuitBreaker:
    """A breaker that opens after `patience` seconds without any answer.

    It also opens after `REFUSED_IN_A_ROW` refused connections. With an infinite patience it never
    opens, as a watcher needs it. The lost time is wall-clock time:
    sixteen threads that wait during the same second lose one second. Any answer resets it.
    """

    def __init__(self, patience: float = 6.0) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Close the breaker and forget the lost time: the target was restarted."""
        with self._lock:
            self._lost, self._counted_until, self._refused = 0.0, 0.0, 0
            self._why: str | None = None

    @property
    def why(self) -> str | None:
        """The reason why nothing more is sent; None while the breaker is closed."""
        return self._why

    def limit(self, seconds: float) -> float:
        """Return `seconds`, or the rest of the patience where that is less."""
        with self._lock:
            return max(0.05, min(seconds, self.patience - self._lost))

    def record_answer(self) -> None:
        """Record that an answer came."""
        with self._lock:
            self._lost, self._refused = 0.0, 0

    def record_refusal(self) -> None:
        """Record a refused connection. It costs no time, but shows that nothing listens."""
        with self._lock:
            self._refused += 1
            if self._refused >= REFUSED_IN_A_ROW and self.patience < inf:
                self._open(f"{self._refused} connections in a row were refused")

    def record_timeout(self, started: float) -> None:
        """Record that no answer came to a request that began at `started` (monotonic clock)."""
        now = time.monotonic()
        with self._lock:
            self._lost += max(0.0, now - max(started, self._counted_until))
            self._counted_until = now
            if self._lost >= self.patience - 0.05:
                self._open(f"no answer for {self._lost:.1f} s")

    def _open(self, why: str) -> None:
        if self._why is None:
            at = datetime.now(UTC).strftime("%H:%M:%S")
            self._why = (
                f"the target stopped answering at {at} UTC ({why}); nothing more is sent to it"
            )
