"""The load balancer reaches every backend, loses nothing when one dies, and says who asks."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.network.load_balancer.assessments import LoadBalancerAssessments

pytestmark = pytest.mark.plan("load-balancer")


def test_every_backend_answers(balancer: LoadBalancerAssessments) -> None:
    """A backend that is not there is missing when the other one fails.

    Each answers when it is asked directly.
    """
    assert_passed(balancer.assess_backends())


def test_every_backend_is_in_rotation(balancer: LoadBalancerAssessments) -> None:
    """A dead backend in rotation loses every second request, a forgotten one carries nothing.

    All are met, nobody else is, and nothing is lost.
    """
    assert_passed(balancer.assess_rotation())


def test_a_dead_backend_is_taken_out_and_comes_back(balancer: LoadBalancerAssessments) -> None:
    """Machines die at work.

    One backend is made to die: not one request is lost, and it is back in rotation in time.
    """
    assert_passed(balancer.assess_failover())


def test_the_clients_address_is_passed_on(balancer: LoadBalancerAssessments) -> None:
    """An audit that knows only the balancer knows nobody.

    The log tells the address from which was asked.
    """
    assert_passed(balancer.assess_client_address())
