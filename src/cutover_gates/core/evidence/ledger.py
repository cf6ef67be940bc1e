"""The ledger of a run: what it creates on a target, written *before* it is created.

So nothing is forgotten, even by a run that was killed. A ledger is a file of JSON lines, one for
each run (and worker). The first line says whose it is; the `do` of each further line is one of
`intend`, `done`, `renamed`, `refused`, `removing`, `kept`, `retired`, `ended`, `closed`. An
`intend` is flushed to the disk before the request that it announces is sent. The file is locked
while its run lives: a file without a lock and without `closed` belongs to a dead run.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.ledger_lines import (
    REMOVAL_BEGUN,
    REMOVAL_REFUSED,
    LedgerBinding,
    RemainingRecord,
    add_names,
    deduplicate,
    read_binding,
    read_lines,
    replay,
)
from cutover_gates.core.file_lock import lock_file


class Ledger:
    """The ledger of one run against one target.

    Raises `BlockingIOError` when another live process holds the file.
    """

    def __init__(
        self, path: Path, run: str, target: str, binding: LedgerBinding | None = None
    ) -> None:
        """Open the file. `binding` goes into a new one; an old one keeps its own."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.run, self.target, self.binding = path, run, target, binding
        self._lock = threading.Lock()
        self._file = path.open("a+b")
        try:
            lock_file(self._file, wait=False)
            self._continue_file()
        except BaseException:
            self._file.close()
            raise

    def _continue_file(self) -> None:
        """Take over the lines that the file has, and begin a new one with a line that names it."""
        lines = read_lines(self.path)
        self._open = replay(lines)
        self._entries = max((line["entry"] for line in lines if "entry" in line), default=0)
        self._terminate_torn_line()
        if lines:
            self.binding = read_binding(lines)
            return
        bound = asdict(self.binding) if self.binding else {}
        self._write(do="open", run=self.run, target=self.target, process=os.getpid(), **bound)

    def intend(self, kind: str, key: str, *, patient_id: str | None = None, **hints: Any) -> int:
        """Announce that a `kind` (patient, visit, document) is about to be created.

        Returns the number of the entry, which is on the disk then.
        """
        return self.intend_many(kind, [(key, patient_id, hints)])[0]

    def intend_many(
        self, kind: str, records: Sequence[tuple[str, str | None, Mapping[str, Any]]]
    ) -> list[int]:
        """Announce many records at once, each as (key, patient's id, hints).

        Returns the numbers of the entries, which are all on the disk then.
        """
        with self._lock:
            first = self._entries + 1
            self._entries += len(records)
            for entry, (key, patient_id, hints) in enumerate(records, first):
                self._open[entry] = RemainingRecord(
                    kind, key, self.run, None, patient_id, hints, entry
                )
                self._write(
                    # One flush for all: the last one also brings the lines before it to the disk.
                    sync=entry == self._entries,
                    do="intend",
                    entry=entry,
                    kind=kind,
                    key=key,
                    patient_id=patient_id,
                    hints=hints,
                )
        return list(range(first, first + len(records)))

    def record_created(self, entry: int, record_id: str, patient_id: str | None = None) -> None:
        """Write that the record was created and has this id."""
        with self._lock:
            record = self._open[entry]
            record.id, record.patient_id = record_id, patient_id or record.patient_id
            self._write(do="done", entry=entry, id=record_id, patient_id=record.patient_id)

    def record_names(self, kind: str, record_id: str, names: Mapping[str, str]) -> None:
        """Announce that a record of this run is about to get other names.

        By its names a patient is known before they are removed. Empty `names` are unknown ones.
        """
        with self._lock:
            if add_names(self._open.values(), kind, record_id, names):
                self._write(do="renamed", kind=kind, id=record_id, names=dict(names))

    def record_rejected(self, entry: int) -> None:
        """Write that the target rejected the request, or that nothing was sent."""
        with self._lock:
            self._open.pop(entry, None)
            self._write(do="refused", entry=entry)

    def record_removal(self, record: RemainingRecord, *, begun: bool) -> None:
        """Write that the record is about to be removed, or that the target refused to.

        A run may be killed in between: then the record may be gone by the run's own hand.
        """
        with self._lock:
            for entry, other in self._open.items():
                if record.is_same_record(other):
                    other.removal_begun = begun
                    do = REMOVAL_BEGUN if begun else REMOVAL_REFUSED
                    self._write(do=do, entry=entry, kind=record.kind, id=record.id)

    def record_deleted(self, record: RemainingRecord, how: str) -> None:
        """Write that the record is gone, `how` in the words of the mapping.

        This settles every entry of the same record.
        """
        with self._lock:
            same = [entry for entry, other in self._open.items() if record.is_same_record(other)]
            for entry in same:
                del self._open[entry]
                self._write(do="retired", entry=entry, kind=record.kind, id=record.id, how=how)

    def created_ids(self, kind: str) -> set[str]:
        """Return the ids of the `kind`s that this run created and that still remain."""
        with self._lock:
            records = [record for record in self._open.values() if record.kind == kind]
        return {record.id for record in records if record.id}

    def remaining_records(self) -> list[RemainingRecord]:
        """Return what must still be deleted, the newest first, each record once."""
        with self._lock:
            return deduplicate(self._open.values())

    def close(self) -> None:
        """End the run.

        The ledger is closed only when no record remains. Otherwise the next run finds and sweeps
        it.
        """
        with self._lock:
            if self._file.closed:
                return
            self._write(do="ended" if self._open else "closed", left=len(self._open))
            self._file.close()  # also releases the lock

    def release(self) -> None:
        """Close the file and add no line: nothing was done with what it speaks of."""
        with self._lock:
            self._file.close()

    def _write(self, *, sync: bool = True, **line: Any) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({**line, "at": now}, default=str).encode() + b"\n")
        self._file.flush()
        # Only what has not happened yet must be safe: the rest can be looked up on the target.
        if sync and line["do"] == "intend":
            os.fdatasync(self._file.fileno())

    def _terminate_torn_line(self) -> None:
        """End the half line that a killed run may have left, so that the next line is readable."""
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")

    @classmethod
    def open_abandoned(cls, folder: Path, target: str) -> list[Ledger]:
        """Return the ledgers of dead runs against `target` that are not closed.

        They are reopened and locked, so that no other run sweeps them too.
        """
        ledgers = []
        for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
            lines = read_lines(path)
            if not lines or lines[0].get("target") != target or lines[-1].get("do") == "closed":
                continue
            try:
                ledgers.append(cls(path, str(lines[0]["run"]), target))
            except BlockingIOError:
                continue  # that run lives
        return ledgers

    @classmethod
    def list_abandoned_records(cls, folder: Path, target: str) -> list[RemainingRecord]:
        """Return what dead runs against `target` left there, for a report.

        To delete it, sweep each ledger of `open_abandoned`.
        """
        records: list[RemainingRecord] = []
        for ledger in cls.open_abandoned(folder, target):
            records += ledger.remaining_records()
            ledger.release()
        return records
