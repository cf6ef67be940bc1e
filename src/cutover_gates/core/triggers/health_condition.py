"""The condition of health: failed probes in a row."""

from __future__ import annotations

from dataclasses import dataclass, field

from cutover_gates.core.triggers.evaluation import HealthReading, ProbeAnswer
from cutover_gates.core.triggers.trigger_limits import FLAP_ANSWERS, FLAP_SHARE, TriggerLimits
from cutover_gates.core.triggers.trigger_names import SERVICE, TriggerState, TriggerValue


@dataclass
class HealthCondition:
    """The failures in a row of one instance, or of the balancer.

    A failure adds one, an answer begins anew, and what is unknown changes nothing. `started_at`:
    when it was first probed; an instance counts from its first answer on, or once the time to
    start is over.
    """

    state: TriggerState = TriggerState.CLEAR
    since: float | None = None
    failures: int = 0
    value: TriggerValue = TriggerValue.UNKNOWN
    started_at: float | None = None
    has_answered: bool = False
    known_at: float | None = None
    answers: list[bool] = field(default_factory=list)

    @property
    def is_flapping(self) -> bool:
        """Whether it fails so often, though not in a row, that nothing is proven."""
        failed = self.answers.count(False)
        return len(self.answers) == FLAP_ANSWERS and failed > FLAP_SHARE * FLAP_ANSWERS

    @property
    def is_starting(self) -> bool:
        """Whether it was probed, has not answered yet, and may still take its time."""
        return self.started_at is not None and self.known_at is None

    def advance(self, now: float, reading: HealthReading | None, limits: TriggerLimits) -> None:
        """Take in one probe."""
        self.value = TriggerValue.UNKNOWN
        if reading is None or _is_unknown(reading, limits):
            return
        self.started_at = now if self.started_at is None else self.started_at
        if reading.result is ProbeAnswer.OK:
            self._count_answer(now)
        elif self._counts(now, reading, limits):
            self._count_failure(now, limits)

    def interrupt(self) -> None:
        """Begin to count anew: it was not seen for too long."""
        if self.state is not TriggerState.FIRED:
            self._clear()

    def forget(self) -> None:
        """Begin anew: another image runs, or the deployment takes the instance away."""
        self.interrupt()
        self.value, self.known_at, self.has_answered = TriggerValue.UNKNOWN, None, False
        self.started_at = None
        self.answers.clear()

    def _counts(self, now: float, reading: HealthReading, limits: TriggerLimits) -> bool:
        if self.has_answered or reading.key.subject == SERVICE:
            return True
        return self.started_at is not None and now - self.started_at >= limits.start_seconds

    def _count_answer(self, now: float) -> None:
        self.value, self.known_at, self.has_answered = TriggerValue.FALSE, now, True
        self.answers = [*self.answers, True][-FLAP_ANSWERS:]
        if self.state is not TriggerState.FIRED:
            self._clear()

    def _count_failure(self, now: float, limits: TriggerLimits) -> None:
        self.value, self.known_at = TriggerValue.TRUE, now
        self.answers = [*self.answers, False][-FLAP_ANSWERS:]
        self.failures += 1
        if self.state is TriggerState.CLEAR:
            self.state, self.since = TriggerState.PENDING, now
        if self.failures > limits.health_failures:
            self.state = TriggerState.FIRED

    def _clear(self) -> None:
        self.state, self.since, self.failures = TriggerState.CLEAR, None, 0


def _is_unknown(reading: HealthReading, limits: TriggerLimits) -> bool:
    # A probe that was sent a whole interval late says when the watcher was busy, not the target.
    late = reading.late_seconds > limits.health_seconds
    return late or reading.terminating or reading.result is ProbeAnswer.NONE
