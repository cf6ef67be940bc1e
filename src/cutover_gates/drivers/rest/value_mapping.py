"""From what was read in an answer to the values that checks speak of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

from cutover_gates.drivers.rest.extraction import ReadFault, read_value
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.operation_runner import OperationResult, OperationRunner
from cutover_gates.drivers.rest.vocabulary import FIELDS, OPERATIONS
from cutover_gates.hospital import Document, Health, Patient, Session, Sex, Visit, VisitStatus

T = TypeVar("T")
_NESTED = (dict, list)


class AnswerReader:
    """Reads values by the mapping.

    Whatever is missing or of another kind is a `Misbehaved` that names the mapping's line too.
    """

    def __init__(self, mapping: TargetMapping, runner: OperationRunner) -> None:
        self._mapping, self._runner = mapping, runner
        self.fields = {name: mapping.fields(name) for name in mapping.operations}

    def patient(self, outcome: OperationResult, body: Any = None) -> Patient:
        get = _Fields(self, outcome, body)
        return Patient(
            mrn=get("mrn", str),
            family_name=get("family_name", str),
            given_name=get.optional("given_name", str) or "",
            birth_date=get("birth_date", _parse_date),
            sex=Sex(get.word("sex", "sex") or Sex.UNKNOWN),
            phone=get.optional("phone", str),
            address=get.optional("address", str),
            id=get("id", str),
            version=get.optional("version", str),
        )

    def visit(self, outcome: OperationResult, body: Any = None) -> Visit:
        get = _Fields(self, outcome, body)
        status = get.word("status", "status") or ""
        return Visit(
            get("id", str), get("patient_id", str), VisitStatus(status), get.optional("reason", str)
        )

    def document(self, outcome: OperationResult, body: Any = None) -> Document:
        get = _Fields(self, outcome, body)
        return Document(
            get("id", str),
            get("patient_id", str),
            get("file_name", str),
            get("media_type", str),
            get.optional("size", int),
            get.optional("sha256", str),
        )

    def session(
        self, outcome: OperationResult, username: str, before: Session | None = None
    ) -> Session:
        """The session; what a refresh does not give anew is kept from `before`."""
        get = _Fields(self, outcome, None)
        captured = {
            name: outcome.variables[name]
            for step in self._mapping.operations[outcome.operation].steps
            for name in step.capture
        }
        refresh = get.optional("refresh", str) or (before.refresh if before else None)
        variables = {**(before.variables if before else {}), **captured}
        return Session(
            username, get("access", str), refresh, get.optional("lifetime", float), variables
        )

    def health(self, outcome: OperationResult) -> Health:
        get = _Fields(self, outcome, None)
        healthy = get.optional("healthy", bool) or False
        return Health(
            healthy and outcome.answer.status < 300,
            get.optional("detail", str) or f"HTTP {outcome.answer.status}",
        )

    def text(self, outcome: OperationResult, field: str) -> str:
        return _Fields(self, outcome, None)(field, str)

    def to_target(self, kind: str, ours: str) -> Any:
        """The target's word for ours."""
        return self._mapping.words.get(kind, {}).get(ours, (ours,))[0]

    def from_target(self, kind: str, theirs: Any) -> str | None:
        """Our word for the target's, None when neither knows it."""
        words = self._mapping.words.get(kind, {})
        for word, same in words.items():
            if theirs in same:
                return word
        allowed = {"sex": Sex, "status": VisitStatus}[kind]
        return (
            str(theirs)
            if theirs in [member.value for member in allowed] and theirs not in words
            else None
        )

    def field_violation(
        self, outcome: OperationResult, field: str, expected: str, came: str
    ) -> Exception:
        where = self.fields[outcome.operation].get(field, "")
        line = f"{self._mapping.field_key(outcome.operation, field)} = {where!r}"
        return self._runner.judge.violation(
            outcome.operation, f"{expected} at {where!r}", came, line, outcome.request
        )


class _Fields:
    """The fields of one answer (or of one item of a list)."""

    def __init__(self, reader: AnswerReader, outcome: OperationResult, body: Any) -> None:
        self._reader, self._outcome, self._where = reader, outcome, reader.fields[outcome.operation]
        self._body = outcome.answer.json if body is None else body

    def __call__(self, field: str, kind: Callable[[Any], T]) -> T:
        """A value that must be there."""
        value = self.optional(field, kind)
        if value is None:
            answer = self._outcome.answer
            came = (
                f"nothing there, in HTTP {answer.status} ({answer.media_type or 'no media type'},"
                f" {len(answer.content)} bytes)"
            )
            raise self._reader.field_violation(self._outcome, field, f"a {field}", came)
        return value

    def optional(self, field: str, kind: Callable[[Any], T]) -> T | None:
        """A value, None where it is not there or not mapped."""
        where = self._where.get(field)
        if where is None:
            return None
        try:
            value = read_value(where, self._outcome.answer, self._body, self._outcome.variables)
        except ReadFault as fault:
            raise self._reader.field_violation(
                self._outcome, field, f"a {field}", str(fault)
            ) from fault
        if value is None:
            return None
        if isinstance(value, _NESTED):
            raise self._reader.field_violation(
                self._outcome, field, f"one {field}", f"a {type(value).__name__}"
            )
        try:
            return kind(value)
        except (TypeError, ValueError) as error:
            raise self._reader.field_violation(
                self._outcome, field, f"a {field}", f"a value that is none ({type(error).__name__})"
            ) from error

    def word(self, field: str, kind: str) -> str | None:
        """One of our words.

        A word that the mapping does not know is the target's misbehaviour, or a line missing in the
        mapping.
        """
        required = FIELDS[OPERATIONS[self._outcome.operation].answer or "content"][field]
        theirs = self(field, _identity) if required else self.optional(field, _identity)
        if theirs is None:
            return None
        ours = self._reader.from_target(kind, theirs)
        if ours is None:
            raise self._reader.field_violation(
                self._outcome, field, f"a word that [words.{kind}] knows", f"{str(theirs)[:40]!r}"
            )
        return ours


def _identity(value: Any) -> Any:
    return value


def _parse_date(value: Any) -> date:
    """A date, or the date of a moment, in ISO form."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])
