"""The questions to what a pipeline wrote down of the commit under judgement; each method answers
one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cutover_gates.config import deployment
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.model import (
    DeploymentAssessmentBuilder,
    format_undeclared_keys,
)
from cutover_gates.probes.deployment.pipeline.code_coverage import (
    ROUNDING_TOLERANCE,
    CodeCoverage,
    InvalidCoverage,
    read_coverage_report,
)
from cutover_gates.probes.deployment.pipeline.code_coverage import parse_coverage as told_by
from cutover_gates.util.http import ERROR_TEXT_LIMIT

SCHEMA = Path(__file__).with_name("pipeline.schema.json")
MAX_CLOCK_SKEW_SECONDS = 300.0
"""Seconds by which two machines' clocks may differ."""
TESTS, COVERAGE = "tests-passing", "code-coverage"
PipelineRecord = Mapping[str, Any]


class PipelineAssessments:
    """`path` makes a path of the settings one that can be opened.

    What is not written down is not proven.
    """

    def __init__(
        self,
        target: str,
        release: str,
        settings: deployment.PipelineSettings,
        path: Callable[[Path], Path],
        redactor: Redactor,
        record: Callable[[Assessment], None],
    ) -> None:
        self._target, self._release, self._settings, self._path = target, release, settings, path
        self._redactor, self._record = redactor, record

    def assess_result(self) -> Assessment:
        """The run of this very commit ended well."""
        return self._assess("The commit under judgement has a green run", TESTS, self._check_result)

    def assess_suites(self) -> Assessment:
        """Every suite that must be there is, and is green: a skipped one proves nothing."""
        return self._assess("Every suite is green", TESTS, self._check_suites)

    def assess_age(self) -> Assessment:
        """The run is not so old that what it was run with has changed since."""
        return self._assess("The run is recent", TESTS, self._check_age)

    def assess_coverage(self) -> Assessment:
        """Its tests covered as much of the code as the plan asks for."""
        return self._assess("The code is covered", COVERAGE, self._check_coverage)

    def _check_result(self, told: PipelineRecord, notes: DeploymentAssessmentBuilder) -> None:
        name = self._settings.file.name if self._settings.file else ""
        notes.checked.append(f"the run of {told['commit']}")
        notes.figures |= {
            "commit": told["commit"],
            "result": told["result"],
            "release": told.get("release"),
        }
        if told["result"] != "success":
            notes.findings.append(
                f"The run that {name} tells of ended in {told['result']}, and not in success."
            )
        if told.get("release", self._release) != self._release:
            notes.findings.append(
                f"The run of {name} is of the release"
                f" {self._redactor.redact_text(told['release'])[:ERROR_TEXT_LIMIT]}, and {self._release} is under"
                " judgement."
            )

    def _check_suites(self, told: PipelineRecord, notes: DeploymentAssessmentBuilder) -> None:
        found: Mapping[str, str] = told["suites"]
        notes.figures["suites"] = dict(found)
        for suite in self._settings.suites:
            notes.checked.append(f"suite {suite}")
            if suite not in found:
                notes.findings.append(
                    f"The run has no suite {suite} (suites); it has {', '.join(sorted(found))}."
                )
            elif found[suite] != "success":
                notes.findings.append(
                    f"The suite {suite} came to {found[suite]}, and not to success."
                )

    def _check_age(self, told: PipelineRecord, notes: DeploymentAssessmentBuilder) -> None:
        try:
            finished = datetime.fromisoformat(told["finished"])
        except ValueError:
            notes.findings.append(
                f"The run says that it ended at {told['finished']}, which is no time."
            )
            return
        hours, bound = (time.time() - finished.timestamp()) / 3600, self._settings.max_age_hours
        notes.checked.append(f"the run of {finished.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
        notes.figures |= {"hours ago": round(hours, 1), "hours that are allowed": bound}
        if hours > bound:
            notes.findings.append(
                f"The run ended {hours:.1f} h ago, and {bound:g} h are allowed (max_age_hours): run"
                " it again."
            )
        elif hours * 3600 < -MAX_CLOCK_SKEW_SECONDS:
            notes.findings.append(
                f"The run says that it ended at {told['finished']}, which is yet to come: a clock"
                " or a time zone is wrong."
            )

    def _check_coverage(self, told: PipelineRecord, notes: DeploymentAssessmentBuilder) -> None:
        try:
            found = self._load_coverage(told.get("coverage", {}), notes)
        except InvalidCoverage as wrong:
            notes.findings.append(f"{wrong}.")
            return
        except OSError as error:
            notes.not_proven.append(
                f"{self._settings.coverage_file} (coverage_file) cannot be read:"
                f" {type(error).__name__}."
            )
            return
        if found is None:
            return
        bound = self._settings.coverage_percent
        notes.checked.append(
            f"coverage in {found.source}"
            + (f", of {found.lines} lines" if found.lines is not None else "")
        )
        notes.figures |= {
            "percent": found.percent,
            "lines": found.lines,
            "percent that is asked for": bound,
        }
        if found.percent < bound:
            notes.findings.append(
                f"The tests cover {found.percent:.2f} % of the lines, and {bound:g} % is asked for"
                " (coverage_percent)."
            )

    def _load_coverage(
        self, told: PipelineRecord, notes: DeploymentAssessmentBuilder
    ) -> CodeCoverage | None:
        """What is told, or the report's, which must be the one of this run.

        None where nothing says.
        """
        own = told_by(told, self._settings.file.name if self._settings.file else "")
        if self._settings.coverage_file is None:
            if own is None:
                notes.not_proven.append(
                    "The run tells no coverage: let the pipeline write coverage.percent, or name"
                    " its coverage.xml in coverage_file and let it write coverage.sha256."
                )
            return own
        report = read_coverage_report(self._path(self._settings.coverage_file))
        if told.get("sha256", report.sha256) != report.sha256:
            raise InvalidCoverage(
                f"{report.source} is another report than that of the run: its SHA-256 is"
                f" {report.sha256}, and the run tells {told['sha256']}"
            )
        if own and abs(own.percent - report.percent) > ROUNDING_TOLERANCE:
            raise InvalidCoverage(
                f"{report.source} tells {report.percent:.2f} %, and the run {own.percent:.2f} %"
            )
        if own is None and "sha256" not in told:
            notes.not_proven.append(
                f"Nothing says that {report.source} is of this run: let the pipeline write"
                f" coverage.sha256 (sha256sum {report.source})."
            )
            return None
        return report

    def _assess(
        self,
        title: str,
        item: str,
        examine: Callable[[PipelineRecord, DeploymentAssessmentBuilder], None],
    ) -> Assessment:
        notes = DeploymentAssessmentBuilder(title)
        if lacking := format_undeclared_keys(
            self._target, item, "pipeline", self._settings, ("file", "commit")
        ):
            notes.not_proven.append(lacking)
        elif (told := self._load_record(notes)) is not None:
            examine(told, notes)
        found = notes.finish()
        self._record(found)
        return found

    def _load_record(self, notes: DeploymentAssessmentBuilder) -> PipelineRecord | None:
        """What the file holds, of this commit.

        A file that is missing is not proven, one that is none is a finding.
        """
        name = self._settings.file.name if self._settings.file else ""
        try:
            told = json.loads(
                self._path(self._settings.file or Path()).read_bytes(),
                parse_constant=_reject_constant,
            )
        except OSError as error:
            notes.not_proven.append(
                f"{self._settings.file} (file) cannot be read: {type(error).__name__}. Has the"
                " pipeline run, and left it here?"
            )
            return None
        except ValueError:  # also what is no text
            notes.findings.append(f"{name} is no JSON: was the pipeline cut off?")
            return None
        wrong = next(_load_validator().iter_errors(told), None)
        if wrong is not None:
            notes.findings.append(
                f"{name} is not as {SCHEMA.name} has it, at {wrong.json_path}:"
                f" {self._redactor.redact_text(wrong.message)[:ERROR_TEXT_LIMIT]}."
            )
            return None
        if told["commit"] != self._settings.commit:
            notes.findings.append(
                f"{name} tells of the commit {told['commit']}, and {self._settings.commit} is under"
                " judgement (commit)."
            )
            return None
        return dict(told)


def _reject_constant(word: str) -> float:
    """NaN is no JSON, though Python reads it: no comparison with it would ever fail."""
    raise ValueError(word)


@cache
def _load_validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
