"""The words in which a journey is written: what a person at work is given.

The journeys themselves stand in `performance/journeys.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cutover.hospital import Document, FrontDesk, Patient, PatientDraft, Records, Upload, Ward

Journey = Callable[["Shift"], None]


@dataclass(frozen=True)
class Known:
    """A synthetic patient made before the run, with one document of which the bytes are known by
    their SHA-256 (hexadecimal).
    """

    patient: Patient
    document: Document
    sha256: str


@dataclass(frozen=True)
class Shift:
    """One person's way through one piece of work.

    Whatever is asked of the hospital here is measured, each request from when it was due.

    `known` is a patient to work with. What is made is entered in the run's ledger beforehand:
    `newcomer`, `reason` and `file` give what stands there.
    """

    front_desk: FrontDesk
    ward: Ward
    records: Records
    known: Known
    newcomer: Callable[[], PatientDraft] = field(repr=False)
    reason: Callable[[], str] = field(repr=False)
    file: Callable[[], Upload] = field(repr=False)
    think: Callable[[], None] = field(repr=False)


def steps(*operations: str) -> Callable[[Journey], Journey]:
    """Says which operations a journey does, in order: `@steps("search", "register")`.

    From them follows how often it is to be begun.
    """

    def tell(journey: Journey) -> Journey:
        vars(journey)["steps"] = operations
        return journey

    return tell


def steps_of(journey: Journey) -> tuple[str, ...]:
    """What `@steps` said; none where it stands nowhere, and then the function is no journey."""
    return tuple(getattr(journey, "steps", ()))


def read_journeys(source: str, name: str) -> dict[str, Journey]:
    """The journeys in the text of a Python file, by the names of their functions.

    `name` is the file's, for tracebacks.
    """
    room: dict[str, object] = {"__name__": "journeys", "__file__": name}
    exec(
        compile(source, name, "exec"), room
    )  # the suite's own file, sent along so that every machine does the same work
    return {key: value for key, value in room.items() if callable(value) and steps_of(value)}
