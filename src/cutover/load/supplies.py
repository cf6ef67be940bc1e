"""What a load process may make, and whom it may work with.

Everything stands in the run's ledger already; here it is dealt out, each once.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from cutover.hospital import Hospital, PatientDraft, Refused, Upload
from cutover.load.brief import Brief, Stock
from cutover.load.scribe import Scribe
from cutover.synthetic import Files

DOCUMENT_BYTES = 16 * 1024
Thing = TypeVar("Thing")


class SoldOut(Exception):
    """Everything that was entered in the ledger has been made: the run has lasted longer, or gone
    faster, than was planned.
    """


class Supplies:
    """Deals out patients to work with and things to make.

    A patient is with one person at a time, as long as there are enough.

    `more` enters further things of a kind in the ledger (patient, visit, document); without it the
    stock is all there is.
    """

    def __init__(self, brief: Brief, more: Callable[[str], Stock] | None = None) -> None:
        self._known, self._more = brief.known, more
        self._free = deque(range(len(brief.known)))
        self._patients = deque[PatientDraft]()
        self._keys = defaultdict[tuple[str, int], deque[str]](deque)
        self._content = Files(brief.tag).of(brief.document_type, DOCUMENT_BYTES).content
        self._type = brief.document_type
        self._turn = 0
        self.entries: dict[str, int] = {}
        self._shelve(brief.stock)

    def _shelve(self, stock: Stock) -> None:
        self._patients += [draft for _, draft in stock.patients]
        for kind, things in (("visit", stock.visits), ("document", stock.documents)):
            for _, key, patient in things:
                self._keys[kind, patient].append(key)
        self.entries |= {draft.mrn: entry for entry, draft in stock.patients}
        self.entries |= {key: entry for entry, key, _ in [*stock.visits, *stock.documents]}

    @contextmanager
    def somebody(self) -> Iterator[int]:
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

    def newcomer(self) -> PatientDraft:
        """A patient who is not registered yet. Raises `SoldOut`, as the next two do."""
        return self._next("patient", self._patients)

    def reason(self, index: int) -> str:
        """The reason of a visit of that known patient, that no other visit has."""
        return self._next("visit", self._keys["visit", index])

    def file(self, index: int) -> Upload:
        """A file for that known patient's record."""
        return Upload(
            self._next("document", self._keys["document", index]), self._type, self._content
        )

    def _next(self, kind: str, things: deque[Thing]) -> Thing:
        if not things and self._more is not None:
            self._shelve(self._more(kind))
        if not things:
            raise SoldOut
        return things.popleft()


class Entered:
    """A `Hospital` that tells the scribe what became of each thing in the ledger.

    Without an answer it stays open there, to be looked up.
    """

    def __init__(self, hospital: Hospital, supplies: Supplies, scribe: Scribe) -> None:
        self._hospital, self._supplies, self._scribe = hospital, supplies, scribe

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        return partial(self._make, act, _KEYS[name]) if name in _KEYS else act

    def _make(
        self, act: Callable[..., Any], key_of: Callable[..., str], *words: Any, **named: Any
    ) -> Any:
        entry = self._supplies.entries[key_of(*words)]
        self._scribe.asked(entry)
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
