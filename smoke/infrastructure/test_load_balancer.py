"""Checks of the load balancer and its backends."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.load_balancer.assessments import LoadBalancerAssessments

pytestmark = pytest.mark.plan("load-balancer")


def test_every_backend_answers(balancer: LoadBalancerAssessments) -> None:
    """Every backend answers when it is asked directly.

    A backend that is down is missing when the other one fails.
    """
    assert_passed(balancer.assess_backends())


def test_every_backend_is_in_rotation(balancer: LoadBalancerAssessments) -> None:
    """All declared backends answer through the load balancer, and no other.

    No request is lost.

    A dead backend in rotation loses every second request, a forgotten one takes no load.
    """
    assert_passed(balancer.assess_rotation())


def test_a_dead_backend_is_taken_out_and_comes_back(balancer: LoadBalancerAssessments) -> None:
    """No request is lost when a backend dies, and it is back in rotation in time.

    Machines fail at work. One backend is really stopped.
    """
    assert_passed(balancer.assess_failover())


def test_the_clients_address_is_passed_on(balancer: LoadBalancerAssessments) -> None:
    """The log holds the client's address, and not the load balancer's.

    An audit that knows only the load balancer cannot tell who acted.
    """
    assert_passed(balancer.assess_client_address())
