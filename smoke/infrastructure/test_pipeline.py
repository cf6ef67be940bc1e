"""Checks of the pipeline's run of the commit under judgement."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.pipeline.assessments import PipelineAssessments


@pytest.mark.plan("tests-passing")
def test_the_commit_under_judgement_has_a_green_run(pipeline: PipelineAssessments) -> None:
    """The run of the declared commit ended in success.

    A green run of another commit says nothing about this one.
    """
    assert_passed(pipeline.assess_result())


@pytest.mark.plan("tests-passing")
def test_every_suite_is_there_and_green(pipeline: PipelineAssessments) -> None:
    """Every declared suite ran and succeeded.

    A pipeline is green also where a suite was skipped.
    """
    assert_passed(pipeline.assess_suites())


@pytest.mark.plan("tests-passing")
def test_the_run_is_recent(pipeline: PipelineAssessments) -> None:
    """The run is no older than is allowed.

    What a release is built with changes in the meantime.
    """
    assert_passed(pipeline.assess_age())


@pytest.mark.plan("code-coverage")
def test_the_code_is_covered_as_far_as_the_plan_asks(pipeline: PipelineAssessments) -> None:
    """The tests cover the declared share of the lines.

    Green tests of little code prove little.
    """
    assert_passed(pipeline.assess_coverage())
