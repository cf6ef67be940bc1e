"""The workload of a run: the journeys, the patients to work with, and the records to create.

All records are entered in the ledger before the first request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.drivers.rest.vocabulary import suggest_nearest
from cutover_gates.hospital import Driver, Role, Session
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory
from cutover_gates.probes.load.journeys import KnownPatient, get_steps, read_journeys
from cutover_gates.probes.load.worker_config import DOCUMENT_BYTES, PlannedRecords

RECORD_MARGIN = 1.3
"""Records are planned for so many times the expected number: journeys start at random."""
KIND_BY_OPERATION = {"register": "patient", "open_visit": "visit", "upload": "document"}


@dataclass(frozen=True)
class LoadWorkload:
    """The work that a run does.

    `source` is the text of the journeys' file. `weights` holds (weight, think seconds) of each
    journey, `steps` the operations that each can do on this target. `rate` is in journeys per
    second.
    """

    source: str
    weights: Mapping[str, tuple[float, float]]
    steps: Mapping[str, tuple[str, ...]]
    rate: float

    @property
    def operations(self) -> tuple[str, ...]:
        """Return all operations of the journeys, each once."""
        return tuple(dict.fromkeys(step for steps in self.steps.values() for step in steps))

    def expected_requests(self, operation: str, seconds: float) -> float:
        """Return how often an operation is done in so many seconds, on the average.

        A name that is no operation stands for all of them.
        """
        if operation not in self.operations:
            return sum(self.expected_requests(one, seconds) for one in self.operations)
        total = sum(weight for weight, _ in self.weights.values())
        per_journey = (
            sum(
                self.weights[name][0] * steps.count(operation) for name, steps in self.steps.items()
            )
            / total
        )
        return self.rate * per_journey * seconds


def build_workload(
    performance: Performance, file: Path, unsupported: Mapping[str, str]
) -> LoadWorkload:
    """Return the workload that the settings ask for.

    A step that the target does not offer ends a journey: the steps after it cannot be done. Raises
    `SettingsError` for a journey that the file does not have.
    """
    source = file.read_text(encoding="utf-8")
    journeys = read_journeys(source, str(file))
    asked = {name: journey for name, journey in performance.journeys.items() if journey.weight}
    if unknown := next((name for name in asked if name not in journeys), None):
        raise SettingsError(
            f"performance.journeys.{unknown}: there is no such journey in"
            f" {file.parent.name}/{file.name}. {suggest_nearest(unknown, list(journeys))} There"
            f" are: {', '.join(journeys)}"
        )
    steps = {name: _supported_steps(get_steps(journeys[name]), unsupported) for name in asked}
    if not any(steps.values()):
        raise SettingsError(
            "no journey has a step that this target offers, so there would be no load: write a"
            " journey of your own"
        )
    weights = {
        name: (asked[name].weight, asked[name].think_seconds) for name in asked if steps[name]
    }
    steps = {name: steps[name] for name in weights}
    mean = sum(weights[name][0] * len(steps[name]) for name in steps) / sum(
        weight for weight, _ in weights.values()
    )
    return LoadWorkload(source, weights, steps, performance.intended_rate / mean)


def _supported_steps(steps: tuple[str, ...], unsupported: Mapping[str, str]) -> tuple[str, ...]:
    missing = next((number for number, step in enumerate(steps) if step in unsupported), len(steps))
    return steps[:missing]


def count_required_patients(performance: Performance, work: LoadWorkload) -> int:
    """Return twice as many patients as there are journeys at the same time.

    Two journeys with one patient would disturb each other, and the target would be blamed: a list
    that grows while it is read has more entries than its count says.
    """
    total = sum(weight for weight, _ in work.weights.values())
    pauses = (
        sum(
            weight * think * (len(work.steps[name]) - 1)
            for name, (weight, think) in work.weights.items()
        )
        / total
    )
    return max(performance.patients, round(2 * work.rate * pauses) + 10)


def create_patients(
    hospital: Driver,
    sessions: Callable[[Role], Session],
    count: int,
    tag: str,
    document_type: str,
) -> tuple[KnownPatient, ...]:
    """Create patients to work with, each with a document. Raises as the driver does."""
    people, files = PatientFactory(tag), FileFactory(tag)
    registrar, clinician = sessions(Role.REGISTRAR), sessions(Role.CLINICIAN)
    known = []
    for _ in range(count):
        patient = hospital.register(registrar, people.draft())
        upload = files.of_type(document_type, DOCUMENT_BYTES)
        document = hospital.upload(clinician, patient.id, upload)
        known.append(KnownPatient(patient, document, hashlib.sha256(upload.content).hexdigest()))
    return tuple(known)


def plan_record_counts(
    work: LoadWorkload, seconds: float, known: tuple[KnownPatient, ...]
) -> dict[str, int]:
    """Return how many records of each kind may be created within so many seconds."""
    return {
        kind: round(work.expected_requests(operation, seconds) * RECORD_MARGIN) + len(known)
        for operation, kind in KIND_BY_OPERATION.items()
        if operation in work.operations
    }


def enter_planned_records(
    ledger: Ledger, count: Mapping[str, int], known: tuple[KnownPatient, ...], tag: str
) -> PlannedRecords:
    """Enter records of each kind in the ledger, and return them."""
    people, files = PatientFactory(tag), FileFactory(tag)
    drafts = [people.draft() for _ in range(count.get("patient", 0))]
    patients = ledger.intend_many(
        "patient",
        [
            (one.mrn, None, {"family_name": one.family_name, "given_name": one.given_name})
            for one in drafts
        ],
    )
    owners = range(len(known))
    reasons = [
        (f"load {people.mrn()}", owners[number % len(known)])
        for number in range(count.get("visit", 0))
    ]
    names = [
        (files.name("bin"), owners[number % len(known)])
        for number in range(count.get("document", 0))
    ]
    return PlannedRecords(
        list(zip(patients, drafts, strict=True)),
        _enter_records(ledger, "visit", reasons, known),
        _enter_records(ledger, "document", names, known),
    )


def _enter_records(
    ledger: Ledger, kind: str, things: list[tuple[str, int]], known: tuple[KnownPatient, ...]
) -> list[tuple[int, str, int]]:
    nothing: Mapping[str, Any] = {}
    entries = ledger.intend_many(
        kind, [(key, known[owner].patient.id, nothing) for key, owner in things]
    )
    return [(entry, key, owner) for entry, (key, owner) in zip(entries, things, strict=True)]
