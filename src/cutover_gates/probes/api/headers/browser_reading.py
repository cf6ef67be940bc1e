"""The question whether a browser is shown what the driver is shown, whatever it says it accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Answer, Driver, Operation, Session, UndocumentedRequest
from cutover_gates.probes.api.headers import rules

BROWSERS: Mapping[str, Mapping[str, str]] = {
    "Accept-Language: de": {"Accept-Language": "de-DE,de;q=0.9"},
    "Accept-Language: en-US": {"Accept-Language": "en-US,en;q=0.9"},
    "Accept-Encoding: gzip": {"Accept-Encoding": "gzip"},
}
"""What browsers say that the driver does not, which asks for plain answers of no language."""
_DATUM = re.compile(r"\S*\d\S*|[\d\s.,:/+TZ-]+")
"""A date, a number, an id, a name with a number of the run. A text in words may be translated."""

Values = Callable[[Operation], Mapping[str, str]]


@dataclass(frozen=True)
class BrowserAssessments:
    """Answers the check about browsers.

    `operations` are those of the document. `charts` return the values of the parameters in an
    operation's path, one for each of several patients of the run.
    """

    hospital: Driver
    operations: Sequence[Operation]
    session: Session
    charts: Sequence[Values]
    record: Callable[[Assessment], None] = field(repr=False)

    def assess_browsers(self) -> Assessment:
        """Read each record of several charts plainly, and as browsers with other headers do."""
        builder = AssessmentBuilder()
        for operation in self._list_record_reads():
            for headers in BROWSERS:
                for values in self.charts:
                    builder.findings += self._compare(operation, values, headers)
            builder.checked.append(str(operation))
        assessment = builder.build("what browsers are shown")
        self.record(assessment)
        return assessment

    def _list_record_reads(self) -> list[Operation]:
        """Return the operations that read a record of a chart, and not a list of all patients."""
        return [one for one in self.operations if one.method == "GET" and self._has_values(one)]

    def _has_values(self, operation: Operation) -> bool:
        request = _with_headers(operation, {})
        known = self.charts[0](request).keys()
        return bool(request.parameters) and request.parameters <= known

    def _compare(self, operation: Operation, values: Values, headers: str) -> Iterator[Finding]:
        plain, again = (self._ask(operation, values, {}) for _ in range(2))
        shown = self._ask(operation, values, BROWSERS[headers])
        yield from find_other_content(f"{operation} with {headers}", (plain, again), shown)

    def _ask(self, operation: Operation, values: Values, headers: Mapping[str, str]) -> Answer:
        request = _with_headers(operation, headers)
        return self.hospital.attempt(request, self.session, values(operation))


def find_other_content(
    subject: str, plain: tuple[Answer, Answer], shown: Answer
) -> Iterator[Finding]:
    """Yield how an answer to a browser differs from two plain answers.

    Of JSON the data are compared, and what differs between the plain answers is not.
    """
    one, again = plain
    if (one.status, one.media_type) != (shown.status, shown.media_type):
        expected = f"HTTP {one.status} {one.media_type}"
        actual = f"HTTP {shown.status} {shown.media_type}"
        yield Finding(rules.SAME_FOR_BROWSERS, subject, expected, actual)
        return
    if one.json is None:
        if one.content == again.content != shown.content:
            expected = f"the same {len(one.content)} bytes"
            actual = f"other ones, {len(shown.content)} bytes"
            yield Finding(rules.SAME_FOR_BROWSERS, subject, expected, actual)
        return
    data, repeated, changed = (_list_data(answer.json) for answer in (one, again, shown))
    for place, value in data.items():
        if repeated.get(place) == value != changed.get(place):
            yield Finding(
                rules.SAME_FOR_BROWSERS,
                f"{subject}: {place}",
                f"equal to {one.quote(value)}",
                shown.quote(changed.get(place, "nothing")),
            )


def _list_data(value: Any, place: str = "") -> dict[str, str]:
    """Return the data of a JSON value (no words) by their places, such as `items.0.id`."""
    if isinstance(value, Mapping):
        parts: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        parts = list(enumerate(value))
    else:
        text = str(value)
        return {place: text} if _DATUM.fullmatch(text) else {}
    found: dict[str, str] = {}
    for name, part in parts:
        found |= _list_data(part, f"{place}.{name}".removeprefix("."))
    return found


def _with_headers(operation: Operation, headers: Mapping[str, str]) -> UndocumentedRequest:
    return UndocumentedRequest(
        operation.method, operation.path, operation.protected, frozenset(), headers=headers
    )
