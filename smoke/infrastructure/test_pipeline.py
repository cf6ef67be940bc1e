"""The release's own tests: a recent, green run of the very commit under judgement, that covers its
code.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.pipeline.assessments import PipelineAssessments


@pytest.mark.plan("tests-passing")
def test_the_commit_under_judgement_has_a_green_run(pipeline: PipelineAssessments) -> None:
    """A green run of another commit says nothing of this one.

    The run is of the declared commit, and ended in success.
    """
    assert_passed(pipeline.assess_result())


@pytest.mark.plan("tests-passing")
def test_every_suite_is_there_and_green(pipeline: PipelineAssessments) -> None:
    """A pipeline is green also where a suite was skipped.

    Unit, integration and security tests were run, and each succeeded.
    """
    assert_passed(pipeline.assess_suites())


@pytest.mark.plan("tests-passing")
def test_the_run_is_recent(pipeline: PipelineAssessments) -> None:
    """What a release is built with changes under it. The run is no older than is allowed."""
    assert_passed(pipeline.assess_age())


@pytest.mark.plan("code-coverage")
def test_the_code_is_covered_as_far_as_the_plan_asks(pipeline: PipelineAssessments) -> None:
    """Green tests of little code prove little.

    The share of covered lines is at least the declared one, and is a share of something.
    """
    assert_passed(pipeline.assess_coverage())
