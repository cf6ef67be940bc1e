"""Faults of the load balancer and of the backends behind it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.probes.network.load_balancer import rules
from cutover_gates.probes.network.load_balancer.assessments import LoadBalancerAssessments
from tests.faults.network.balancer import BalancerBehaviour, running_balancer
from tests.faults.network.network_fault import NetworkFault


class _OfTheBalancer(NetworkFault):
    """A load balancer with this `behaviour`, in front of backends under these `conditions`."""

    item, checks = "load-balancer", "test_load_balancer"
    behaviour: ClassVar[dict[str, Any]] = {}
    conditions: ClassVar[dict[str, Any]] = {}

    def way(self, folder: Path) -> AbstractContextManager[LoadBalancerAssessments]:
        return running_balancer(BalancerBehaviour(**self.behaviour), **self.conditions)


class OneBackendIsDead(_OfTheBalancer):
    """When the other one fails too, nothing answers."""

    breaks = (rules.BACKEND_ANSWERS,)
    check, shows, conditions = "test_every_backend_answers", "refused", {"dead": 1}


class OneBackendIsIll(_OfTheBalancer):
    """It answers that it is not ready."""

    breaks = (rules.BACKEND_ANSWERS,)
    check, shows, conditions = "test_every_backend_answers", "status 503", {"fate": {"status": 503}}


class ADeadBackendIsStillInRotation(_OfTheBalancer):
    """Every second click ends in an error."""

    breaks = (rules.REQUESTS_ANSWERED,)
    check, shows, behaviour, conditions = (
        "test_every_backend_is_in_rotation",
        "requests: status 502",
        {"notices": False},
        {"dead": 1},
    )


class OneBackendGetsNoTraffic(_OfTheBalancer):
    """It was never put into the pool: one backend carries all, and nobody knows."""

    breaks = (rules.ALL_IN_ROTATION,)
    check, shows, behaviour = (
        "test_every_backend_is_in_rotation",
        "0 requests",
        {"only_first": True},
    )


class TheOldBackendIsStillInRotation(_OfTheBalancer):
    """Some requests are answered by the previous release, on the new schema."""

    breaks = (rules.NO_UNKNOWN_BACKEND,)
    check, shows, conditions = (
        "test_every_backend_is_in_rotation",
        "answers of backend-of-old",
        {"stranger": True},
    )


class RequestsAreLostWhenABackendDies(_OfTheBalancer):
    """A nurse saves a form and gets an error page; some save it twice."""

    breaks = (rules.NO_REQUEST_LOST,)
    check, shows, behaviour = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "0 lost requests",
        {"notices": False},
    )


class ABackendStaysDead(_OfTheBalancer):
    """It is not started again: after the second failure nothing answers."""

    breaks = (rules.BACK_IN_ROTATION,)
    check, shows = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "it does not answer",
    )
    conditions: ClassVar[dict[str, Any]] = {"fate": {"returns": False}, "back_seconds": 1.5}


class ABackendNeverComesBackIntoRotation(_OfTheBalancer):
    """It runs and gets no traffic: the other one carries all, until it fails."""

    breaks = (rules.BACK_IN_ROTATION,)
    check, shows = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "it answers",
    )
    behaviour: ClassVar[dict[str, Any]] = {"forgives": False}
    conditions: ClassVar[dict[str, Any]] = {"back_seconds": 1.5}


class NothingCanBeMadeToDie(_OfTheBalancer):
    """The command does nothing, so that no lost request proves nothing."""

    breaks = (rules.FAILOVER_TESTABLE,)
    check, outcome, shows = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "not proven",
        "ended with status 1",
    )
    conditions: ClassVar[dict[str, Any]] = {"kill": ("false",)}


class TheClientsAddressIsNotPassedOn(_OfTheBalancer):
    """The audit names the load balancer for every act, and the rate limit locks everybody out."""

    breaks = (rules.CLIENT_ADDRESS_KNOWN,)
    check, shows, behaviour = (
        "test_the_clients_address_is_passed_on",
        "| 127.0.0.2 | 127.0.0.1",
        {"passes_on": False},
    )


class TheLogDoesNotTellWhoAsked(_OfTheBalancer):
    """The log has no such field, so that nothing is proven."""

    breaks = (rules.CLIENT_ADDRESS_KNOWN,)
    check, outcome, shows, conditions = (
        "test_the_clients_address_is_passed_on",
        "not proven",
        "with the field remote",
        {"client_field": "remote"},
    )


class WeAskFromTheBalancersOwnMachine(_OfTheBalancer):
    """The address in the log is right, and would be so without being passed on."""

    breaks = (rules.CLIENT_ADDRESS_KNOWN,)
    check, outcome, shows, conditions = (
        "test_the_clients_address_is_passed_on",
        "not proven",
        "have the same address 127.0.0.1",
        {"client_address": None},
    )
