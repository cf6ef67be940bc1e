"""The judgement of single lines: are they complete, and what do they hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.model import LogLine, TrafficRecord, parse_timestamp

TextSearch = Callable[[str], Sequence[str]]
"""Returns the names of what a text holds, never the values."""
_ID_PATTERN = re.compile(r"[\w.:-]{1,64}")
MAX_LEVEL_CHARACTERS = 20
OUTAGE_ENDS_SECONDS = 1.0
MAX_FIELD_NAMES = 20


@dataclass(frozen=True)
class LineJudge:
    """Lines are judged by the fields that the settings name. `redactor` knows the run's secrets."""

    settings: LogSettings
    redactor: Redactor

    def find_line_problems(
        self, line: LogLine, request_id: str, traffic: TrafficRecord
    ) -> Iterator[Finding]:
        """Yield a finding for each thing that the line of a request lacks."""
        subject, names = f"line of request {request_id}", self.settings
        fields = f"fields {', '.join(sorted(line)[:MAX_FIELD_NAMES])}"
        if str(line.get_field(names.request_id)) != request_id:
            expected = f"the id in field {names.request_id}"
            yield Finding(rules.LINE_HAS_ID, subject, expected, f"the id elsewhere; {fields}")
        # Level names are compared without regard to case: libraries differ in it.
        level = str(line.get_field(names.level) or "").lower()
        if level not in {each.lower() for each in names.levels}:
            expected = f"in field {names.level} one of {', '.join(names.levels)}"
            # The field may hold anything, so it is masked and cut.
            shown = self.redactor.redact_text(level)[:MAX_LEVEL_CHARACTERS]
            yield Finding(rules.LINE_HAS_LEVEL, subject, expected, shown or f"none; {fields}")
        at = parse_timestamp(line.get_field(names.time))
        if at is None:
            yield Finding(
                rules.LINE_HAS_TIME, subject, f"a time in field {names.time}", f"none; {fields}"
            )
        elif finding := self._find_time_problem(subject, at, traffic):
            yield finding

    def _find_time_problem(self, subject: str, at: float, traffic: TrafficRecord) -> Finding | None:
        slack = self.settings.clock_seconds
        if traffic.began - slack <= at <= traffic.ended + slack:
            return None
        direction = "later" if at > traffic.began else "earlier"
        return Finding(
            rules.LINE_TIME_CORRECT,
            subject,
            f"within {slack:g} s of {format_time(traffic.began)}",
            f"{format_time(at)}, {abs(at - traffic.began):.0f} s {direction}",
        )

    def search_lines(
        self, builder: AssessmentBuilder, rule: Rule, lines: Sequence[LogLine], search: TextSearch
    ) -> None:
        """Add a finding of `rule` for each line in which `search` finds something.

        Only names are reported: of what a line holds, and of the line.
        """
        for line in lines:
            if names := sorted(set(search(line.text))):
                subject = self.describe_line(line)
                builder.add_finding(rule, subject, expected="none", actual=", ".join(names))
        if not builder.findings:
            builder.checked.append(f"{len(lines)} lines")
        builder.figures["lines"] = len(lines)

    def describe_line(self, line: LogLine) -> str:
        """Return how a finding names a line: by its request and its time."""
        request_id = line.get_field(self.settings.request_id)
        at = parse_timestamp(line.get_field(self.settings.time))
        words = ["line"]
        # An id that does not look like one may be content.
        if isinstance(request_id, str) and _ID_PATTERN.fullmatch(request_id):
            words.append(f"of request {self.redactor.redact_text(request_id)}")
        words.append("without a time" if at is None else f"at {format_time(at)}")
        return " ".join(words)

    def is_error(self, line: LogLine) -> bool:
        """Return whether the line has one of the declared error levels."""
        level = str(line.get_field(self.settings.level) or "").lower()
        return level in {each.lower() for each in self.settings.error_levels}

    def is_within(self, line: LogLine, outage: tuple[float, float] | None) -> bool:
        """Return whether the line is of an outage (from, to) that the gate itself made."""
        at = parse_timestamp(line.get_field(self.settings.time))
        if at is None or outage is None:
            return False
        # A request that failed at the end of it leaves its line a moment later.
        return outage[0] <= at <= outage[1] + OUTAGE_ENDS_SECONDS

    def has_all_ids(self, lines: Sequence[LogLine], traffic: TrafficRecord) -> bool:
        """Return whether there is a line of every request."""
        present = {str(line.get_field(self.settings.request_id)) for line in lines}
        return present.issuperset(traffic.ids)


def search_secrets(redactor: Redactor) -> TextSearch:
    """Return a search for the run's own secrets, and for any token that looks like one."""

    def search(text: str) -> Sequence[str]:
        names = list(redactor.find_secrets(text.encode()))
        # Any user's token, not only the run's: the redactor knows the form of a JWT.
        if "‹jwt›" in redactor.redact_text(text):
            names.append("a token (JWT)")
        return names

    return search


def search_private_values(traffic: TrafficRecord) -> TextSearch:
    """Return a search for the private values of requests, in whatever spelling."""
    # A redactor knows the forms that a text may take on its way into a file, such as base64.
    vault = Redactor()
    for name, value in traffic.private.items():
        vault.learn(name, value)
        vault.learn(name, value.casefold())

    def search(text: str) -> Sequence[str]:
        # An access log keeps query strings, in which a space is a plus sign.
        forms = (text, text.casefold(), unquote_plus(text))
        return list(vault.find_secrets("\n".join(forms).encode()))

    return search


def format_time(at: float) -> str:
    """Return a moment (seconds since 1970) as ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
