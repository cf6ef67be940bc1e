"""Faults of the release's own tests, as its pipeline wrote them down."""

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
    """As coverage.py writes it, without what is below its first line."""
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


def run_of(ground: DeploymentEnvironment) -> dict[str, Any]:
    assert ground.run is not None
    return ground.run


class ThePipelineIsRed(_Tests):
    """Somebody saw it and released all the same."""

    rule = rules.RUN_SUCCEEDED
    check, shows = GREEN, "| success | failure |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["result"] = "failure"


class TheGreenRunIsOfAnotherCommit(_Tests):
    """The last change came after it."""

    rule = rules.SAME_COMMIT
    check, shows = GREEN, "| 0000000000"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (SUITES, RECENT, COVERED), "nothing of it is about this commit"
    )

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["commit"] = "0" * 40


class TheGreenRunIsOfAnotherRelease(_Tests):
    """The commit is right, and was built as something else."""

    rule = rules.SAME_RELEASE
    check, shows = GREEN, "1.9.9"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["release"] = "1.9.9"


class ASuiteWasSkipped(_Tests):
    """The pipeline is green, for nobody asked whether the doors are shut."""

    rule = rules.SUITES_SUCCEEDED
    check, shows = SUITES, "suite security | success | skipped |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["suites"]["security"] = "skipped"


class ASuiteIsMissing(_Tests):
    """It was taken out of the pipeline, and nobody remembers."""

    rule = rules.SUITES_SUCCEEDED
    check, shows = SUITES, "suite integration | success | no such suite"

    def harm(self, ground: DeploymentEnvironment) -> None:
        del run_of(ground)["suites"]["integration"]


class TheRunIsOld(_Tests):
    """It was green on a base image of last month."""

    rule = rules.RUN_RECENT
    check, shows = RECENT, "| at most 168 h ago | 169.0 h ago |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["finished"] = (datetime.now(UTC) - timedelta(hours=169)).isoformat()


class TheRunIsYetToCome(_Tests):
    """A clock is wrong, and then nobody knows how old it is."""

    rule = rules.RUN_RECENT
    check, shows = RECENT, "in the future"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["finished"] = (datetime.now(UTC) + timedelta(hours=2)).isoformat()


class ThePipelineLeftNoFile(_Tests):
    """It never ran, or left it elsewhere."""

    rule = rules.RECORD_READABLE
    check, outcome, shows = GREEN, "not proven", "FileNotFoundError"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys((SUITES, RECENT, COVERED), NOTHING_ELSE)

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.run = None


class ThePipelineWasCutOff(_Tests):
    """It died while it was writing."""

    rule = rules.RECORD_VALID
    check, shows = GREEN, "| invalid JSON |"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys((SUITES, RECENT, COVERED), NOTHING_ELSE)

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.text = '{"commit": "c0ffee'


class ThePipelineSpeaksAnotherLanguage(_Tests):
    """`passed` is what another tool says; here nobody knows what it means."""

    rule = rules.RECORD_VALID
    check, shows = GREEN, "at $.suites.unit | a value as in pipeline.schema.json |"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys((SUITES, RECENT, COVERED), NOTHING_ELSE)

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["suites"]["unit"] = "passed"


class TooLittleIsCovered(_Covered):
    """A hair below what the plan asks for is below it."""

    rule = rules.COVERAGE_ENOUGH
    shows = "79.90 %"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["coverage"] = {"percent": 79.9}


class WhatIsRoundedUpIsNotCovered(_Covered):
    """79.96 % was written as 80.0 %: what is counted goes over what is told."""

    rule = rules.COVERAGE_ENOUGH
    shows = "79.96 %"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["coverage"] = {"percent": 80.0, "lines_covered": 7996, "lines_valid": 10_000}


class NothingIsCoveredOfNothing(_Covered):
    """The report is empty, and its rate is 1."""

    rule = rules.COVERAGE_CONSISTENT
    shows = "coverage.xml | 1 line or more | 0 lines |"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.report = report(0, 0, "1")


class NoLineIsCounted(_Covered):
    """The same in the pipeline's own words."""

    rule = rules.COVERAGE_CONSISTENT
    shows = "pipeline.json | 1 line or more | 0 lines |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["coverage"] = {"percent": 100, "lines_covered": 0, "lines_valid": 0}


class TheReportContradictsItself(_Covered):
    """Its rate was mended by hand."""

    rule = rules.COVERAGE_CONSISTENT
    shows = "| 70.00 % (700 of 1000 lines) | 83.10 % |"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.report = report(700, 1000, "0.831")


class TheReportIsOfAnotherRun(_Covered):
    """It lay there from the last time."""

    rule = rules.COVERAGE_CONSISTENT
    shows = "coverage.xml, SHA-256"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.report = report(831, 1000, "0.831")
        run_of(ground)["coverage"] = {"sha256": "e" * 64}


class NothingSaysOfWhichRunTheReportIs(_Covered):
    """It may be from any commit."""

    rule = rules.COVERAGE_KNOWN
    outcome, shows = "not proven", "nothing says that it is of this run"
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = REPORTED

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.report = report(831, 1000, "0.831")
        del run_of(ground)["coverage"]


class TheCoverageIsNoNumber(_Covered):
    """Nothing is below it: a comparison would let it pass."""

    rule = rules.RECORD_VALID
    check, shows = COVERED, "| invalid JSON |"
    also: ClassVar[Mapping[str, str]] = dict.fromkeys(
        (GREEN, SUITES, RECENT), "the whole file is none"
    )

    def harm(self, ground: DeploymentEnvironment) -> None:
        run_of(ground)["coverage"] = {"percent": float("nan")}
