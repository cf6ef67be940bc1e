"""What a run makes on a target, written down *before* it is made, so that nothing is forgotten,
even by a run that was killed.

JSON lines, one file a run (and a worker). The first line says whose it is; each further line is one
of `intend`, `record_created`, `record_rejected`, `record_deleted`, `ended`, `closed`. A line is flushed to the disk before
the request that it announces leaves. The file is locked (flock) while its run lives: a file without
a lock and without `closed` belongs to a dead run.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.file_lock import lock_file


@dataclass
class RemainingRecord:
    """One thing on the target.

    `id` is None when no answer to its creation ever came: then it must be looked up by `key` (a
    patient's MRN, a visit's reason, a document's file name) and `hints` (what else was sent).
    """

    kind: str
    key: str
    run: str
    id: str | None = None
    patient_id: str | None = None
    hints: Mapping[str, Any] = field(default_factory=dict)
    entry: int = 0


class Ledger:
    """The ledger of one run against one target.

    Raises `BlockingIOError` when another live process holds the file.
    """

    def __init__(self, path: Path, run: str, target: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.run, self.target = path, run, target
        self._lock = threading.Lock()
        self._file = path.open("a+b")
        try:
            lock_file(self._file, wait=False)
            old = _read_lines(path)
            self._open = _replay(old)
            self._entries = max((line["entry"] for line in old if "entry" in line), default=0)
            self._terminate_torn_line()
            if not old:
                self._write(do="open", run=run, target=target, process=os.getpid())
        except BaseException:
            self._file.close()
            raise

    def intend(self, kind: str, key: str, *, patient_id: str | None = None, **hints: Any) -> int:
        """Announce that a `kind` (patient, visit, document) is about to be made.

        On the disk when this returns.
        """
        with self._lock:
            self._entries += 1
            entry = self._entries
            self._open[entry] = RemainingRecord(kind, key, self.run, None, patient_id, hints, entry)
            self._write(
                do="intend", entry=entry, kind=kind, key=key, patient_id=patient_id, hints=hints
            )
        return entry

    def intend_many(
        self, kind: str, things: Sequence[tuple[str, str | None, Mapping[str, Any]]]
    ) -> list[int]:
        """The same for many things at once, each (key, patient's id, hints): on the disk, all of
        them, when this returns the entries' numbers.
        """
        with self._lock:
            first = self._entries + 1
            self._entries += len(things)
            for entry, (key, patient_id, hints) in enumerate(things, first):
                self._open[entry] = RemainingRecord(
                    kind, key, self.run, None, patient_id, hints, entry
                )
                self._write(
                    sync=entry == self._entries,
                    do="intend",
                    entry=entry,
                    kind=kind,
                    key=key,
                    patient_id=patient_id,
                    hints=hints,
                )
        return list(range(first, first + len(things)))

    def record_created(self, entry: int, thing_id: str, patient_id: str | None = None) -> None:
        """The thing was made and has this id."""
        with self._lock:
            left = self._open[entry]
            left.id, left.patient_id = thing_id, patient_id or left.patient_id
            self._write(do="done", entry=entry, id=thing_id, patient_id=left.patient_id)

    def record_rejected(self, entry: int) -> None:
        """The target said no (or nothing was sent): there is nothing to retire."""
        with self._lock:
            self._open.pop(entry, None)
            self._write(do="refused", entry=entry)

    def record_deleted(self, left: RemainingRecord, how: str) -> None:
        """The thing is gone, `how` in the mapping's words.

        Every entry of the same thing is settled with it.
        """
        with self._lock:
            same = [
                e
                for e, other in self._open.items()
                if e == left.entry or (left.id and (other.kind, other.id) == (left.kind, left.id))
            ]
            for entry in same:
                del self._open[entry]
                self._write(do="retired", entry=entry, kind=left.kind, id=left.id, how=how)

    def created_ids(self, kind: str) -> set[str]:
        """The ids of the `kind`s that this run made and that are not yet retired."""
        with self._lock:
            return {left.id for left in self._open.values() if left.kind == kind and left.id}

    def remaining_records(self) -> list[RemainingRecord]:
        """What must still be retired, newest first; each thing once."""
        with self._lock:
            return _deduplicate(self._open.values())

    def close(self) -> None:
        """End the run.

        Only when nothing is left is the ledger closed; otherwise the next run finds it and sweeps.
        """
        with self._lock:
            if self._file.closed:
                return
            self._write(do="ended" if self._open else "closed", left=len(self._open))
            self._file.close()  # also lets go of the lock

    def _write(self, *, sync: bool = True, **line: Any) -> None:
        self._file.write(
            json.dumps(
                {**line, "at": datetime.now(UTC).isoformat(timespec="milliseconds")}, default=str
            ).encode()
            + b"\n"
        )
        self._file.flush()
        if (
            sync and line["do"] == "intend"
        ):  # only what has not happened yet must be safe: the rest can be looked up on the target
            os.fdatasync(self._file.fileno())

    def _terminate_torn_line(self) -> None:
        """A killed run may have left half a line: what comes next must start on a line of its own."""
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            self._file.write(b"\n")

    @classmethod
    def open_abandoned(cls, folder: Path, target: str) -> list[Ledger]:
        """The ledgers of dead runs against `target` that are not closed, reopened and locked, so
        that no other run sweeps them too.
        """
        found = []
        for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else []:
            lines = _read_lines(path)
            if not lines or lines[0].get("target") != target or lines[-1].get("do") == "closed":
                continue
            try:
                found.append(cls(path, str(lines[0]["run"]), target))
            except BlockingIOError:
                continue  # that run lives
        return found

    @classmethod
    def list_abandoned_records(cls, folder: Path, target: str) -> list[RemainingRecord]:
        """What dead runs against `target` left there, for a report.

        To retire it, take `open_abandoned` and sweep each.
        """
        left: list[RemainingRecord] = []
        for ledger in cls.open_abandoned(folder, target):
            left += ledger.remaining_records()
            ledger._file.close()  # only read: not a word is added
        return left


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The readable lines.

    A torn one (the run was killed while writing) announces a request that never left.
    """
    lines = []
    for raw in path.read_bytes().split(b"\n"):
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines


def _replay(lines: list[dict[str, Any]]) -> dict[int, RemainingRecord]:
    """What stands open after `lines`, by entry."""
    run = str(lines[0].get("run", "")) if lines else ""
    left: dict[int, RemainingRecord] = {}
    for line in lines:
        entry, do = line.get("entry", 0), line.get("do")
        if do == "intend":
            left[entry] = RemainingRecord(
                line["kind"],
                line["key"],
                run,
                None,
                line.get("patient_id"),
                line.get("hints", {}),
                entry,
            )
        elif do == "done" and entry in left:
            left[entry].id, left[entry].patient_id = line["id"], line.get("patient_id")
        elif do in ("refused", "retired"):
            left.pop(entry, None)
    return left


def _deduplicate(things: Any) -> list[RemainingRecord]:
    """Newest first. Several entries may tell of one thing: a retry under one idempotency key."""
    seen: set[tuple[str, str]] = set()
    once = []
    for left in sorted(things, key=lambda left: -left.entry):
        if left.id is None or (left.kind, left.id) not in seen:
            once.append(left)
            seen.add((left.kind, left.id or ""))
    return once
