"""The reader of answers: from an answer to the values of the language."""

from __future__ import annotations

from typing import Any

from cutover_gates.drivers.rest.answer_fields import (
    AnswerFields,
    parse_date,
    parse_known_moment,
    parse_moment,
)
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.operation_runner import OperationResult, OperationRunner
from cutover_gates.hospital import (
    AuditEntry,
    Document,
    Health,
    Patient,
    ProtocolViolation,
    Session,
    Sex,
    Visit,
    VisitStatus,
)

_WORDS = {"sex": Sex, "status": VisitStatus}


class AnswerReader:
    """Reads values by the mapping.

    A value that is missing or of another kind is a `ProtocolViolation` that names the mapping's
    line.
    """

    def __init__(self, mapping: TargetMapping, runner: OperationRunner) -> None:
        self._mapping, self._runner = mapping, runner
        self.fields = {name: mapping.fields(name) for name in mapping.operations}

    def patient(self, result: OperationResult, body: Any = None) -> Patient:
        """Return the patient in an answer, or in one item (`body`) of its list."""
        fields = AnswerFields(self, result, body)
        return Patient(
            mrn=fields.require("mrn", str),
            family_name=fields.require("family_name", str),
            given_name=fields.optional("given_name", str) or "",
            birth_date=fields.require("birth_date", parse_date),
            sex=Sex(fields.word("sex", "sex") or Sex.UNKNOWN),
            phone=fields.optional("phone", str),
            address=fields.optional("address", str),
            id=fields.require("id", str),
            version=fields.optional("version", str),
        )

    def visit(self, result: OperationResult, body: Any = None) -> Visit:
        """Return the visit in an answer, or in one item (`body`) of its list."""
        fields = AnswerFields(self, result, body)
        status = VisitStatus(fields.word("status", "status") or "")
        return Visit(
            fields.require("id", str),
            fields.require("patient_id", str),
            status,
            fields.optional("reason", str),
            fields.optional("opened_at", parse_known_moment),
            fields.optional("admitted_at", parse_known_moment),
            fields.optional("discharged_at", parse_known_moment),
        )

    def document(self, result: OperationResult, body: Any = None) -> Document:
        """Return the document in an answer, or in one item (`body`) of its list."""
        fields = AnswerFields(self, result, body)
        return Document(
            fields.require("id", str),
            fields.require("patient_id", str),
            fields.require("file_name", str),
            fields.require("media_type", str),
            fields.optional("size", int),
            fields.optional("sha256", str),
            fields.optional("author", str),
        )

    def audit_entry(self, result: OperationResult, body: Any = None) -> AuditEntry:
        """Return the entry of the audit log in one item (`body`) of its list."""
        fields = AnswerFields(self, result, body)
        return AuditEntry(
            fields.require("id", str),
            frozenset({fields.require("username", str)}),
            fields.require("allowed", bool),
            fields.optional("action", str) or "",
            fields.optional("patient_id", str),
            fields.optional("at", parse_moment),
        )

    def session(
        self, result: OperationResult, username: str, before: Session | None = None
    ) -> Session:
        """Return the session. What a refresh does not give anew is kept from `before`."""
        fields = AnswerFields(self, result)
        captured = {
            name: result.variables[name]
            for step in self._mapping.operations[result.operation].steps
            for name in step.capture
        }
        access = fields.require("access", str)
        refresh = fields.optional("refresh", str)
        lifetime = fields.optional("lifetime", float)
        if before is not None:
            refresh = refresh or before.refresh
            captured = {**before.variables, **captured}
        return Session(username, access, refresh, lifetime, captured)

    def health(self, result: OperationResult) -> Health:
        """Return the health. An answer with an error status is never healthy."""
        fields = AnswerFields(self, result)
        healthy = fields.optional("healthy", bool) or False
        detail = fields.optional("detail", str) or f"HTTP {result.answer.status}"
        return Health(healthy and result.answer.status < 300, detail)

    def text(self, result: OperationResult, field: str) -> str:
        """Return a field that is text."""
        return AnswerFields(self, result).require(field, str)

    def to_target(self, kind: str, word: str) -> Any:
        """Return the target's word for ours."""
        return self._mapping.words.get(kind, {}).get(word, (word,))[0]

    def from_target(self, kind: str, word: Any) -> str | None:
        """Return our word for the target's, None where the mapping does not know it.

        Our own words need no mapping, unless the mapping uses them for something else.
        """
        words = self._mapping.words.get(kind, {})
        for own_word, target_words in words.items():
            if word in target_words:
                return own_word
        own_words = [member.value for member in _WORDS[kind]]
        return str(word) if word in own_words and word not in words else None

    def field_violation(
        self, result: OperationResult, field: str, expected: str, actual: str
    ) -> ProtocolViolation:
        """Return the violation of one field."""
        where = self.fields[result.operation].get(field, "")
        line = f"{self._mapping.field_key(result.operation, field)} = {where!r}"
        return self._runner.judge.violation(
            result.operation, f"{expected} at {where!r}", actual, line, result.request
        )
