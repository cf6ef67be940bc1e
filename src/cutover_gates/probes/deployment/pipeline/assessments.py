"""The questions about the pipeline's run of the commit under judgement; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cutover_gates.config.pipeline import PipelineSettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.deployment_context import DeploymentContext
from cutover_gates.probes.deployment.pipeline import rules
from cutover_gates.probes.deployment.pipeline.code_coverage import CodeCoverage, InvalidCoverage
from cutover_gates.probes.deployment.pipeline.pipeline_record import PipelineRecord, RecordReader
from cutover_gates.util.http import ERROR_TEXT_LIMIT
from cutover_gates.util.text import format_utc

MAX_CLOCK_SKEW_SECONDS = 300.0
"""Seconds by which the clocks of two machines may differ."""


class PipelineAssessments:
    """The questions about the run. `resolve_path` makes a path of the settings one to open.

    What is not in the file is not proven.
    """

    def __init__(
        self,
        context: DeploymentContext,
        release: str,
        settings: PipelineSettings,
        resolve_path: Callable[[Path], Path],
        redactor: Redactor,
    ) -> None:
        self._context, self._release, self._settings = context, release, settings
        self._redactor = redactor
        self._reader = RecordReader(settings, resolve_path, redactor)

    def assess_result(self) -> Assessment:
        """The run of this very commit ended in success."""
        return self._assess("The commit under judgement has a green run", self._check_result)

    def assess_suites(self) -> Assessment:
        """Every declared suite ran and succeeded: one that was skipped proves nothing."""
        return self._assess("Every suite is green", self._check_suites)

    def assess_age(self) -> Assessment:
        """The run is not so old that what it ran with has changed since."""
        return self._assess("The run is recent", self._check_age)

    def assess_coverage(self) -> Assessment:
        """The tests covered as much of the code as the plan asks for."""
        return self._assess("The code is covered", self._check_coverage)

    def _assess(
        self, title: str, check: Callable[[PipelineRecord, AssessmentBuilder], None]
    ) -> Assessment:
        builder, rule = AssessmentBuilder(), rules.PIPELINE_DECLARED
        needed = ("file", "commit")
        if not self._context.add_undeclared(builder, rule, "pipeline", self._settings, needed):
            record = self._reader.load_record(builder)
            if record is not None:
                check(record, builder)
        return self._context.finish(builder, title)

    def _check_result(self, record: PipelineRecord, builder: AssessmentBuilder) -> None:
        builder.checked.append(f"the run of {record.commit}")
        builder.figures |= {
            "commit": record.commit,
            "result": record.result,
            "release": record.release,
        }
        if record.result != "success":
            builder.add_finding(
                rules.RUN_SUCCEEDED, record.name, expected="success", actual=record.result
            )
        # The release is optional: the commit identifies the run.
        if record.release not in (None, self._release):
            release = self._redactor.redact_text(str(record.release))[:ERROR_TEXT_LIMIT]
            builder.add_finding(
                rules.SAME_RELEASE, record.name, expected=self._release, actual=release
            )

    def _check_suites(self, record: PipelineRecord, builder: AssessmentBuilder) -> None:
        builder.figures["suites"] = dict(record.suites)
        for suite in self._settings.suites:
            builder.checked.append(f"suite {suite}")
            result = record.suites.get(suite)
            if result != "success":
                builder.add_finding(
                    rules.SUITES_SUCCEEDED,
                    f"suite {suite}",
                    expected="success",
                    actual=result or f"no such suite; there are {', '.join(sorted(record.suites))}",
                )

    def _check_age(self, record: PipelineRecord, builder: AssessmentBuilder) -> None:
        try:
            # The schema checks the form only: 25:00 passes it.
            finished = datetime.fromisoformat(record.finished)
        except ValueError:
            builder.add_finding(
                rules.RECORD_VALID,
                f"{record.name} at $.finished",
                expected="a time",
                actual=record.finished,
            )
            return
        hours, limit = (time.time() - finished.timestamp()) / 3600, self._settings.max_age_hours
        builder.checked.append(f"the run of {format_utc(finished)}")
        builder.figures |= {"hours ago": round(hours, 1), "hours that are allowed": limit}
        if hours > limit:
            builder.add_finding(
                rules.RUN_RECENT,
                record.name,
                expected=f"at most {limit:g} h ago",
                actual=f"{hours:.1f} h ago",
            )
        # A run in the future would never become too old.
        elif hours * 3600 < -MAX_CLOCK_SKEW_SECONDS:
            builder.add_finding(
                rules.RUN_RECENT,
                record.name,
                expected="a time in the past",
                actual=f"{record.finished}, in the future",
            )

    def _check_coverage(self, record: PipelineRecord, builder: AssessmentBuilder) -> None:
        try:
            coverage = self._reader.load_coverage(record, builder)
        except InvalidCoverage as error:
            builder.add_finding(
                rules.COVERAGE_CONSISTENT,
                error.subject,
                expected=error.expected,
                actual=error.actual,
            )
            return
        except OSError as error:
            file = str(self._settings.coverage_file)
            builder.add_gap(rules.COVERAGE_KNOWN, file, f"cannot be read: {type(error).__name__}")
            return
        if coverage is not None:
            self._judge_coverage(coverage, builder)

    def _judge_coverage(self, coverage: CodeCoverage, builder: AssessmentBuilder) -> None:
        limit = self._settings.coverage_percent
        lines = f", of {coverage.lines} lines" if coverage.lines is not None else ""
        builder.checked.append(f"coverage in {coverage.source}{lines}")
        builder.figures |= {
            "percent": coverage.percent,
            "lines": coverage.lines,
            "percent that is asked for": limit,
        }
        # Not rounded: 79.96 % is less than 80 %.
        if coverage.percent < limit:
            builder.add_finding(
                rules.COVERAGE_ENOUGH,
                coverage.source,
                expected=f"at least {limit:g} %",
                actual=f"{coverage.percent:.2f} %",
            )
