"""The fields of one answer, each read and converted by the mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from cutover_gates.drivers.http_client import describe_head
from cutover_gates.drivers.rest.extraction import ExtractionError, read_value
from cutover_gates.drivers.rest.operation_runner import OperationResult
from cutover_gates.drivers.rest.vocabulary import FIELDS, OPERATIONS
from cutover_gates.hospital import ProtocolViolation

T = TypeVar("T")
SHOWN_WORD_CHARACTERS = 40


class FieldRules(Protocol):
    """The mapping's rules for fields, as `AnswerReader` has them."""

    @property
    def fields(self) -> Mapping[str, Mapping[str, str]]:
        """The place of each field in an answer, for each operation."""
        ...

    def from_target(self, kind: str, word: Any) -> str | None:
        """Return our word for the target's, or None where the mapping has none."""
        ...

    def field_violation(
        self, result: OperationResult, field: str, expected: str, actual: str
    ) -> ProtocolViolation:
        """Return the error for a field that differs from what the mapping expects."""
        ...


class AnswerFields:
    """The fields of one answer, or of one item of the list in it.

    A field that is missing or of another kind is a `ProtocolViolation`.
    """

    def __init__(self, rules: FieldRules, result: OperationResult, body: Any = None) -> None:
        self._rules, self._result = rules, result
        self._places = rules.fields[result.operation]
        self._body = result.answer.json if body is None else body

    def require(self, field: str, convert: Callable[[Any], T]) -> T:
        """Return a value that must be there."""
        value = self.optional(field, convert)
        if value is None:
            raise self._violation(
                field, f"a {field}", f"nothing there, in {describe_head(self._result.answer)}"
            )
        return value

    def optional(self, field: str, convert: Callable[[Any], T]) -> T | None:
        """Return a value, None where it is missing or not mapped."""
        value = self._read(field)
        if value is None:
            return None
        if isinstance(value, dict | list):
            raise self._violation(field, f"one {field}", f"a {type(value).__name__}")
        try:
            return convert(value)
        except (TypeError, ValueError) as error:
            actual = f"a value of another kind ({type(error).__name__})"
            raise self._violation(field, f"a {field}", actual) from error

    def word(self, field: str, kind: str) -> str | None:
        """Return our word for the target's.

        A word that the mapping does not know is a violation: either the target is wrong, or a line
        of the mapping is missing.
        """
        required = FIELDS[OPERATIONS[self._result.operation].answer or "content"][field]
        read = self.require if required else self.optional
        word = read(field, _identity)
        if word is None:
            return None
        own_word = self._rules.from_target(kind, word)
        if own_word is None:
            actual = repr(str(word)[:SHOWN_WORD_CHARACTERS])
            raise self._violation(field, f"a word that [words.{kind}] knows", actual)
        return own_word

    def _read(self, field: str) -> Any:
        where = self._places.get(field)
        if where is None:
            return None
        try:
            return read_value(where, self._result.answer, self._body, self._result.variables)
        except ExtractionError as fault:
            raise self._violation(field, f"a {field}", str(fault)) from fault

    def _violation(self, field: str, expected: str, actual: str) -> ProtocolViolation:
        return self._rules.field_violation(self._result, field, expected, actual)


def parse_date(value: Any) -> date:
    """Return a date, or the date of a moment, in ISO form."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])


def parse_moment(value: Any) -> datetime:
    """Return a moment in ISO form. Raises ValueError where it names no time zone."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment


def parse_known_moment(value: Any) -> datetime | None:
    """Return a moment, or None where it names no time zone or has a form of its own.

    Such a time of a visit is not told, as far as a check is concerned.
    """
    try:
        return parse_moment(value)
    except ValueError:
        return None


def _identity(value: Any) -> Any:
    return value
