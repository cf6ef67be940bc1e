"""What a load process may make, and whom it may work with. Everything stands in the run's ledger already; here it is dealt out, each once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from cutover.hospital import Hospital, PatientDraft, Refused, Upload
from cutover.load.brief import Brief
from cutover.load.scribe import Scribe
from cutover.synthetic import Files

DOCUMENT_BYTES = 16 * 1024


class SoldOut(Exception):
    """Everything that was entered in the ledger has been made: the run has lasted longer, or gone faster, than was planned."""


class Supplies:
    """Deals out patients to work with and things to make. A patient is with one person at a time, as long as there are enough."""

    def __init__(self, brief: Brief) -> None:
        self._known = brief.known
        self._free = deque(range(len(brief.known)))
        self._patients = deque(brief.stock.patients)
        self._visits = _by_patient(brief.stock.visits)
        self._documents = _by_patient(brief.stock.documents)
        self._content = Files(brief.tag).of(brief.document_type, DOCUMENT_BYTES).content
        self._type = brief.document_type
        self._turn = 0
        self.entries = {draft.mrn: entry for entry, draft in brief.stock.patients}
        self.entries |= {key: entry for entry, key, _ in [*brief.stock.visits, *brief.stock.documents]}

    @contextmanager
    def somebody(self) -> Iterator[int]:
        """The index of a known patient whom nobody else is busy with, or, where all are taken, of the next in turn."""
        index = self._free.popleft() if self._free else None
        self._turn += 1
        try:
            yield self._turn % len(self._known) if index is None else index
        finally:
            if index is not None:
                self._free.append(index)

    def newcomer(self) -> PatientDraft:
        """A patient who is not registered yet. Raises `SoldOut`, as the next two do."""
        return cast(PatientDraft, _next(self._patients)[1])

    def reason(self, index: int) -> str:
        """The reason of a visit of that known patient, that no other visit has."""
        return str(_next(self._visits.get(index, deque()))[1])

    def file(self, index: int) -> Upload:
        """A file for that known patient's record."""
        return Upload(str(_next(self._documents.get(index, deque()))[1]), self._type, self._content)


class Entered:
    """A `Hospital` that tells the scribe what became of each thing in the ledger. Without an answer it stays open there, to be looked up."""

    def __init__(self, hospital: Hospital, supplies: Supplies, scribe: Scribe) -> None:
        self._hospital, self._supplies, self._scribe = hospital, supplies, scribe

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        return partial(self._make, act, _KEYS[name]) if name in _KEYS else act

    def _make(self, act: Callable[..., Any], key_of: Callable[..., str], *words: Any, **named: Any) -> Any:
        entry = self._supplies.entries[key_of(*words)]
        try:
            made = act(*words, **named)
        except Refused:
            self._scribe.refused(entry)
            raise
        self._scribe.made(entry, made.id)
        return made


_KEYS: dict[str, Callable[..., str]] = {
    "register": lambda _session, draft: str(draft.mrn),
    "open_visit": lambda _session, _patient, reason: str(reason),
    "upload": lambda _session, _patient, upload: str(upload.file_name),
}
"""By what the ledger knows each thing."""


def _by_patient(stock: list[tuple[int, str, int]]) -> dict[int, deque[tuple[Any, ...]]]:
    dealt: dict[int, deque[tuple[Any, ...]]] = {}
    for entry, key, patient in stock:
        dealt.setdefault(patient, deque()).append((entry, key))
    return dealt


def _next(things: deque[Any]) -> Any:
    if not things:
        raise SoldOut
    return things.popleft()
