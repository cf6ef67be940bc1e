"""Does the line of a request arrive in the log store, complete, and without what nobody may read
there?

store = store_of(monitoring.logs, standing.log)
store.find(request_id)      # the lines that hold a text
store.since(moment)         # all lines from a moment on
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.logs.log_store_factory import create_log_store
from cutover_gates.probes.observability.logs.log_stores import LogStore
from cutover_gates.probes.observability.logs.model import (
    LogLine,
    TrafficRecord,
    TrafficSource,
    parse_timestamp,
)
from cutover_gates.probes.observability.model import (
    AssessmentSink,
    SignalAssessmentBuilder,
    run_assessment,
)
from cutover_gates.util.concurrency import wait_until

__all__ = ["LogAssessments", "create_log_store"]
TABLE = "monitoring.logs"


@dataclass(frozen=True)
class LogAssessments:
    """`store` None: none is declared.

    `rolled_back_at`: when the rollback was done, seconds since 1970. `redactor` knows the run's secrets.
    """

    settings: LogSettings
    store: LogStore | None
    traffic: TrafficSource
    redactor: Redactor
    target: str
    rolled_back_at: float | None = None
    record: AssessmentSink = field(default=lambda _examination: None, repr=False)

    def assess_delivery(self) -> Assessment:
        """Is the line of a request in the store in time, with level, time and the request's id?"""
        return run_assessment(
            SignalAssessmentBuilder("logs: a line arrives", self.target),
            self.record,
            self._check_delivery,
        )

    def assess_secrets(self) -> Assessment:
        """Does no line hold a password or a token, while somebody signs in and works?"""
        return run_assessment(
            SignalAssessmentBuilder("logs: without secrets", self.target),
            self.record,
            self._check_secrets,
        )

    def assess_patient_data(self) -> Assessment:
        """Does no line hold what only a chart may, while somebody is registered and looked for by
        name?
        """
        return run_assessment(
            SignalAssessmentBuilder("logs: without patient data", self.target),
            self.record,
            self._check_patient_data,
        )

    def assess_errors_since_rollback(self) -> Assessment:
        """Is there no line of an error since the rollback?"""
        return run_assessment(
            SignalAssessmentBuilder("logs: since the rollback", self.target),
            self.record,
            self._check_errors_since_rollback,
        )

    # ── a line arrives ──

    def _require_store(self, seen: SignalAssessmentBuilder) -> LogStore | None:
        if self.store is None:
            seen.add_undeclared_setting(
                TABLE, "kind and what it needs", "where the target's log is"
            )
        return self.store

    def _check_delivery(self, seen: SignalAssessmentBuilder) -> None:
        if (store := self._require_store(seen)) is None:
            return
        done = self.traffic.probe_request()
        if not done.ids:
            seen.not_proven.append(_NO_IDS)
            return
        number, began = done.ids[0], time.monotonic()
        lines = wait_until(lambda: store.find(number) or None, self.settings.seconds)
        if lines is None:
            seen.findings.append(
                f"expected a line of request {number} within {self.settings.seconds:g} s, came"
                " none: it is late or lost, or its line does not hold the request's id"
            )
            return
        seen.figures |= {
            "request": number,
            "lines": len(lines),
            "seconds": round(time.monotonic() - began, 1),
        }
        wrong = [
            sentence for line in lines for sentence in self._find_line_problems(line, number, done)
        ]
        seen.findings += wrong
        if not wrong:
            seen.checked.append(f"line of request {number}")

    def _find_line_problems(self, line: LogLine, number: str, done: TrafficRecord) -> list[str]:
        """What a line lacks."""
        names, line_is = self.settings, f"the line of request {number}"
        wrong, level, at = (
            [],
            str(line.get_field(names.level) or "").lower(),
            parse_timestamp(line.get_field(names.time)),
        )
        if str(line.get_field(names.request_id)) != number:
            wrong.append(
                f"{line_is}: expected the id in its field {names.request_id!r}, and it stands"
                f" elsewhere; its fields are {_format_field_names(line)}"
            )
        if level not in {one.lower() for one in names.levels}:
            came = (
                f"{self.redactor.redact_text(level)[:20]!r}"
                if level
                else f"none; its fields are {_format_field_names(line)}"
            )
            wrong.append(
                f"{line_is}: expected a level in its field {names.level!r}"
                f" ({', '.join(names.levels)}), came {came}"
            )
        if at is None:
            wrong.append(
                f"{line_is}: expected a time in its field {names.time!r}, came none; its fields are"
                f" {_format_field_names(line)}"
            )
        elif not done.began - names.clock_seconds <= at <= done.ended + names.clock_seconds:
            wrong.append(
                f"{line_is}: expected a time within {names.clock_seconds:g} s of"
                f" {_format_time(done.began)}, came {_format_time(at)}, {abs(at - done.began):.0f} s"
                f" {'later' if at > done.began else 'earlier'}: is its clock right, and its zone?"
            )
        return wrong

    # ── what no line may hold ──

    def _read_window(
        self, seen: SignalAssessmentBuilder, store: LogStore, done: TrafficRecord
    ) -> Sequence[LogLine] | None:
        """All lines since the requests began, once those of each of them are there."""
        if not done.ids:
            seen.not_proven.append(_NO_IDS)
            return None

        def look() -> Sequence[LogLine] | None:
            lines = store.read_since(done.began - self.settings.clock_seconds)
            return (
                lines
                if set(done.ids)
                <= {str(line.get_field(self.settings.request_id)) for line in lines}
                else None
            )

        lines = wait_until(look, self.settings.seconds)
        if lines is None:
            seen.not_proven.append(
                f"not all lines of the {len(done.ids)} requests that were made arrived within"
                f" {self.settings.seconds:g} s with their ids, so what they hold was not seen"
            )
        return lines

    def _check_secrets(self, seen: SignalAssessmentBuilder) -> None:
        if (store := self._require_store(seen)) is None:
            return
        lines = self._read_window(seen, store, self.traffic.sign_in())
        if lines is not None:
            self._search_lines(
                seen,
                lines,
                lambda text: [
                    *self.redactor.find_secrets(text.encode()),
                    *_find_tokens(text, self.redactor),
                ],
            )

    def _check_patient_data(self, seen: SignalAssessmentBuilder) -> None:
        if (store := self._require_store(seen)) is None:
            return
        done = self.traffic.register_canary_patient()
        vault = Redactor()  # it knows the forms that a text may take on its way into a file
        for name, value in done.private.items():
            vault.learn(name, value)
            vault.learn(name, value.casefold())
        lines = self._read_window(seen, store, done)
        if lines is not None:
            self._search_lines(
                seen,
                lines,
                lambda text: vault.find_secrets(
                    "\n".join((text, text.casefold(), unquote_plus(text))).encode()
                ),
            )

    def _search_lines(
        self,
        seen: SignalAssessmentBuilder,
        lines: Sequence[LogLine],
        held: Callable[[str], Sequence[str]],
    ) -> None:
        """Only names are told: of what a line holds, and of the line."""
        for line in lines:
            if found := sorted(set(held(line.text))):
                seen.findings.append(
                    f"{self._describe_line(line)} holds {', '.join(found)}: whoever reads the log reads"
                    " it, too"
                )
        if not seen.findings:
            seen.checked.append(f"{len(lines)} lines")
        seen.figures["lines"] = len(lines)

    def _describe_line(self, line: LogLine) -> str:
        number, at = (
            line.get_field(self.settings.request_id),
            parse_timestamp(line.get_field(self.settings.time)),
        )
        of = (
            f" of request {self.redactor.redact_text(number)}"
            if isinstance(number, str) and _ID_PATTERN.fullmatch(number)
            else ""
        )
        return (
            f"a line{of} at {_format_time(at)}" if at is not None else f"a line{of} without a time"
        )

    # ── after the rollback ──

    def _check_errors_since_rollback(self, seen: SignalAssessmentBuilder) -> None:
        store, names = self._require_store(seen), self.settings
        if self.rolled_back_at is None:
            seen.add_undeclared_setting(TABLE, "rolled_back", "when the rollback was done")
        if store is None or self.rolled_back_at is None:
            return
        if self.rolled_back_at > time.time():
            seen.not_proven.append(
                f"rolled_back is {_format_time(self.rolled_back_at)}, which is still to come"
            )
            return
        if (
            self._read_window(seen, store, self.traffic.probe_request()) is None
        ):  # the log that is read must be the one that is written now
            return
        lines = store.read_since(self.rolled_back_at)
        timed = [line for line in lines if line.get_field(names.time) is not None]
        bare = sum(not line.get_field(names.level) for line in timed)
        bad = [
            line
            for line in lines
            if str(line.get_field(names.level) or "").lower()
            in {level.lower() for level in names.error_levels}
        ]
        seen.figures |= {
            "since": _format_time(self.rolled_back_at),
            "lines": len(lines),
            "levels": Counter(str(line.get_field(names.level))[:20] for line in timed),
        }
        seen.findings += [
            f"an error since the rollback: {self._describe_line(line)}, level {line.get_field(names.level)}"
            for line in bad
        ]
        if bare or not timed:
            seen.not_proven.append(
                f"{bare} of {len(timed)} lines since {_format_time(self.rolled_back_at)} have no level in their"
                f" field {names.level!r}, so that nobody can say whether they tell of an error"
            )
        else:
            seen.checked.append(f"{len(lines)} lines since {_format_time(self.rolled_back_at)}")


_ID_PATTERN = re.compile(r"[\w.:-]{1,64}")
_NO_IDS = (
    "the target's answers carry no X-Request-Id, so the line of a request cannot be told from"
    " others: let it answer with the id that it logs"
)


def _find_tokens(text: str, redactor: Redactor) -> Sequence[str]:
    """What looks like a token, whosever it is."""
    return ["a token (JWT)"] if "‹jwt›" in redactor.redact_text(text) else []


def _format_field_names(line: LogLine) -> str:
    return ", ".join(sorted(line)[:20])


def _format_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
