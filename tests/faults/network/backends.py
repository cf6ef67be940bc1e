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
    """A balancer with these `manners`, over backends that are good but for what `world` says."""

    item, checks = "load-balancer", "test_load_balancer"
    manners: ClassVar[dict[str, Any]] = {}
    world: ClassVar[dict[str, Any]] = {}

    def way(self, folder: Path) -> AbstractContextManager[LoadBalancerAssessments]:
        return running_balancer(BalancerBehaviour(**self.manners), **self.world)


class OneBackendIsDead(_OfTheBalancer):
    """When the other one fails, too, there is no hospital."""

    rule = rules.BACKEND_ANSWERS
    check, shows, world = "test_every_backend_answers", "refused", {"dead": 1}


class OneBackendIsIll(_OfTheBalancer):
    """It answers, and says that it is not ready."""

    rule = rules.BACKEND_ANSWERS
    check, shows, world = "test_every_backend_answers", "status 503", {"fate": {"status": 503}}


class ADeadBackendIsStillInRotation(_OfTheBalancer):
    """Every second click ends in an error, and nobody finds a rule in it."""

    rule = rules.REQUESTS_ANSWERED
    check, shows, manners, world = (
        "test_every_backend_is_in_rotation",
        "requests: status 502",
        {"notices": False},
        {"dead": 1},
    )


class OneBackendGetsNoTraffic(_OfTheBalancer):
    """It was never put into the pool: the hospital runs on one leg, and nobody knows."""

    rule = rules.ALL_IN_ROTATION
    check, shows, manners = (
        "test_every_backend_is_in_rotation",
        "0 requests",
        {"only_first": True},
    )


class TheOldBackendIsStillInRotation(_OfTheBalancer):
    """Some requests are answered by the release of yesterday, on the schema of today."""

    rule = rules.NO_UNKNOWN_BACKEND
    check, shows, world = (
        "test_every_backend_is_in_rotation",
        "answers of backend-of-old",
        {"stranger": True},
    )


class RequestsAreLostWhenABackendDies(_OfTheBalancer):
    """A nurse presses Save, and gets an error page; some press it twice."""

    rule = rules.NO_REQUEST_LOST
    check, shows, manners = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "0 lost requests",
        {"notices": False},
    )


class ABackendStaysDead(_OfTheBalancer):
    """It is not started again: after the second night nobody is left."""

    rule = rules.BACK_IN_ROTATION
    check, shows = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "it does not answer",
    )
    world: ClassVar[dict[str, Any]] = {"fate": {"returns": False}, "back_seconds": 1.5}


class ABackendNeverComesBackIntoRotation(_OfTheBalancer):
    """It runs, and gets nothing: the other one carries all, until it does not."""

    rule = rules.BACK_IN_ROTATION
    check, shows = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "it answers",
    )
    manners: ClassVar[dict[str, Any]] = {"forgives": False}
    world: ClassVar[dict[str, Any]] = {"back_seconds": 1.5}


class NothingCanBeMadeToDie(_OfTheBalancer):
    """The command does nothing: that no request was lost then proves nothing."""

    rule = rules.FAILOVER_TESTABLE
    check, outcome, shows = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "not proven",
        "ended with status 1",
    )
    world: ClassVar[dict[str, Any]] = {"kill": ("false",)}


class TheClientsAddressIsNotPassedOn(_OfTheBalancer):
    """The audit says that everything was done by the balancer, and the lock against guessing locks
    out everybody.
    """

    rule = rules.CLIENT_ADDRESS_KNOWN
    check, shows, manners = (
        "test_the_clients_address_is_passed_on",
        "| 127.0.0.2 | 127.0.0.1",
        {"passes_on": False},
    )


class TheLogDoesNotTellWhoAsked(_OfTheBalancer):
    """Nothing is known, so nothing is proven."""

    rule = rules.CLIENT_ADDRESS_KNOWN
    check, outcome, shows, world = (
        "test_the_clients_address_is_passed_on",
        "not proven",
        "with the field remote",
        {"client_field": "remote"},
    )


class WeAskFromTheBalancersOwnMachine(_OfTheBalancer):
    """The address is right in the log, and would be if it were not passed on."""

    rule = rules.CLIENT_ADDRESS_KNOWN
    check, outcome, shows, world = (
        "test_the_clients_address_is_passed_on",
        "not proven",
        "have the same address 127.0.0.1",
        {"client_address": None},
    )
