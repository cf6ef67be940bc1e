"""The evaluation of an answer: as expected, a rejection that the mapping knows, or a violation."""

from __future__ import annotations

import re
from collections.abc import Iterable

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.evidence.refusal_text import describe_refusal_kind
from cutover_gates.drivers.http_client import describe_head
from cutover_gates.drivers.rest.extraction import ExtractionError, read_value, search_body
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep, RejectionRule
from cutover_gates.drivers.rest.rejected_fields import find_rejected_field
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.drivers.violations import ViolationReporter
from cutover_gates.hospital import (
    Answer,
    MappingError,
    ProtocolViolation,
    Reason,
    RefusalRule,
    Rejected,
)

Rules = list[tuple[Reason, RejectionRule]]

_NO_RESOURCE_STATUSES = frozenset({404, 405, 501})
_MESSAGE_CHARACTERS = 300
_MARKUP = re.compile(r"(?is)<(script|style|title)\b.*?</\1>|<[^>]*>")
"""The parts of an error page that are no text for its reader."""


class AnswerJudge:
    """Evaluates answers by the mapping.

    It remembers which requests have worked: their paths cannot be wrong.
    """

    def __init__(self, mapping: TargetMapping, redactor: Redactor) -> None:
        self._mapping, self._redactor = mapping, redactor
        self._reporter = ViolationReporter(redactor, mapping.source)
        self._working_keys: set[str] = set()
        rules = [(reason, rule) for reason, several in mapping.refusals.items() for rule in several]
        # Rules that look into the body come first: they tell reasons apart that share a status.
        self._body_rules = [(reason, rule) for reason, rule in rules if rule.where or rule.text]
        self._status_rules = [rule for rule in rules if rule not in self._body_rules]
        self._operation_rules = [pair for pair in self._status_rules if pair[1].operations]
        self._general_rules = [pair for pair in self._status_rules if not pair[1].operations]

    def judge(
        self, operation: str, step: MappingStep, key: str, request: httpx.Request, answer: Answer
    ) -> None:
        """Return where the answer is what the step expects.

        Raises `Rejected`, `MappingError` or `ProtocolViolation` otherwise. `key` is the step's
        place in the mapping.
        """
        place = step, key
        self._raise_rejection(operation, place, answer, self._body_rules)
        if answer.status in step.expect:
            self._require_json(key, request, answer)
            self._working_keys.add(key)
            return
        self._check_path(operation, key, request, answer)
        self._raise_rejection(operation, place, answer, self._operation_rules)
        self._raise_rejection(operation, place, answer, self._general_rules)
        statuses = " or ".join(map(str, step.expect))
        raise self.violation(
            operation,
            f"HTTP {statuses}, or a rejection that the mapping knows",
            self._describe_answer(answer),
            f"{key}.expect = {list(step.expect)}",
            request,
        )

    def violation(
        self, operation: str, expected: str, actual: str, line: str, request: httpx.Request
    ) -> ProtocolViolation:
        """Return the violation; `line` is the mapping's line that expects something else."""
        return self._reporter.violation(operation, expected, actual, request, line)

    def unreachable(
        self, operation: str, line: str, request: httpx.Request, error: httpx.TransportError
    ) -> ProtocolViolation:
        """Return the violation that no answer came, or one that was too large."""
        return self._reporter.unreachable(operation, request, error, line)

    def message(self, answer: Answer) -> str:
        """Return the target's own text of an error, short and redacted; on production its kind."""
        if self._redactor.withholds_target_text:
            kind = describe_refusal_kind(answer.json, answer.media_type)
            return self._redactor.redact_text(kind)
        try:
            message = read_value(self._mapping.error.message, answer, answer.json, {})
        except ExtractionError:
            message = None
        if message is None and answer.media_type.startswith("text/"):
            message = " ".join(_MARKUP.sub(" ", answer.text).split()) or None
        if message is None:
            message = f"({answer.media_type or 'no content'})"
        return self._redactor.redact_text(str(message)[:_MESSAGE_CHARACTERS])

    def reason_of(self, answer: Answer, operation: str = "describe") -> Reason | None:
        """Return the reason by which the mapping reads `answer` as a rejection, or None."""
        for reason, rule in (*self._body_rules, *self._status_rules):
            if self._matches(rule, operation, answer):
                return reason
        return None

    def list_rules(self, reason: Reason) -> tuple[RefusalRule, ...]:
        """Return the rules of a reason that hold in the answer to any documented operation."""
        return tuple(
            RefusalRule(rule.status, rule.where or "", rule.text or "")
            for one, rule in (*self._body_rules, *self._status_rules)
            if one is reason and (not rule.operations or "describe" in rule.operations)
        )

    def _raise_rejection(
        self,
        operation: str,
        place: tuple[MappingStep, str],
        answer: Answer,
        rules: Iterable[tuple[Reason, RejectionRule]],
    ) -> None:
        for reason, rule in rules:
            if self._matches(rule, operation, answer):
                complaint = self._complaint(*place, answer) if reason is Reason.INVALID else ""
                raise Rejected(reason, self.message(answer) + complaint, answer)

    def _complaint(self, step: MappingStep, key: str, answer: Answer) -> str:
        """Return which field a rejection complains of, and its line; empty where it names none."""
        field = find_rejected_field(step, answer.json)
        if not field:
            return ""
        name = field.rpartition(".")[2]
        return f"; it complains of {name} ({self._mapping.source}: {key}.{field})"

    def _matches(self, rule: RejectionRule, operation: str, answer: Answer) -> bool:
        if rule.operations and operation not in rule.operations:
            return False
        if rule.status and answer.status not in rule.status:
            return False
        if rule.text is not None and rule.text not in answer.text:
            return False
        try:
            return rule.where is None or bool(search_body(rule.where, answer.json))
        except ExtractionError:
            return False  # a body of another shape is not this rejection

    def _check_path(self, operation: str, key: str, request: httpx.Request, answer: Answer) -> None:
        """Raise for "not found" or a redirect where nothing was requested by an id.

        Then the path is wrong. With the default dialect, or a path that has worked, the target
        breaks its promise; with a new mapping its author must look first.
        """
        takes_id = operation == "setup" or OPERATIONS[operation].takes_id
        is_missing = answer.status in _NO_RESOURCE_STATUSES and not takes_id
        is_redirect = 300 <= answer.status < 400
        if not is_missing and not is_redirect:
            return
        if self._mapping.is_default or key in self._working_keys:
            expected = "an answer: this operation names no single thing that could be missing"
            raise self.violation(operation, expected, self._describe_answer(answer), key, request)
        outcome = f"answered HTTP {answer.status}"
        if is_redirect:
            # Without the query: the address of a login page may carry a token.
            outcome = f"redirected to {answer.headers.get('location', '?').partition('?')[0]}"
        url = request.url.copy_with(query=None)
        problem = f"{key}: {request.method} {url} {outcome}; is the path right?"
        raise MappingError(self._redactor.redact_text(f"{self._mapping.source}: {problem}"))

    def _require_json(self, key: str, request: httpx.Request, answer: Answer) -> None:
        is_empty = answer.content.strip() in (b"", b"null")
        if answer.json is None and "json" in answer.media_type and not is_empty:
            actual = describe_head(answer)
            raise self.violation(key, "valid JSON", actual, key, request)

    def _describe_answer(self, answer: Answer) -> str:
        message = f": {self.message(answer)}" if answer.status >= 400 else ""
        return f"{describe_head(answer)}{message}"
