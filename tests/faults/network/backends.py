"""Faults of the load balancer and of the backends behind it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar

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

    check, says, world = "test_every_backend_answers", "does not answer as it should", {"dead": 1}


class OneBackendIsIll(_OfTheBalancer):
    """It answers, and says that it is not ready."""

    check, says, world = "test_every_backend_answers", "it answers 503", {"fate": {"status": 503}}


class ADeadBackendIsStillInRotation(_OfTheBalancer):
    """Every second click ends in an error, and nobody finds a rule in it."""

    check, says, manners, world = (
        "test_every_backend_is_in_rotation",
        "answer 502",
        {"notices": False},
        {"dead": 1},
    )


class OneBackendGetsNoTraffic(_OfTheBalancer):
    """It was never put into the pool: the hospital runs on one leg, and nobody knows."""

    check, says, manners = (
        "test_every_backend_is_in_rotation",
        "it is not in rotation",
        {"only_first": True},
    )


class TheOldBackendIsStillInRotation(_OfTheBalancer):
    """Some requests are answered by the release of yesterday, on the schema of today."""

    check, says, world = (
        "test_every_backend_is_in_rotation",
        "backend-of-old answers",
        {"stranger": True},
    )


class RequestsAreLostWhenABackendDies(_OfTheBalancer):
    """A nurse presses Save, and gets an error page; some press it twice."""

    check, says, manners = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "were lost when",
        {"notices": False},
    )


class ABackendStaysDead(_OfTheBalancer):
    """It is not started again: after the second night nobody is left."""

    check, says = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "does not answer when it is asked directly either",
    )
    world: ClassVar[dict[str, Any]] = {"fate": {"returns": False}, "back_seconds": 1.5}


class ABackendNeverComesBackIntoRotation(_OfTheBalancer):
    """It runs, and gets nothing: the other one carries all, until it does not."""

    check, says = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "it answers when it is asked directly",
    )
    manners: ClassVar[dict[str, Any]] = {"forgives": False}
    world: ClassVar[dict[str, Any]] = {"back_seconds": 1.5}


class NothingCanBeMadeToDie(_OfTheBalancer):
    """The command does nothing: that no request was lost then proves nothing."""

    check, outcome, says = (
        "test_a_dead_backend_is_taken_out_and_comes_back",
        "not proven",
        "ended with status 1",
    )
    world: ClassVar[dict[str, Any]] = {"kill": ("false",)}


class TheClientsAddressIsNotPassedOn(_OfTheBalancer):
    """The audit says that everything was done by the balancer, and the lock against guessing locks
    out everybody.
    """

    check, says, manners = (
        "test_the_clients_address_is_passed_on",
        "stands in the log as one from 127.0.0.1",
        {"passes_on": False},
    )


class TheLogDoesNotTellWhoAsked(_OfTheBalancer):
    """Nothing is known, so nothing is proven."""

    check, outcome, says, world = (
        "test_the_clients_address_is_passed_on",
        "not proven",
        "with a field remote",
        {"client_field": "remote"},
    )


class WeAskFromTheBalancersOwnMachine(_OfTheBalancer):
    """The address is right in the log, and would be if it were not passed on."""

    check, outcome, says, world = (
        "test_the_clients_address_is_passed_on",
        "not proven",
        "is on this machine",
        {"client_address": None},
    )
