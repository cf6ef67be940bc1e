"""Continuity: what the watcher saw of the service all through the cutover."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.watch.assessments import WatchAssessments


@pytest.mark.plan("zero-downtime")
def test_the_whole_cutover_was_watched(watch: WatchAssessments) -> None:
    """The whole cutover was watched, on every critical path.

    A time without probes may have been an outage that is not known.
    """
    assert_passed(watch.assess_coverage())


@pytest.mark.plan("zero-downtime")
def test_the_service_had_no_gap(watch: WatchAssessments) -> None:
    """The service had no gap that is longer than allowed, and few altogether.

    Each critical path is asked many times a second, at moments that are drawn anew.
    """
    assert_passed(watch.assess_gaps())


@pytest.mark.plan("zero-downtime")
def test_few_requests_failed_during_the_cutover(watch: WatchAssessments) -> None:
    """Fewer requests failed during the cutover than the plan allows.

    A rejection, no answer, and a wrong answer with the right status are all failures.
    """
    assert_passed(watch.assess_failures())


@pytest.mark.plan("zero-downtime")
def test_each_release_understands_what_the_other_wrote(watch: WatchAssessments) -> None:
    """What one release wrote, the other reads, and knows again when it is repeated.

    The release of each answer stands in its header. Where only one answered, nothing crossed.
    """
    assert_passed(watch.assess_crossings())


@pytest.mark.plan("zero-downtime")
def test_open_streams_came_back_in_time(watch: WatchAssessments) -> None:
    """A stream that a screen holds open came back in time, and not all of them at once.

    A target without streams declares none (`watch.stream.path`).
    """
    assert_passed(watch.assess_streams())
