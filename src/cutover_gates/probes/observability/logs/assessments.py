"""The questions about the target's log; each method answers one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.line_checks import (
    MAX_LEVEL_CHARACTERS,
    LineJudge,
    format_time,
    search_private_values,
    search_secrets,
)
from cutover_gates.probes.observability.logs.log_stores import LogStore
from cutover_gates.probes.observability.logs.model import (
    LogLine,
    TrafficRecord,
    TrafficSource,
)
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.util.concurrency import wait_until

TABLE = "monitoring.logs"


@dataclass(frozen=True)
class LogAssessments:
    """The questions about a target's log. `store` is None where none is declared.

    `rolled_back_at` is when the rollback was done, in seconds since 1970. `redactor` knows the
    run's secrets. In `own_outage` (from, to) the gate itself took the database away.
    """

    settings: LogSettings
    store: LogStore | None
    traffic: TrafficSource
    redactor: Redactor
    context: ObservabilityContext
    rolled_back_at: float | None = None
    own_outage: tuple[float, float] | None = None

    def assess_delivery(self) -> Assessment:
        """The line of a request is in the store in time, with level, time and the request's id."""
        return self._assess("logs: a line arrives", self._check_delivery)

    def assess_secrets(self) -> Assessment:
        """No line holds a password or a token, while somebody signs in and works."""
        return self._assess("logs: without secrets", self._check_secrets)

    def assess_patient_data(self) -> Assessment:
        """No line holds a patient's data, while they are registered and searched for by name."""
        return self._assess("logs: without patient data", self._check_patient_data)

    def assess_errors_since_rollback(self) -> Assessment:
        """No line since the rollback has an error level."""
        return self._assess("logs: since the rollback", self._check_errors_since_rollback)

    @cached_property
    def _judge(self) -> LineJudge:
        return LineJudge(self.settings, self.redactor)

    def _assess(
        self, title: str, check: Callable[[AssessmentBuilder, LogStore], None]
    ) -> Assessment:
        def run(builder: AssessmentBuilder) -> None:
            if self.store is None:
                self._add_undeclared(builder, "kind")
            else:
                check(builder, self.store)

        return self.context.assess(title, rules.STORE_ANSWERS, run)

    def _add_undeclared(self, builder: AssessmentBuilder, key: str) -> None:
        self.context.add_undeclared(builder, rules.LOG_DECLARED, TABLE, [key])

    def _check_delivery(self, builder: AssessmentBuilder, store: LogStore) -> None:
        traffic = self.traffic.probe_request()
        _require_ids(traffic)
        # The search starts after the request, so these seconds are the delay of the store.
        request_id, began = traffic.ids[0], time.monotonic()
        lines = wait_until(lambda: store.find(request_id) or None, self.settings.seconds)
        subject = f"line of request {request_id}"
        if lines is None:
            expected = f"a line within {self.settings.seconds:g} s"
            builder.add_finding(rules.LINE_ARRIVES, subject, expected=expected, actual="no line")
            return
        builder.figures |= {
            "request": request_id,
            "lines": len(lines),
            "seconds": round(time.monotonic() - began, 1),
        }
        for line in lines:
            builder.findings += self._judge.find_line_problems(line, request_id, traffic)
        if not builder.findings:
            builder.checked.append(subject)

    def _check_secrets(self, builder: AssessmentBuilder, store: LogStore) -> None:
        lines = self._read_window(store, self.traffic.sign_in())
        # After the sign-in: only then the redactor knows its tokens.
        search = search_secrets(self.redactor)
        self._judge.search_lines(builder, rules.NO_SECRET, lines, search)

    def _check_patient_data(self, builder: AssessmentBuilder, store: LogStore) -> None:
        traffic = self.traffic.register_canary_patient()
        lines = self._read_window(store, traffic)
        search = search_private_values(traffic)
        self._judge.search_lines(builder, rules.NO_PATIENT_DATA, lines, search)

    def _check_errors_since_rollback(self, builder: AssessmentBuilder, store: LogStore) -> None:
        since = self.rolled_back_at
        if since is None:
            self._add_undeclared(builder, "rolled_back")
            return
        if since > time.time():
            reason = f"{format_time(since)} is still to come"
            raise gap_error(rules.ROLLBACK_TIME, self.context.key(TABLE, "rolled_back"), reason)
        # The log that is read must be the one that is written now.
        self._read_window(store, self.traffic.probe_request())
        self._judge_lines_since(builder, store.read_since(since), format_time(since))

    def _judge_lines_since(
        self, builder: AssessmentBuilder, lines: Sequence[LogLine], since: str
    ) -> None:
        names = self.settings
        # A line without a time, such as a line of a traceback, has no level either.
        timed = [line for line in lines if line.get_field(names.time) is not None]
        levels = [line.get_field(names.level) for line in timed]
        builder.figures |= {
            "since": since,
            "lines": len(lines),
            "levels": Counter(str(level)[:MAX_LEVEL_CHARACTERS] for level in levels),
        }
        errors = [line for line in lines if self._judge.is_error(line)]
        own = [line for line in errors if self._judge.is_within(line, self.own_outage)]
        builder.figures["errors while the gate took the database away"] = len(own)
        for line in errors:
            if line in own:
                continue
            level = f"level {line.get_field(names.level)}"
            subject = self._judge.describe_line(line)
            builder.add_finding(rules.NO_ERROR, subject, expected="no error", actual=level)
        missing = sum(not level for level in levels)
        if missing or not timed:
            reason = f"{missing} of {len(timed)} lines have no field {names.level}"
            builder.add_gap(rules.LEVELS_COMPLETE, f"lines since {since}", reason)
        else:
            builder.checked.append(f"{len(lines)} lines since {since}")

    def _read_window(self, store: LogStore, traffic: TrafficRecord) -> Sequence[LogLine]:
        """Return all lines since the requests began, once those of each request are there.

        Raises `NotProven` where they do not come in time.
        """
        _require_ids(traffic)

        def poll() -> Sequence[LogLine] | None:
            # Earlier by the allowed difference of the clocks: the store's time is not ours.
            lines = store.read_since(traffic.began - self.settings.clock_seconds)
            # A search that misses lines would find nothing in them and pass.
            return lines if self._judge.has_all_ids(lines, traffic) else None

        lines = wait_until(poll, self.settings.seconds)
        if lines is None:
            subject = f"{len(traffic.ids)} requests"
            reason = f"not all of their lines arrived within {self.settings.seconds:g} s"
            raise gap_error(rules.LINES_COMPLETE, subject, reason)
        return lines


def _require_ids(traffic: TrafficRecord) -> None:
    if not traffic.ids:
        subject = f"{traffic.sent} answers"
        raise gap_error(rules.ANSWERS_CARRY_ID, subject, "no X-Request-Id")
