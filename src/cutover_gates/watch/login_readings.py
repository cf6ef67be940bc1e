"""The watcher's own login at the database, as a source of the database trigger.

It has a thread of its own and one connection at a time, which it closes at once. A login that takes
longer than an evaluation delays no reading.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cutover_gates.core.triggers.evaluation import DatabaseReading, ProbeAnswer
from cutover_gates.core.triggers.trigger_names import (
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.probes.database.login_attempt import LoginAttempt, LoginOutcome
from cutover_gates.watch.reading_sources import SourceReadings
from cutover_gates.watch.time_spans import Span

LOGIN_KEY = ConditionKey(TriggerName.DATABASE, SERVICE, SignalSource.PROBES)
MOST_GAPS = 20
WAIT_SECONDS = 0.3
"""Seconds in which a login usually ends; the result of a slower one comes with the next reading."""


@dataclass
class LoginReadings:
    """Logs in once for each reading. `attempt` logs in, within a bound of its own.

    The login is not a sight of the target's answers, so it never makes the probes count as heard.
    An account that was never let in is a mistake in the settings, and no failure of the database:
    `has_worked` is whether it was let in before. Only a refusal for want of connections counts
    without that.
    """

    attempt: Callable[[], LoginAttempt]
    source: SignalSource = SignalSource.PROBES
    clock: Callable[[], float] = time.monotonic
    _results: list[tuple[float, LoginAttempt]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    has_worked: bool = False
    _gaps: list[tuple[float, float]] = field(default_factory=list)

    def add_own_gap(self, span: Span) -> None:
        """Take in a gap of the watcher's own that has just ended."""
        ended = self.clock()
        self._gaps = [*self._gaps, (ended - span.seconds, ended)][-MOST_GAPS:]

    def read(self, now: float) -> SourceReadings:
        """Begin a login where none is under way, and return how the last one ended."""
        del now
        # A late reading may still be in here: never two logins at a time.
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._log_in, daemon=True, name="login")
                self._thread.start()
        self._thread.join(WAIT_SECONDS)
        with self._lock:
            results, self._results = self._results, []
        if not results:
            reading = DatabaseReading(LOGIN_KEY)
            return SourceReadings((reading,), False, {LOGIN_KEY: "no login has ended in time"})
        answer, reason = self._judge(*results[-1])
        unknown = {LOGIN_KEY: reason} if reason else {}
        return SourceReadings((DatabaseReading(LOGIN_KEY, login=answer),), False, unknown)

    def _log_in(self) -> None:
        result = self.attempt()
        with self._lock:
            self._results.append((self.clock(), result))

    def _judge(self, ended: float, result: LoginAttempt) -> tuple[ProbeAnswer, str]:
        """Return the answer, and why it is unknown or a failure; empty where it is good."""
        if result.outcome is LoginOutcome.OK:
            self.has_worked = True
            return ProbeAnswer.OK, ""
        if result.outcome is LoginOutcome.REFUSED:
            return ProbeAnswer.FAIL, ""
        began = ended - result.seconds
        if any(begins < ended and began < ends for begins, ends in self._gaps):
            return ProbeAnswer.NONE, "the watcher itself did not run while it logged in"
        if result.outcome is LoginOutcome.BROKEN and self.has_worked:
            return ProbeAnswer.FAIL, ""
        return ProbeAnswer.NONE, f"the watcher's login has no result: {result.why}"
