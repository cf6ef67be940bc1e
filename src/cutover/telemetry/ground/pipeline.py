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

from cutover.evidence import Examination, Redactor
from cutover.settings import ground
from cutover.telemetry.asking import SAID
from cutover.telemetry.ground.coverage import ROUNDED, Coverage, NoCoverage, read
from cutover.telemetry.ground.coverage import told as told_by
from cutover.telemetry.ground.notes import Notes, undeclared

SCHEMA = Path(__file__).with_name("pipeline.schema.json")
SKEW = 300.0
"""Seconds by which two machines' clocks may differ."""
TESTS, COVERAGE = "tests-passing", "code-coverage"
Told = Mapping[str, Any]


class Pipeline:
    """`path` makes a path of the settings one that can be opened.

    What is not written down is not proven.
    """

    def __init__(
        self,
        target: str,
        release: str,
        settings: ground.Pipeline,
        path: Callable[[Path], Path],
        redactor: Redactor,
        record: Callable[[Examination], None],
    ) -> None:
        self._target, self._release, self._settings, self._path = target, release, settings, path
        self._redactor, self._record = redactor, record

    def green(self) -> Examination:
        """The run of this very commit ended well."""
        return self._examine("The commit under judgement has a green run", TESTS, self._green)

    def suites(self) -> Examination:
        """Every suite that must be there is, and is green: a skipped one proves nothing."""
        return self._examine("Every suite is green", TESTS, self._suites)

    def recent(self) -> Examination:
        """The run is not so old that what it was run with has changed since."""
        return self._examine("The run is recent", TESTS, self._recent)

    def coverage(self) -> Examination:
        """Its tests covered as much of the code as the plan asks for."""
        return self._examine("The code is covered", COVERAGE, self._coverage)

    def _green(self, told: Told, notes: Notes) -> None:
        name = self._settings.file.name if self._settings.file else ""
        notes.examined.append(f"the run of {told['commit']}")
        notes.facts |= {
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
                f" {self._redactor.text(told['release'])[:SAID]}, and {self._release} is under"
                " judgement."
            )

    def _suites(self, told: Told, notes: Notes) -> None:
        found: Mapping[str, str] = told["suites"]
        notes.facts["suites"] = dict(found)
        for suite in self._settings.suites:
            notes.examined.append(f"suite {suite}")
            if suite not in found:
                notes.findings.append(
                    f"The run has no suite {suite} (suites); it has {', '.join(sorted(found))}."
                )
            elif found[suite] != "success":
                notes.findings.append(
                    f"The suite {suite} came to {found[suite]}, and not to success."
                )

    def _recent(self, told: Told, notes: Notes) -> None:
        try:
            finished = datetime.fromisoformat(told["finished"])
        except ValueError:
            notes.findings.append(
                f"The run says that it ended at {told['finished']}, which is no time."
            )
            return
        hours, bound = (time.time() - finished.timestamp()) / 3600, self._settings.max_age_hours
        notes.examined.append(f"the run of {finished.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
        notes.facts |= {"hours ago": round(hours, 1), "hours that are allowed": bound}
        if hours > bound:
            notes.findings.append(
                f"The run ended {hours:.1f} h ago, and {bound:g} h are allowed (max_age_hours): run"
                " it again."
            )
        elif hours * 3600 < -SKEW:
            notes.findings.append(
                f"The run says that it ended at {told['finished']}, which is yet to come: a clock"
                " or a time zone is wrong."
            )

    def _coverage(self, told: Told, notes: Notes) -> None:
        try:
            found = self._covered(told.get("coverage", {}), notes)
        except NoCoverage as wrong:
            notes.findings.append(f"{wrong}.")
            return
        except OSError as error:
            notes.unproven.append(
                f"{self._settings.coverage_file} (coverage_file) cannot be read:"
                f" {type(error).__name__}."
            )
            return
        if found is None:
            return
        bound = self._settings.coverage_percent
        notes.examined.append(
            f"coverage in {found.told_by}"
            + (f", of {found.lines} lines" if found.lines is not None else "")
        )
        notes.facts |= {
            "percent": found.percent,
            "lines": found.lines,
            "percent that is asked for": bound,
        }
        if found.percent < bound:
            notes.findings.append(
                f"The tests cover {found.percent:.2f} % of the lines, and {bound:g} % is asked for"
                " (coverage_percent)."
            )

    def _covered(self, told: Told, notes: Notes) -> Coverage | None:
        """What is told, or the report's, which must be the one of this run.

        None where nothing says.
        """
        own = told_by(told, self._settings.file.name if self._settings.file else "")
        if self._settings.coverage_file is None:
            if own is None:
                notes.unproven.append(
                    "The run tells no coverage: let the pipeline write coverage.percent, or name"
                    " its coverage.xml in coverage_file and let it write coverage.sha256."
                )
            return own
        report = read(self._path(self._settings.coverage_file))
        if told.get("sha256", report.sha256) != report.sha256:
            raise NoCoverage(
                f"{report.told_by} is another report than that of the run: its SHA-256 is"
                f" {report.sha256}, and the run tells {told['sha256']}"
            )
        if own and abs(own.percent - report.percent) > ROUNDED:
            raise NoCoverage(
                f"{report.told_by} tells {report.percent:.2f} %, and the run {own.percent:.2f} %"
            )
        if own is None and "sha256" not in told:
            notes.unproven.append(
                f"Nothing says that {report.told_by} is of this run: let the pipeline write"
                f" coverage.sha256 (sha256sum {report.told_by})."
            )
            return None
        return report

    def _examine(
        self, title: str, item: str, examine: Callable[[Told, Notes], None]
    ) -> Examination:
        notes = Notes(title)
        if lacking := undeclared(
            self._target, item, "pipeline", self._settings, ("file", "commit")
        ):
            notes.unproven.append(lacking)
        elif (told := self._told(notes)) is not None:
            examine(told, notes)
        found = notes.done()
        self._record(found)
        return found

    def _told(self, notes: Notes) -> Told | None:
        """What the file holds, of this commit.

        A file that is missing is not proven, one that is none is a finding.
        """
        name = self._settings.file.name if self._settings.file else ""
        try:
            told = json.loads(
                self._path(self._settings.file or Path()).read_bytes(), parse_constant=_no_number
            )
        except OSError as error:
            notes.unproven.append(
                f"{self._settings.file} (file) cannot be read: {type(error).__name__}. Has the"
                " pipeline run, and left it here?"
            )
            return None
        except ValueError:  # also what is no text
            notes.findings.append(f"{name} is no JSON: was the pipeline cut off?")
            return None
        wrong = next(_validator().iter_errors(told), None)
        if wrong is not None:
            notes.findings.append(
                f"{name} is not as {SCHEMA.name} has it, at {wrong.json_path}:"
                f" {self._redactor.text(wrong.message)[:SAID]}."
            )
            return None
        if told["commit"] != self._settings.commit:
            notes.findings.append(
                f"{name} tells of the commit {told['commit']}, and {self._settings.commit} is under"
                " judgement (commit)."
            )
            return None
        return dict(told)


def _no_number(word: str) -> float:
    """NaN is no JSON, though Python reads it: no comparison with it would ever fail."""
    raise ValueError(word)


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
