"""The words in which journeys are written, such as those in `performance/journeys.py`.

A journey is one piece of work of one person: requests, with pauses in which the person thinks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cutover_gates.hospital import Document, FrontDesk, Patient, PatientDraft, Records, Upload, Ward

JourneyFunction = Callable[["JourneyContext"], None]


@dataclass(frozen=True)
class KnownPatient:
    """A synthetic patient that was created before the run, with one document.

    `sha256` is the hash of the document's bytes (hexadecimal).
    """

    patient: Patient
    document: Document
    sha256: str


@dataclass(frozen=True)
class JourneyContext:
    """What a journey works with.

    Every request to the hospital is measured, each from when it was due.

    `known` is a patient to work with. What is created is entered in the run's ledger beforehand:
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
    """Declare which operations a journey does, in order: `@steps("search", "register")`.

    From them follows how often it must be started to reach the planned rate.
    """

    def set_steps(journey: JourneyFunction) -> JourneyFunction:
        vars(journey)["steps"] = operations
        return journey

    return set_steps


def get_steps(journey: JourneyFunction) -> tuple[str, ...]:
    """Return the operations that `@steps` declares; empty for a function that is no journey."""
    return tuple(getattr(journey, "steps", ()))


def read_journeys(source: str, name: str) -> dict[str, JourneyFunction]:
    """Return the journeys in the text of a Python file, by the names of their functions.

    `name` is the file's, for tracebacks.
    """
    namespace: dict[str, object] = {"__name__": "journeys", "__file__": name}
    # The suite's own file. Its text is sent along, so that every machine does the same work.
    exec(compile(source, name, "exec"), namespace)
    return {key: value for key, value in namespace.items() if callable(value) and get_steps(value)}
