"""What an answer means: as expected, a refusal that the mapping knows, or a misbehaviour.

Also the words of every failure.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable
from typing import Any

import httpx

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.http_exchange import EXCHANGE, HttpResponse, make_exchange
from cutover_gates.drivers.rest.extraction import ReadFault, read_value, search_body
from cutover_gates.drivers.rest.mapping_model import MappingStep, RejectionRule, TargetMapping
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.drivers.transport import TargetUnavailable
from cutover_gates.hospital import (
    Answer,
    MappingError,
    ProtocolViolation,
    Reason,
    Rejected,
    Unreachable,
)

_NOT_THERE = frozenset({404, 405, 501})
_MESSAGE_LIMIT = 300
_SAYS_NOTHING = frozenset({"", "text/plain", "text/html"})
"""Media types under which backends send JSON, too: frameworks put them where nobody chose one."""
_MARKUP = re.compile(r"(?is)<(script|style|title)\b.*?</\1>|<[^>]*>")
"""What is no word of an error page."""


def make_answer(response: HttpResponse, seconds: float) -> Answer:
    """The answer. JSON is read where the media type says so, or where a text begins like it."""
    body = None
    media_type = response.headers.get("content-type", "").partition(";")[0].lower()
    if "json" in media_type or (
        media_type in _SAYS_NOTHING
        and response.content.removeprefix(codecs.BOM_UTF8)[:1] in (b"{", b"[")
    ):
        try:
            body = json.loads(response.content)
        except ValueError:
            body = None
    return Answer(response.status_code, response.headers, response.content, body, seconds)


class AnswerJudge:
    """Judges answers by the mapping.

    `works` names the operations that were seen to work: their paths cannot be mistaken.
    """

    def __init__(self, mapping: TargetMapping, redactor: Redactor) -> None:
        self._mapping, self._redactor = mapping, redactor
        self._works: set[str] = set()
        rules = [(reason, rule) for reason, several in mapping.refusals.items() for rule in several]
        self._looking_inside = [(reason, rule) for reason, rule in rules if rule.where or rule.text]
        self._by_status = [
            (reason, rule) for reason, rule in rules if not (rule.where or rule.text)
        ]
        self._of_one_operation = [
            (reason, rule) for reason, rule in self._by_status if rule.operations
        ]
        self._of_all = [(reason, rule) for reason, rule in self._by_status if not rule.operations]

    def judge(
        self, operation: str, step: MappingStep, key: str, request: httpx.Request, answer: Answer
    ) -> None:
        """Return when the answer is what the step expects; raise `Refused`, `MappingError` or
        `Misbehaved` otherwise.
        """
        self._raise_rejection(operation, answer, self._looking_inside)
        if answer.status in step.expect:
            self._require_json(key, request, answer)
            self._works.add(key)
            return
        self._check_path(operation, key, request, answer)
        self._raise_rejection(operation, answer, self._of_one_operation)
        self._raise_rejection(operation, answer, self._of_all)
        expected = f"HTTP {' or '.join(map(str, step.expect))}, or a refusal that the mapping knows"
        raise self.violation(
            operation,
            expected,
            self._describe_answer(answer),
            f"{key}.expect = {list(step.expect)}",
            request,
        )

    def violation(
        self, operation: str, expected: str, came: str, line: str, request: httpx.Request
    ) -> ProtocolViolation:
        """The finding: what was expected, what came, which line of the mapping expects it, and how
        to see it again.
        """
        return ProtocolViolation(self._format_failure(operation, expected, came, line, request))

    def unreachable(
        self, operation: str, line: str, request: httpx.Request, error: httpx.TransportError
    ) -> Unreachable:
        """The finding that no answer came."""
        told = self._format_failure(
            operation, "an answer", f"no answer: {type(error).__name__}: {error}", line, request
        )
        return Unreachable(told, final=isinstance(error, TargetUnavailable))

    def _format_failure(
        self, operation: str, expected: str, came: str, line: str, request: httpx.Request
    ) -> str:
        """Five lines, or six with a request id."""
        exchange = request.extensions.get(EXCHANGE) or make_exchange(request, None, 0.0)
        lines = [
            f"{operation}: {request.method} {request.url.path}",
            f"  expected: {expected}",
            f"  came:     {came}",
            f"  mapping:  {line} ({self._mapping.source})",
            f"  again:    {exchange.curl()}",
        ]
        if exchange.request_id:
            lines.append(f"  request:  {exchange.request_id}")
        return self._redactor.redact_text("\n".join(lines))

    def message(self, answer: Answer) -> str:
        """The target's own words of an error, short and redacted."""
        try:
            message = read_value(self._mapping.error.message, answer, answer.json, {})
        except ReadFault:
            message = None
        if message is None and answer.media_type.startswith("text/"):
            message = " ".join(_MARKUP.sub(" ", answer.text).split()) or None
        return self._redactor.redact_text(
            str(message if message is not None else f"({answer.media_type or 'no content'})")[
                :_MESSAGE_LIMIT
            ]
        )

    def _raise_rejection(
        self, operation: str, answer: Answer, rules: Iterable[tuple[Reason, RejectionRule]]
    ) -> None:
        for reason, rule in rules:
            if self._matches(rule, operation, answer):
                raise Rejected(reason, self.message(answer), answer)

    def _matches(self, rule: RejectionRule, operation: str, answer: Answer) -> bool:
        if rule.operations and operation not in rule.operations:
            return False
        if rule.status and answer.status not in rule.status:
            return False
        if rule.text is not None and rule.text not in answer.text:
            return False
        try:
            return rule.where is None or bool(search_body(rule.where, answer.json))
        except ReadFault:
            return False  # a body of another shape is not this refusal

    def _check_path(self, operation: str, key: str, request: httpx.Request, answer: Answer) -> None:
        """Not found, where nothing was looked for by an id: the path is wrong.

        With the default dialect it is the target that broke its promise; with a mapping written for
        this target, and a path that never worked, its author must look first.
        """
        takes_id = operation == "setup" or OPERATIONS[operation].takes_id
        astray = answer.status in _NOT_THERE and not takes_id
        redirected = 300 <= answer.status < 400
        if not astray and not redirected:
            return
        expected = "an answer: this operation names no single thing that could be missing"
        if self._mapping.is_default or key in self._works:
            raise self.violation(operation, expected, self._describe_answer(answer), key, request)
        where = (
            f"redirected to {answer.headers.get('location', '?').partition('?')[0]}"
            if redirected
            else f"answered HTTP {answer.status}"
        )
        raise MappingError(
            self._redactor.redact_text(
                f"{self._mapping.source}: {key}: {request.method}"
                f" {request.url.copy_with(query=None)} {where}; is the path right?"
            )
        )

    def _require_json(self, key: str, request: httpx.Request, answer: Answer) -> None:
        if (
            answer.json is None
            and "json" in answer.media_type
            and answer.content.strip() not in (b"", b"null")
        ):
            raise self.violation(
                key,
                "JSON that can be read",
                f"{len(answer.content)} bytes of {answer.media_type} that cannot",
                key,
                request,
            )

    def _describe_answer(self, answer: Answer) -> str:
        words: Any = "" if answer.status < 400 else f": {self.message(answer)}"
        return (
            f"HTTP {answer.status} ({answer.media_type or 'no media type'}, {len(answer.content)}"
            f" bytes){words}"
        )

    def reason_of(self, answer: Answer, operation: str = "describe") -> Reason | None:
        """The reason by which the mapping would read `answer` as a refusal, None when it would not."""
        rules = (*self._looking_inside, *self._by_status)
        return next(
            (reason for reason, rule in rules if self._matches(rule, operation, answer)), None
        )
