"""The config of a load process: one line of JSON on its standard input.

It holds secrets, so it is never in a file or on a command line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any

from cutover_gates.hospital import Credentials, Document, Patient, PatientDraft, Role, Sex
from cutover_gates.probes.load.journeys import KnownPatient

DOCUMENT_BYTES = 16 * 1024
"""Size of each document that a run files."""


@dataclass(frozen=True)
class WorkerRole:
    """The role of a process in a run.

    `part` is `alone`, `master` (which makes no load), or `worker` of the master at `host` and
    `port`. `name` is for people.
    """

    part: str = "alone"
    index: int = 0
    host: str = "127.0.0.1"
    port: int = 0
    workers: int = 0
    name: str = "the load process"


@dataclass(frozen=True)
class PlannedRecords:
    """The records that may be created during the run, entered in the ledger beforehand.

    `patients` are (entry, draft); `visits` and `documents` are (entry, reason or file name, index
    of the known patient to whom it will belong).
    """

    patients: list[tuple[int, PatientDraft]] = field(default_factory=list)
    visits: list[tuple[int, str, int]] = field(default_factory=list)
    documents: list[tuple[int, str, int]] = field(default_factory=list)

    @property
    def entries(self) -> set[int]:
        """Return the numbers of all entries in the ledger."""
        return {entry for entry, _ in self.patients} | {
            entry for entry, _, _ in [*self.visits, *self.documents]
        }

    def share(self, index: int, count: int) -> PlannedRecords:
        """Return the part of one of `count` processes: the records of its own known patients.

        Owners become indices among these patients.
        """

        def select(records: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
            own = [record for record in records if record[2] % count == index]
            return [(entry, key, owner // count) for entry, key, owner in own]

        patients = self.patients[index::count]
        return PlannedRecords(patients, select(self.visits), select(self.documents))


@dataclass(frozen=True)
class WorkerConfig:
    """The config of a load process.

    `mapping`, `source` and `secrets` are as `drivers.factory.connect` takes them. `journeys` is the
    text of the journeys' file, `work` holds (weight, think seconds) of each. `journey_rate` is in
    journeys per second, of all streams of all processes together; the `streams` start within
    `ramp_seconds`. Samples name operations by their index in `operations`. The share
    `new_connections` of the operations begins on a new connection.
    """

    url: str
    driver: str
    mapping: Mapping[str, Any] | None
    source: str
    production: bool
    tag: str
    users: Mapping[Role, Credentials] = field(repr=False)
    journeys: str = field(repr=False)
    work: Mapping[str, tuple[float, float]]
    operations: tuple[str, ...]
    journey_rate: float
    streams: int
    ramp_seconds: float
    connect_seconds: float
    request_seconds: float
    most_waiting: int
    seed: int
    document_type: str
    known: tuple[KnownPatient, ...] = field(repr=False)
    stock: PlannedRecords = field(repr=False)
    place: WorkerRole = WorkerRole()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    answer_bytes: int = 16 * 1024 * 1024
    new_connections: float = 0.1

    def share(self, place: WorkerRole, index: int, count: int) -> WorkerConfig:
        """Return the config of one of `count` processes.

        No patient is with two of them, so there must be at least as many patients as processes.
        """
        return replace(
            self, place=place, known=self.known[index::count], stock=self.stock.share(index, count)
        )

    def to_line(self) -> bytes:
        """Return the line that `from_line` reads."""
        plain = asdict(self)
        plain["users"] = {role.value: one.to_plain() for role, one in self.users.items()}
        return json.dumps(plain, default=str).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> WorkerConfig:
        """Return the config in a line.

        Raises `ValueError`, `TypeError` or `KeyError` for a line of another release.
        """
        plain = json.loads(line)
        stock = plain["stock"]
        plain["users"] = {
            Role(role): Credentials.from_plain(one) for role, one in plain["users"].items()
        }
        plain["known"] = tuple(
            KnownPatient(
                Patient(**_parse_person(one["patient"])), Document(**one["document"]), one["sha256"]
            )
            for one in plain["known"]
        )
        plain["stock"] = PlannedRecords(
            [(entry, PatientDraft(**_parse_person(draft))) for entry, draft in stock["patients"]],
            stock["visits"],
            stock["documents"],
        )
        plain["work"] = {name: tuple(pair) for name, pair in plain["work"].items()}
        plain["operations"] = tuple(plain["operations"])
        plain["place"] = WorkerRole(**plain["place"])
        return cls(**plain)


def _parse_person(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **plain,
        "birth_date": date.fromisoformat(plain["birth_date"]),
        "sex": Sex(plain["sex"]),
    }
