"""Liveness and readiness say what is true."""

from __future__ import annotations

import pytest

from cutover_gates.hospital import Driver, FrontDesk, Health
from cutover_gates.hospital.matchers import act_concurrently, assert_equal
from cutover_gates.hospital.synthetic import PatientFactory

pytestmark = pytest.mark.plan("health-checks")

PROBES = 8


def test_the_target_says_that_it_lives(hospital: Driver) -> None:
    """A load balancer restarts what does not say that it lives.

    Liveness is asked without a token, and says live.
    """
    live = hospital.live()
    assert live.healthy, f"the target says that it is not live: {live.detail}"


def test_the_target_says_that_it_is_ready(hospital: Driver) -> None:
    """A load balancer sends nobody to what is not ready.

    Readiness is asked without a token, and says ready.
    """
    ready = hospital.ready()
    assert ready.healthy, f"the target says that it is not ready: {ready.detail}"


def test_a_target_that_says_ready_serves(
    hospital: Driver, front_desk: FrontDesk, people: PatientFactory
) -> None:
    """Readiness is a promise to serve. What says ready looks up a patient in its database."""
    ready = hospital.ready()
    assert ready.healthy, f"the target says that it is not ready: {ready.detail}"
    assert_equal([], list(front_desk.find(mrn=people.mrn())), "patients with an unused number")


def test_readiness_does_not_waver(hospital: Driver) -> None:
    """One probe in eight that fails is one user in eight turned away.

    Many probes at once all hear the same.
    """
    answers = act_concurrently(*[hospital.ready] * PROBES)
    unready = [answer for answer in answers if not (isinstance(answer, Health) and answer.healthy)]
    assert_equal([], unready, f"answers other than ready of {PROBES}")
