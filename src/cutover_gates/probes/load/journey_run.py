"""One journey while it runs: its requests are measured from when they were due."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from cutover_gates.hospital import (
    Driver,
    MappingError,
    ProtocolViolation,
    Rejected,
    Transition,
    Unreachable,
    Unsupported,
)
from cutover_gates.probes.load.request_outcomes import (
    ConnectionFlags,
    ConnectionUse,
    RequestOutcome,
)

REQUEST_ERRORS = (Rejected, ProtocolViolation, MappingError, OSError, TimeoutError)


class JourneyAborted(Exception):
    """A request failed (and is in the log as such), so the journey cannot go on."""


class SampleRecorder(Protocol):
    """Takes a request that ended. Times are in seconds, as in `sample_log.RECORD`."""

    def __call__(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        outcome: RequestOutcome,
        status: int,
        failure: str,
        flags: ConnectionFlags,
    ) -> None:
        """Record the request."""


class JourneyRun:
    """One journey while it runs.

    `clock` and `pause` are the process's. `think` returns the seconds of the next pause.
    `watch_connections` returns the use of connections of the operation that begins; the transport
    fills it in.
    """

    def __init__(
        self,
        due: float,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        think: Callable[[], float],
        record: SampleRecorder,
        watch_connections: Callable[[], ConnectionUse] = ConnectionUse,
    ) -> None:
        self.due, self._clock, self._pause = due, clock, pause
        self._think, self._record = think, record
        self._watch_connections, self._use = watch_connections, ConnectionUse()
        # A request that was answered counts as a success only once the journey has looked at it.
        self._answered: tuple[str, float, float, float] | None = None
        self._waiting: tuple[str, float] | None = None
        self._over = False

    def think(self) -> None:
        """Accept the last answer, and pause."""
        self.finish_request()
        self.due = self._clock() + self._think()
        self._pause(self.due - self._clock())

    def perform(self, name: str, act: Callable[..., Any], *words: Any, **named: Any) -> Any:
        """Do one operation and measure it.

        Raises `JourneyAborted` where it fails, or the run is over.
        """
        if self._over:
            raise JourneyAborted
        self.finish_request()
        # A move of a visit is named by the transition: admit, discharge.
        transitions = (word.value for word in words if isinstance(word, Transition))
        operation = next(transitions, name)
        sent = self._clock()
        self._waiting, self._use = (operation, sent), self._watch_connections()
        try:
            result = act(*words, **named)
        except Unsupported:
            raise
        except REQUEST_ERRORS as error:
            self._record_error(operation, sent, error)
            raise JourneyAborted from None
        finally:
            self._waiting = None
        ended = self._clock()
        self._answered = (operation, self.due, sent - self.due, ended - self.due)
        self.due = ended
        return result

    def _record_error(self, operation: str, sent: float, error: Exception) -> None:
        status = error.answer.status if isinstance(error, Rejected) else self._use.status
        took = self._clock() - self.due
        outcome, flags = _classify_error(error), self._use.flags
        self._record(operation, self.due, sent - self.due, took, outcome, status, str(error), flags)

    def finish_request(self, failure: str = "") -> None:
        """Record the request that was answered last: a success, or an invalid answer."""
        if self._answered is None:
            return
        operation, due, late, took = self._answered
        self._answered = None
        outcome = RequestOutcome.INVALID_ANSWER if failure else RequestOutcome.SUCCESS
        status = self._use.status if failure else 0
        self._record(operation, due, late, took, outcome, status, failure, self._use.flags)

    def abort(self) -> None:
        """End the journey with the run: a request that waits has waited so long.

        Nothing is sent or recorded afterwards.
        """
        self.finish_request()
        if self._waiting is not None:
            operation, sent = self._waiting
            took, outcome = self._clock() - self.due, RequestOutcome.UNFINISHED
            flags = self._use.flags
            self._record(operation, self.due, sent - self.due, took, outcome, 0, "", flags)
        self._over, self._record = True, _discard_sample


def _discard_sample(
    operation: str,
    due: float,
    late: float,
    took: float,
    outcome: RequestOutcome,
    status: int,
    failure: str,
    flags: ConnectionFlags,
) -> None:
    """Discard a request that ends after the run."""


def _classify_error(error: Exception) -> RequestOutcome:
    if isinstance(error, Unreachable | OSError):
        return RequestOutcome.NO_ANSWER
    return RequestOutcome.REJECTED if isinstance(error, Rejected) else RequestOutcome.INVALID_ANSWER


class _MeasuredHospital:
    """A driver of which every operation is done by a `JourneyRun`."""

    def __init__(self, hospital: Driver, run: JourneyRun) -> None:
        self._hospital, self._run = hospital, run

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._run.perform, name, getattr(self._hospital, name))


def measure_hospital(hospital: Driver, run: JourneyRun) -> Driver:
    """Return the driver, measured by `run`."""
    return cast(Driver, _MeasuredHospital(hospital, run))
