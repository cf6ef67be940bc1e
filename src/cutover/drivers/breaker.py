"""Gives up on a target that does not answer, so that a hundred checks do not wait a hundred times."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

REFUSED_IN_A_ROW = 3


class Breaker:
    """Open once the time lost without any answer passes `patience` seconds, or after three refused
    connections in a row.

    Time is lost as a clock on the wall sees it: sixteen threads that wait for the same second lose
    one second. Any answer sets it back.
    """

    def __init__(self, patience: float = 6.0) -> None:
        self.patience = patience
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Believe in the target again: it was restarted."""
        with self._lock:
            self._lost, self._counted_until, self._refused = 0.0, 0.0, 0
            self._why: str | None = None

    @property
    def why(self) -> str | None:
        """Why nothing is sent any more, or None."""
        return self._why

    def bound(self, seconds: float) -> float:
        """`seconds`, or what is left of the patience when that is less."""
        with self._lock:
            return max(0.05, min(seconds, self.patience - self._lost))

    def answered(self) -> None:
        with self._lock:
            self._lost, self._refused = 0.0, 0

    def refused(self) -> None:
        """The connection was refused. Costs no time, but says that nobody is there."""
        with self._lock:
            self._refused += 1
            if self._refused >= REFUSED_IN_A_ROW:
                self._open(f"{self._refused} connections in a row were refused")

    def silent(self, started: float) -> None:
        """No answer came to a request begun at `started` (monotonic)."""
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
