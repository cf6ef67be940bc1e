"""The words in which a journey is written: what a person at work is given.

The journeys themselves stand in `performance/journeys.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

from cutover_gates.hospital import (
    Document,
    Driver,
    FrontDesk,
    MappingError,
    Patient,
    PatientDraft,
    ProtocolViolation,
    Records,
    Rejected,
    Transition,
    Unreachable,
    Unsupported,
    Upload,
    Ward,
)
from cutover_gates.probes.load.model import RequestOutcome

JourneyFunction = Callable[["JourneyContext"], None]


@dataclass(frozen=True)
class KnownPatient:
    """A synthetic patient made before the run, with one document of which the bytes are known by
    their SHA-256 (hexadecimal).
    """

    patient: Patient
    document: Document
    sha256: str


@dataclass(frozen=True)
class JourneyContext:
    """One person's way through one piece of work.

    Whatever is asked of the hospital here is measured, each request from when it was due.

    `known` is a patient to work with. What is made is entered in the run's ledger beforehand:
    `new_patient`, `reason` and `file` give what stands there.
    """

    front_desk: FrontDesk
    ward: Ward
    records: Records
    known: KnownPatient
    new_patient: Callable[[], PatientDraft] = field(repr=False)
    reason: Callable[[], str] = field(repr=False)
    file: Callable[[], Upload] = field(repr=False)
    think: Callable[[], None] = field(repr=False)


def steps(*operations: str) -> Callable[[JourneyFunction], JourneyFunction]:
    """Says which operations a journey does, in order: `@steps("search", "register")`.

    From them follows how often it is to be begun.
    """

    def tell(journey: JourneyFunction) -> JourneyFunction:
        vars(journey)["steps"] = operations
        return journey

    return tell


def get_steps(journey: JourneyFunction) -> tuple[str, ...]:
    """What `@steps` said; none where it stands nowhere, and then the function is no journey."""
    return tuple(getattr(journey, "steps", ()))


def read_journeys(source: str, name: str) -> dict[str, JourneyFunction]:
    """The journeys in the text of a Python file, by the names of their functions.

    `name` is the file's, for tracebacks.
    """
    room: dict[str, object] = {"__name__": "journeys", "__file__": name}
    exec(
        compile(source, name, "exec"), room
    )  # the suite's own file, sent along so that every machine does the same work
    return {key: value for key, value in room.items() if callable(value) and get_steps(value)}


class JourneyAborted(Exception):
    """A request did not go well (and is in the log as such), so there is nothing to go on with."""


class SampleRecorder(Protocol):
    """Where a finished request goes. Times are seconds as in `samples.RECORD`."""

    def __call__(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        ending: RequestOutcome,
        status: int,
        trouble: str,
    ) -> None: ...


class JourneyRun:
    """One journey under way.

    The clock and the pause are the process's; `think` gives the seconds of the next pause.
    """

    def __init__(
        self,
        due: float,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        think: Callable[[], float],
        keep: SampleRecorder,
    ) -> None:
        self.due, self._clock, self._pause, self._think, self._keep = due, clock, pause, think, keep
        self._open: tuple[str, float, float, float] | None = None
        self._asking: tuple[str, float] | None = None
        self._over = False

    def think(self) -> None:
        """The last answer was as it should be; then think."""
        self.finish_request()
        self.due = self._clock() + self._think()
        self._pause(self.due - self._clock())

    def perform(self, name: str, act: Callable[..., Any], *words: Any, **named: Any) -> Any:
        """Do one operation and measure it.

        Raises `JourneyAborted` when it did not go well, or the run is over.
        """
        if self._over:
            raise JourneyAborted
        self.finish_request()
        operation = next((word.value for word in words if isinstance(word, Transition)), name)
        sent = self._clock()
        self._asking = (operation, sent)
        try:
            result = act(*words, **named)
        except Unsupported:
            raise
        except (Rejected, ProtocolViolation, MappingError, OSError, TimeoutError) as error:
            ended = self._clock()
            status = error.answer.status if isinstance(error, Rejected) else 0
            self._keep(
                operation,
                self.due,
                sent - self.due,
                ended - self.due,
                _classify_error(error),
                status,
                str(error),
            )
            raise JourneyAborted from None
        finally:
            self._asking = None
        ended = self._clock()
        self._open = (operation, self.due, sent - self.due, ended - self.due)
        self.due = ended
        return result

    def finish_request(self, wrong: str = "") -> None:
        """Keep the request that was answered last: well, or with a wrong answer."""
        if self._open is not None:
            operation, due, late, took = self._open
            self._open = None
            self._keep(
                operation,
                due,
                late,
                took,
                RequestOutcome.INVALID_ANSWER if wrong else RequestOutcome.SUCCESS,
                0,
                wrong,
            )

    def abort(self) -> None:
        """The run is over: what waits for its answer has waited so long, and nothing more is asked
        or kept.
        """
        self.finish_request()
        if self._asking is not None:
            operation, sent = self._asking
            self._keep(
                operation,
                self.due,
                sent - self.due,
                self._clock() - self.due,
                RequestOutcome.UNFINISHED,
                0,
                "",
            )
        self._over, self._keep = True, _discard_sample


def _discard_sample(
    operation: str,
    due: float,
    late: float,
    took: float,
    ending: RequestOutcome,
    status: int,
    trouble: str,
) -> None:
    """Where what ends after the run goes."""


def _classify_error(error: BaseException) -> RequestOutcome:
    if isinstance(error, Unreachable | OSError):
        return RequestOutcome.NO_ANSWER
    return RequestOutcome.REJECTED if isinstance(error, Rejected) else RequestOutcome.INVALID_ANSWER


class _MeasuredHospital:
    """A `Hospital` of which every operation is done by a walk."""

    def __init__(self, hospital: Driver, walk: JourneyRun) -> None:
        self._hospital, self._walk = hospital, walk

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._walk.perform, name, getattr(self._hospital, name))


def measure_hospital(hospital: Driver, walk: JourneyRun) -> Driver:
    """The hospital, measured by `walk`."""
    return cast(Driver, _MeasuredHospital(hospital, walk))
