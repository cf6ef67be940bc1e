"""What a load process may make, and whom it may work with.

Everything stands in the run's ledger already; here it is dealt out, each once.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from cutover_gates.hospital import Driver, PatientDraft, Rejected, Upload
from cutover_gates.hospital.synthetic import FileFactory
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import DOCUMENT_BYTES, PlannedRecords, WorkerConfig

Thing = TypeVar("Thing")


class PoolExhausted(Exception):
    """Everything that was entered in the ledger has been made: the run has lasted longer, or gone
    faster, than was planned.
    """


class DataPool:
    """Deals out patients to work with and things to make.

    A patient is with one person at a time, as long as there are enough.

    `more` enters further things of a kind in the ledger (patient, visit, document); without it the
    stock is all there is.
    """

    def __init__(
        self, brief: WorkerConfig, more: Callable[[str], PlannedRecords] | None = None
    ) -> None:
        self._known, self._more = brief.known, more
        self._free = deque(range(len(brief.known)))
        self._patients = deque[PatientDraft]()
        self._keys = defaultdict[tuple[str, int], deque[str]](deque)
        self._content = FileFactory(brief.tag).of_type(brief.document_type, DOCUMENT_BYTES).content
        self._type = brief.document_type
        self._turn = 0
        self.entries: dict[str, int] = {}
        self._add_records(brief.stock)

    def _add_records(self, stock: PlannedRecords) -> None:
        self._patients += [draft for _, draft in stock.patients]
        for kind, things in (("visit", stock.visits), ("document", stock.documents)):
            for _, key, patient in things:
                self._keys[kind, patient].append(key)
        self.entries |= {draft.mrn: entry for entry, draft in stock.patients}
        self.entries |= {key: entry for entry, key, _ in [*stock.visits, *stock.documents]}

    @contextmanager
    def borrow_patient(self) -> Iterator[int]:
        """The index of a known patient whom nobody else is busy with, or, where all are taken, of
        the next in turn.
        """
        index = self._free.popleft() if self._free else None
        self._turn += 1
        try:
            yield self._turn % len(self._known) if index is None else index
        finally:
            if index is not None:
                self._free.append(index)

    def next_patient(self) -> PatientDraft:
        """A patient who is not registered yet. Raises `PoolExhausted`, as the next two do."""
        return self._pop_record("patient", self._patients)

    def next_visit_reason(self, index: int) -> str:
        """The reason of a visit of that known patient, that no other visit has."""
        return self._pop_record("visit", self._keys["visit", index])

    def next_upload(self, index: int) -> Upload:
        """A file for that known patient's record."""
        return Upload(
            self._pop_record("document", self._keys["document", index]), self._type, self._content
        )

    def _pop_record(self, kind: str, things: deque[Thing]) -> Thing:
        if not things and self._more is not None:
            self._add_records(self._more(kind))
        if not things:
            raise PoolExhausted
        return things.popleft()


class LedgerReporting:
    """A `Hospital` that tells the scribe what became of each thing in the ledger.

    Without an answer it stays open there, to be looked up.
    """

    def __init__(self, hospital: Driver, supplies: DataPool, scribe: SampleWriter) -> None:
        self._hospital, self._supplies, self._scribe = hospital, supplies, scribe

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        return (
            partial(self._create_record, act, _LEDGER_KEYS[name]) if name in _LEDGER_KEYS else act
        )

    def _create_record(
        self, act: Callable[..., Any], key_of: Callable[..., str], *words: Any, **named: Any
    ) -> Any:
        entry = self._supplies.entries[key_of(*words)]
        self._scribe.record_attempt(entry)
        try:
            made = act(*words, **named)
        except Rejected:
            self._scribe.record_rejection(entry)
            raise
        self._scribe.record_creation(entry, made.id)
        return made


_LEDGER_KEYS: dict[str, Callable[..., str]] = {
    "register": lambda _session, draft: str(draft.mrn),
    "open_visit": lambda _session, _patient, reason: str(reason),
    "upload": lambda _session, _patient, upload: str(upload.file_name),
}
"""By what the ledger knows each thing."""
