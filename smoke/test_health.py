"""Liveness and readiness are true."""

from __future__ import annotations

import pytest

from cutover_gates.hospital import Driver, FrontDesk, Health
from cutover_gates.hospital.matchers import act_concurrently, assert_equal, assert_passed
from cutover_gates.hospital.synthetic import PatientFactory
from cutover_gates.probes.network.readiness.assessments import ReadinessAssessments

pytestmark = pytest.mark.plan("health-checks")

PROBES = 8


def test_the_target_says_that_it_lives(hospital: Driver) -> None:
    """The target reports that it is alive.

    Liveness is requested without a token. A load balancer restarts a target that does not report
    it.
    """
    live = hospital.live()
    assert live.healthy, f"the target says that it is not live: {live.detail}"


def test_the_target_says_that_it_is_ready(hospital: Driver) -> None:
    """The target reports that it is ready.

    Readiness is requested without a token. A load balancer sends no requests to a target that is
    not ready.
    """
    ready = hospital.ready()
    assert ready.healthy, f"the target says that it is not ready: {ready.detail}"


def test_a_target_that_says_ready_serves(
    hospital: Driver, front_desk: FrontDesk, people: PatientFactory
) -> None:
    """A target that reports ready finds a patient in its database."""
    ready = hospital.ready()
    assert ready.healthy, f"the target says that it is not ready: {ready.detail}"
    assert_equal([], list(front_desk.find(mrn=people.mrn())), "patients with an unused number")


def test_readiness_does_not_waver(hospital: Driver) -> None:
    """Many readiness probes at once all get the same answer.

    One failed probe in eight takes the target out of rotation for one user in eight.
    """
    answers = act_concurrently(*[hospital.ready] * PROBES)
    unready = [answer for answer in answers if not (isinstance(answer, Health) and answer.healthy)]
    assert_equal([], unready, f"answers other than ready of {PROBES}")


def test_readiness_falls_with_the_database(readiness: ReadinessAssessments) -> None:
    """Readiness falls when the database is gone, and comes back with it.

    The database is really taken away for some seconds, before the first check of the gate. A load
    balancer believes what readiness says.
    """
    assert_passed(readiness.assess_outage())
