"""Matchers of acknowledged writes: what was sent is stored, wherever it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.core.value_text import format_target_value, format_value
from cutover_gates.hospital.answers import Unsupported
from cutover_gates.hospital.matchers.capability_checks import NOTHING_DECLARED, TargetCapabilities
from cutover_gates.hospital.values import Document, PatientDraft, Upload, Visit, VisitStatus
from cutover_gates.hospital.write_journal import describe_upload, fields_of


class RecordSource(Protocol):
    """Reads single records. `source` names where: the database, or a new session."""

    source: str

    def read(self, kind: str, record_id: str, patient_id: str) -> Mapping[str, Any] | None:
        """Return the record's fields as far as they are kept there; None where it is not there."""
        ...


@dataclass(frozen=True)
class FieldDifference:
    """One field of a record that is not as it was sent. Values are in plain form."""

    field: str
    expected: str
    actual: str


OWNERS = {"patient": "mrn", "visit": "patient_id", "document": "patient_id"}
"""The field of each kind that says whose record it is."""


def find_differences(
    kind: str, candidates: Sequence[Mapping[str, Any]], row: Mapping[str, Any]
) -> list[FieldDifference]:
    """Return how a row differs from the candidate that is nearest to it.

    A field that the row does not have is not compared. Of another patient's record no value is
    returned: it may be a real patient's.
    """
    owner = OWNERS[kind]
    if owner in row and all(row[owner] != candidate.get(owner) for candidate in candidates):
        expected = format_value(candidates[-1].get(owner))
        return [FieldDifference(owner, expected, "another one: the record is another patient's")]
    compared = [_differences(candidate, row) for candidate in candidates]
    return min(compared, key=len)


def _differences(expected: Mapping[str, Any], row: Mapping[str, Any]) -> list[FieldDifference]:
    return [
        FieldDifference(name, format_value(value), format_target_value(row[name]))
        for name, value in expected.items()
        if name in row and row[name] != value
    ]


@dataclass(frozen=True)
class ReadBack:
    """Reads acknowledged records back, at once, from every place where they can be read.

    Each method raises `FindingsError` where the record is missing, or is not as it was sent.
    """

    readers: Sequence[RecordSource]
    as_stored: Callable[[PatientDraft], PatientDraft]
    capabilities: TargetCapabilities = NOTHING_DECLARED

    def require_patient(self, patient_id: str, sent: PatientDraft) -> None:
        """Require that the patient is stored with every field that was sent."""
        self._require("patient", patient_id, patient_id, fields_of(self.as_stored(sent)))

    def require_visit(self, visit: Visit, status: VisitStatus, reason: str) -> None:
        """Require that the visit is stored with its patient, reason and state."""
        sent = {"patient_id": visit.patient_id, "status": status, "reason": reason}
        self._require("visit", visit.id, visit.patient_id, sent)

    def require_document(self, document: Document, patient_id: str, sent: Upload) -> None:
        """Require that the document is stored with its patient, description and bytes."""
        expected = {"patient_id": patient_id, **describe_upload(sent)}
        self._require("document", document.id, patient_id, expected)

    def require_absent(self, kind: str, record_id: str, patient_id: str) -> None:
        """Require that the record cannot be read any more in a new session."""
        reader = self.readers[-1]
        if reader.read(kind, record_id, patient_id) is not None:
            where = f"{kind} in {reader.source}"
            raise FindingsError(Finding(THIS_CHECK, where, "no such record", "it is still there"))

    def _require(
        self, kind: str, record_id: str, patient_id: str, expected: Mapping[str, Any]
    ) -> None:
        findings: list[Finding] = []
        missing: list[Unsupported] = []
        for reader in self.readers:
            try:
                row = reader.read(kind, record_id, patient_id)
            except Unsupported as error:
                # One place that cannot be read must not hide what another one has shown.
                missing.append(error)
                continue
            findings += [
                Finding(THIS_CHECK, f"{one.field} in {reader.source}", one.expected, one.actual)
                for one in self._without_lacks(find_record_problems(kind, expected, row))
            ]
        if findings:
            raise FindingsError(*findings)
        if len(missing) == len(self.readers):
            raise missing[0]

    def _without_lacks(self, found: list[FieldDifference]) -> list[FieldDifference]:
        """Return the differences without those of file names, where the target keeps none."""
        if not self.capabilities.lacks("file-names"):
            return found
        kept = [one for one in found if one.field != "document.file_name"]
        if len(kept) < len(found):
            self.capabilities.note("file-names", works=False)
        return kept


def find_record_problems(
    kind: str, expected: Mapping[str, Any], row: Mapping[str, Any] | None
) -> list[FieldDifference]:
    """Return how a row differs from what was sent; the field of each is `KIND.NAME`, or the kind.

    A row that is missing, or has none of the fields, is a difference of the whole record.
    """
    if row is None:
        return [FieldDifference(kind, format_value(expected), "no record")]
    if not row.keys() & expected.keys():
        return [FieldDifference(kind, f"some of {', '.join(expected)}", "none of them")]
    return [
        FieldDifference(f"{kind}.{one.field}", one.expected, one.actual)
        for one in find_differences(kind, [expected], row)
    ]
