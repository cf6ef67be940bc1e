"""The journal of acknowledged writes: what was sent, and which value must therefore be stored."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from math import inf
from typing import Any

from cutover_gates.hospital.values import PatientDraft, Upload

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class SentWrite:
    """One write of one record. `sent` is a patient's draft, or the fields of a visit or document.

    `begun` and `ended` are times of the monotonic clock. `ended` is infinite where no answer came:
    the write may have been carried out or not.
    """

    sent: PatientDraft | Fields
    begun: float
    ended: float = inf


@dataclass(frozen=True)
class ExpectedRecord:
    """One record that must be stored. It must agree with one of `candidates` in every field.

    There is more than one candidate only where writes overlapped in time, or one had no answer.
    """

    kind: str
    id: str
    patient_id: str
    candidates: tuple[Fields, ...]


def fields_of(value: PatientDraft | Fields) -> Fields:
    """Return what was sent as a mapping."""
    if isinstance(value, PatientDraft):
        return {field.name: getattr(value, field.name) for field in fields(PatientDraft)}
    return value


def describe_upload(upload: Upload) -> Fields:
    """Return what must be stored of an upload. Of a name with path parts the last part is kept."""
    return {
        "file_name": upload.file_name.replace("\\", "/").rpartition("/")[2],
        "media_type": upload.media_type,
        "size": len(upload.content),
        "sha256": sha256(upload.content).hexdigest(),
    }


class WriteJournal:
    """The writes of one process that the target acknowledged, by record. Safe under threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._lock = threading.Lock()
        self._writes: dict[tuple[str, str], list[SentWrite]] = defaultdict(list)
        self._patients: dict[tuple[str, str], str] = {}
        self._released: set[str] = set()

    def add(self, kind: str, record_id: str, patient_id: str, write: SentWrite) -> None:
        """Add a write: acknowledged, or without an answer."""
        with self._lock:
            self._writes[kind, record_id].append(write)
            self._patients[kind, record_id] = patient_id

    def owner_of(self, kind: str, record_id: str, otherwise: str) -> str:
        """Return whose a record is: the patient for whom it was made, if that is known here."""
        with self._lock:
            return self._patients.get((kind, record_id), otherwise)

    def release(self, ids: Collection[str]) -> None:
        """Expect nothing of these records any more: what was sent to them is not known.

        With a patient go their visits and documents.
        """
        with self._lock:
            self._released |= {*ids}

    def forget(self, kind: str, record_id: str) -> None:
        """Expect nothing of a record that was removed; with a patient go their other records."""
        with self._lock:
            for key, patient_id in list(self._patients.items()):
                if key == (kind, record_id) or (kind == "patient" and patient_id == record_id):
                    self._writes.pop(key, None)
                    del self._patients[key]

    def expected_records(
        self, as_stored: Callable[[PatientDraft], PatientDraft]
    ) -> list[ExpectedRecord]:
        """Return what must be stored now. `as_stored` returns a draft as the target keeps it."""
        with self._lock:
            writes = {key: tuple(sent) for key, sent in self._writes.items()}
            patients, released = dict(self._patients), set(self._released)
        return [
            ExpectedRecord(kind, record_id, patients[kind, record_id], _candidates(sent, as_stored))
            for (kind, record_id), sent in writes.items()
            if not released & {record_id, patients[kind, record_id]} and _is_acknowledged(sent)
        ]


def _is_acknowledged(writes: Collection[SentWrite]) -> bool:
    return any(write.ended < inf for write in writes)


def _candidates(
    writes: tuple[SentWrite, ...], as_stored: Callable[[PatientDraft], PatientDraft]
) -> tuple[Fields, ...]:
    """Return the states that are allowed: those of writes after which no other one began."""
    stored = [_stored_fields(write.sent, as_stored) for write in writes]
    last_begun = max(write.begun for write in writes if write.ended < inf)
    return tuple(
        {**stored[0], **state}
        for write, state in zip(writes, stored, strict=True)
        if write.ended > last_begun
    )


def _stored_fields(
    sent: PatientDraft | Fields, as_stored: Callable[[PatientDraft], PatientDraft]
) -> Fields:
    return fields_of(as_stored(sent) if isinstance(sent, PatientDraft) else sent)


def find_shared_numbers(records: Collection[ExpectedRecord]) -> dict[str, list[str]]:
    """Return each record number that was acknowledged for more than one patient, with their ids."""
    ids: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if record.kind == "patient":
            ids[str(record.candidates[-1]["mrn"])].add(record.id)
    return {number: sorted(found) for number, found in ids.items() if len(found) > 1}
