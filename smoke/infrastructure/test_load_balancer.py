"""The load balancer reaches every backend, loses nothing when one dies, and says who asks."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.network import Balancer

pytestmark = pytest.mark.plan("load-balancer")


def test_every_backend_answers(balancer: Balancer) -> None:
    """A backend that is not there is missing when the other one fails.

    Each answers when it is asked directly.
    """
    sound(balancer.backends())


def test_every_backend_is_in_rotation(balancer: Balancer) -> None:
    """A dead backend in rotation loses every second request, a forgotten one carries nothing.

    All are met, nobody else is, and nothing is lost.
    """
    sound(balancer.rotation())


def test_a_dead_backend_is_taken_out_and_comes_back(balancer: Balancer) -> None:
    """Machines die at work.

    One backend is made to die: not one request is lost, and it is back in rotation in time.
    """
    sound(balancer.failover())


def test_the_clients_address_is_passed_on(balancer: Balancer) -> None:
    """An audit that knows only the balancer knows nobody.

    The log tells the address from which was asked.
    """
    sound(balancer.client_address())
