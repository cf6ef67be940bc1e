"""Faults of the pipeline and of the record that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from cutover_gates.probes.deployment.pipeline import rules
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.deployment.deployment_fault import DeploymentFault

GREEN, SUITES, RECENT, COVERED = (
    "test_the_commit_under_judgement_has_a_green_run",
    "test_every_suite_is_there_and_green",
    "test_the_run_is_recent",
    "test_the_code_is_covered_as_far_as_the_plan_asks",
)
REPORTED: Mapping[str, Mapping[str, Any]] = {"pipeline": {"coverage_file": "coverage.xml"}}
NOTHING_ELSE = "there is nothing else to read"


def report(covered: int, lines: int, rate: str) -> str:
    """Return a report as coverage.py writes it, without the lines below its first one."""
    return (
        '<?xml version="1.0" ?>\n<coverage version="7.6" timestamp="1795800000000"'
        f' lines-valid="{lines}" lines-covered="{covered}" line-rate="{rate}" branch-rate="0"'
        ' complexity="0"><packages/></coverage>\n'
    )


class _Tests(DeploymentFault):
    item, file = "tests-passing", "pipeline"


class _Covered(DeploymentFault):
    item, file = "code-coverage", "pipeline"
    check: ClassVar[str] = COVERED


def run_of(environment: DeploymentEnvironment) -> dict[str, Any]:
    assert environment.run is not None
    return environment.run


class ThePipelineIsRed(_Tests):
    """The tests failed, and the commit was released nevertheless."""

    breaks = (rules.RUN_SUCCEEDED,)
    check, shows = GREEN, "| success | failure |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["result"] = "failure"


class TheGreenRunIsOfAnotherCommit(_Tests):
    """The last change was made after the run."""

    breaks = (rules.SAME_COMMIT,)
    check, shows = GREEN, "| 0000000000"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (SUITES, RECENT, COVERED), "nothing of it is about this commit"
    )

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["commit"] = "0" * 40


class TheGreenRunIsOfAnotherRelease(_Tests):
    """The right commit was built as another release."""

    breaks = (rules.SAME_RELEASE,)
    check, shows = GREEN, "1.9.9"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["release"] = "1.9.9"


class ASuiteWasSkipped(_Tests):
    """The pipeline is green, although the security tests did not run."""

    breaks = (rules.SUITES_SUCCEEDED,)
    check, shows = SUITES, "suite security | success | skipped |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["suites"]["security"] = "skipped"


class ASuiteIsMissing(_Tests):
    """It was removed from the pipeline."""

    breaks = (rules.SUITES_SUCCEEDED,)
    check, shows = SUITES, "suite integration | success | no such suite"

    def harm(self, environment: DeploymentEnvironment) -> None:
        del run_of(environment)["suites"]["integration"]


class TheRunIsOld(_Tests):
    """It was green on a base image of last month."""

    breaks = (rules.RUN_RECENT,)
    check, shows = RECENT, "| at most 168 h ago | 169.0 h ago |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["finished"] = (datetime.now(UTC) - timedelta(hours=169)).isoformat()


class TheRunIsYetToCome(_Tests):
    """A clock is wrong, so that the age of the run is not known."""

    breaks = (rules.RUN_RECENT,)
    check, shows = RECENT, "in the future"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["finished"] = (datetime.now(UTC) + timedelta(hours=2)).isoformat()


class ThePipelineLeftNoFile(_Tests):
    """It never ran, or left its file elsewhere."""

    breaks = (rules.RECORD_READABLE,)
    check, outcome, shows = GREEN, "not proven", "FileNotFoundError"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys((SUITES, RECENT, COVERED), NOTHING_ELSE)

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.run = None


class ThePipelineWasCutOff(_Tests):
    """It was killed while it wrote the file."""

    breaks = (rules.RECORD_VALID,)
    check, shows = GREEN, "| invalid JSON |"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys((SUITES, RECENT, COVERED), NOTHING_ELSE)

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.text = '{"commit": "c0ffee'


class ThePipelineSpeaksAnotherLanguage(_Tests):
    """`passed` is the word of another tool, and has no meaning here."""

    breaks = (rules.RECORD_VALID,)
    check, shows = GREEN, "at $.suites.unit | a value as in pipeline.schema.json |"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys((SUITES, RECENT, COVERED), NOTHING_ELSE)

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["suites"]["unit"] = "passed"


class TooLittleIsCovered(_Covered):
    """A figure just below the limit is below it."""

    breaks = (rules.COVERAGE_ENOUGH,)
    shows = "79.90 %"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["coverage"] = {"percent": 79.9}


class WhatIsRoundedUpIsNotCovered(_Covered):
    """79.96 % was written as 80.0 %: the counted lines override the written figure."""

    breaks = (rules.COVERAGE_ENOUGH,)
    shows = "79.96 %"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["coverage"] = {
            "percent": 80.0,
            "lines_covered": 7996,
            "lines_valid": 10_000,
        }


class NothingIsCoveredOfNothing(_Covered):
    """The report is empty, and its rate is 1."""

    breaks = (rules.COVERAGE_CONSISTENT,)
    shows = "coverage.xml | 1 line or more | 0 lines |"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.report = report(0, 0, "1")


class NoLineIsCounted(_Covered):
    """The same, in the pipeline's own file."""

    breaks = (rules.COVERAGE_CONSISTENT,)
    shows = "pipeline.json | 1 line or more | 0 lines |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["coverage"] = {"percent": 100, "lines_covered": 0, "lines_valid": 0}


class TheReportContradictsItself(_Covered):
    """Its rate was edited."""

    breaks = (rules.COVERAGE_CONSISTENT,)
    shows = "| 70.00 % (700 of 1000 lines) | 83.10 % |"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.report = report(700, 1000, "0.831")


class TheReportIsOfAnotherRun(_Covered):
    """It was left by the run before."""

    breaks = (rules.COVERAGE_CONSISTENT,)
    shows = "coverage.xml, SHA-256"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.report = report(831, 1000, "0.831")
        run_of(environment)["coverage"] = {"sha256": "e" * 64}


class NothingSaysOfWhichRunTheReportIs(_Covered):
    """It may be of any commit."""

    breaks = (rules.COVERAGE_KNOWN,)
    outcome, shows = "not proven", "nothing says that it is of this run"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.report = report(831, 1000, "0.831")
        del run_of(environment)["coverage"]


class TheCoverageIsNoNumber(_Covered):
    """NaN is below no limit: a comparison would let it pass."""

    breaks = (rules.RECORD_VALID,)
    check, shows = COVERED, "| invalid JSON |"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (GREEN, SUITES, RECENT), "the whole file is none"
    )

    def harm(self, environment: DeploymentEnvironment) -> None:
        run_of(environment)["coverage"] = {"percent": float("nan")}
