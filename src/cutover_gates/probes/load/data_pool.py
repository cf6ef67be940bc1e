"""The records that a load process may create, and the patients that it may work with.

All of them stand in the run's ledger already; here each is handed out once.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from cutover_gates.hospital import PatientDraft, Upload
from cutover_gates.hospital.synthetic import FileFactory
from cutover_gates.probes.load.worker_config import DOCUMENT_BYTES, PlannedRecords, WorkerConfig

Record = TypeVar("Record")


class PoolExhausted(Exception):
    """Every record in the ledger was created: the run was longer or faster than planned."""


class DataPool:
    """Hands out patients to work with and records to create.

    A patient is with one journey at a time, as long as there are enough. `more` enters further
    records of a kind in the ledger (patient, visit, document); without it there are only the
    planned ones.
    """

    def __init__(
        self, config: WorkerConfig, more: Callable[[str], PlannedRecords] | None = None
    ) -> None:
        self._known, self._more = config.known, more
        self._free = deque(range(len(config.known)))
        self._patients = deque[PatientDraft]()
        self._keys = defaultdict[tuple[str, int], deque[str]](deque)
        files = FileFactory(config.tag)
        self._content = files.of_type(config.document_type, DOCUMENT_BYTES).content
        self._type = config.document_type
        self._turn = 0
        self.entries: dict[str, int] = {}
        self._add_records(config.stock)

    def _add_records(self, planned: PlannedRecords) -> None:
        self._patients += [draft for _, draft in planned.patients]
        for kind, records in (("visit", planned.visits), ("document", planned.documents)):
            for entry, key, owner in records:
                self._keys[kind, owner].append(key)
                self.entries[key] = entry
        self.entries |= {draft.mrn: entry for entry, draft in planned.patients}

    @contextmanager
    def borrow_patient(self) -> Iterator[int]:
        """Provide the index of a known patient that no other journey works with.

        Where all are taken, it is the next one in turn.
        """
        index = self._free.popleft() if self._free else None
        self._turn += 1
        try:
            yield self._turn % len(self._known) if index is None else index
        finally:
            if index is not None:
                self._free.append(index)

    def next_patient(self) -> PatientDraft:
        """Return a patient that is not registered yet. Raises `PoolExhausted`."""
        return self._pop_record("patient", self._patients)

    def next_visit_reason(self, index: int) -> str:
        """Return a unique reason for a visit of a known patient. Raises `PoolExhausted`."""
        return self._pop_record("visit", self._keys["visit", index])

    def next_upload(self, index: int) -> Upload:
        """Return a file for the record of a known patient. Raises `PoolExhausted`."""
        name = self._pop_record("document", self._keys["document", index])
        return Upload(name, self._type, self._content)

    def _pop_record(self, kind: str, records: deque[Record]) -> Record:
        if not records and self._more is not None:
            self._add_records(self._more(kind))
        if not records:
            raise PoolExhausted
        return records.popleft()
