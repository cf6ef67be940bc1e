"""Faults of weights: the answers look right by chance, and the route or the proxy says otherwise.

The answers are those of a clean simulated step; the weights are read from a stand-in for a
cluster's API, or from a real command.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.config.previous import Rollout
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.plugin.step_sources import read_told_weights
from cutover_gates.probes.deployment.step_health.assessments import StepClient
from cutover_gates.probes.rollout import rules
from cutover_gates.probes.rollout.assessments import RolloutAssessments
from cutover_gates.probes.rollout.rollout_record import ReadyPods, RolloutRecord
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.steps.step_fault import Object, StepSourceFault
from tests.rollout_series import BEGINS, SimulatedRollout, deal_by_chance
from tests.standins.deployment_objects import NAMESPACE, ago

SHARE = "test_the_new_release_answered_its_share"
ROUTE = "hospital"
CANARY = "nginx.ingress.kubernetes.io/canary"


def make_named(**parts: Any) -> Object:
    """Return an object of the namespace that is called as the declared route."""
    return {
        "metadata": {"name": ROUTE, "namespace": NAMESPACE, "creationTimestamp": ago(days=1)},
        **parts,
    }


def make_http_route(new: int, old: int, *further: Object) -> Object:
    backends = [{"name": "backend-new", "weight": new}, {"name": "backend-old", "weight": old}]
    return make_named(spec={"rules": [*further, {"backendRefs": backends}]})


def make_ingress(weight: int, **more: str) -> Object:
    found = make_named(spec={})
    found["metadata"]["annotations"] = {CANARY: "true", f"{CANARY}-weight": str(weight), **more}
    return found


def make_virtual_service(new: int, old: int) -> Object:
    host = "backend.hospital.svc.cluster.local"
    routes = [
        {"destination": {"host": host, "subset": name}, "weight": weight}
        for name, weight in (("backend-new", new), ("backend-old", old))
    ]
    return make_named(spec={"http": [{"route": routes}]})


def make_argo_rollout(canary: int, *, current: str = "new", **more: Any) -> Object:
    """Return a rollout; `current` is the hash of the pods that it deploys."""
    weights = {
        "canary": {"weight": canary, "podTemplateHash": "new"},
        "stable": {"weight": 100 - canary, "podTemplateHash": "old"},
        **more,
    }
    return make_named(spec={}, status={"currentPodHash": current, "canary": {"weights": weights}})


@cache
def make_clean_step(percent: int = 10) -> RolloutRecord:
    """Return a step whose answers prove all that answers can prove."""
    return SimulatedRollout((percent,)).make()


class WeightsFault(StepSourceFault):
    """`objects` is what the cluster has, by plural. `forbidden` are plurals that are not told."""

    check = SHARE
    breaks = (rules.WEIGHT_OF_STEP,)
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {}
    forbidden: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def ask(cls, environment: DeploymentEnvironment) -> Mapping[str, Any]:
        """Return the fixtures of the checks."""
        return {"rollout": RolloutAssessments(cls.make_record(environment), cls.rollout().proof)}

    @classmethod
    def rollout(cls) -> Rollout:
        return Rollout.model_validate(cls.declared)

    @classmethod
    def make_record(cls, environment: DeploymentEnvironment) -> RolloutRecord:
        environment.kubernetes.objects |= {name: [*some] for name, some in cls.objects.items()}
        environment.kubernetes.forbidden = cls.forbidden
        cluster = ClusterSettings.model_validate(environment.settings({})["cluster"])
        client = StepClient(cluster, cluster.ca_file, cluster.token_file, Redactor(), 5.0)
        told = read_told_weights(cls.rollout(), cluster, client, environment.folder)
        return replace(make_clean_step(), weights=told)


def declare(route: str) -> Mapping[str, Any]:
    """Return the table that declares a route."""
    kind = route.partition("/")[0]
    backend = {"new_backend": "backend-new"} if kind in ("httproute", "virtualservice") else {}
    return {"weights": {"route": route, **backend}}


def declare_command(code: str) -> Mapping[str, Any]:
    """Return the table that declares a command, which runs Python code."""
    return {"weights": {"command": [sys.executable, "-I", "-c", code]}}


class TheRouteHasAnotherWeight(WeightsFault):
    """Somebody typed 12: one ward more than was agreed is the canary, and chance hides it."""

    shows = "| 12 of 100 (12.0 %) |"
    declared = declare("httproute/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {"httproutes": [make_http_route(12, 88)]}


class OneRuleOfTheRouteWasForgotten(WeightsFault):
    """The documents still go to the old release alone: nobody tries them on the new one."""

    shows = "httproute/hospital rule 1 | 10.0 % for 2.0.0 | 0 of 100 (0.000 %) |"
    declared = declare("httproute/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {
        "httproutes": [
            make_http_route(
                10,
                90,
                {
                    "matches": [{"path": {"value": "/api/v1/documents"}}],
                    "backendRefs": [{"name": "backend-old", "weight": 100}],
                },
            )
        ]
    }


class TheCanaryIngressHasAnotherTotal(WeightsFault):
    """10 of 1,000 is a hundredth of the traffic: the step proves a tenth of what it should."""

    shows = "10 of 1000 (1.00 %)"
    declared = declare("ingress/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {
        "ingresses": [make_ingress(10, **{f"{CANARY}-weight-total": "1000"})]
    }


class TheMeshKeepsTheWeightOfTheStepBefore(WeightsFault):
    """The rollout's tool went on, and the mesh did not take the new weights."""

    shows = "virtualservice/hospital route 1 | 10.0 % for 2.0.0 | 5 of 100 (5.00 %) |"
    declared = declare("virtualservice/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {
        "virtualservices": [make_virtual_service(5, 95)]
    }


class TheRolloutWasTakenBackSilently(WeightsFault):
    """Its own analysis failed, and all traffic is on the stable release again."""

    outcome, shows = "not proven", "0 of 100 (0.000 %): 2.0.0 has no traffic, expected 10.0 %"
    declared = declare("rollout/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {"rollouts": [make_argo_rollout(0)]}


class TheLoadBalancerHasNotTakenTheWeight(WeightsFault):
    """The tool set it, and the cloud's balancer still deals as before."""

    outcome, shows = "not proven", "has not taken the weights"
    declared = declare("rollout/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {
        "rollouts": [make_argo_rollout(10, verified=False)]
    }


class TheRouteMayNotBeRead(WeightsFault):
    """The token has no right to it: what it holds is not known."""

    outcome, shows = "not proven", "answered 403"
    declared = declare("httproute/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {"httproutes": [make_http_route(10, 90)]}
    forbidden = frozenset({"httproutes"})


class TheRouteNamesNoSuchBackend(WeightsFault):
    """The service has another name since last month: its weight is not known, and not 0."""

    outcome, shows = "not proven", "it has no backend backend-new; it has backend-2, backend-old"
    declared = declare("httproute/hospital")
    objects: ClassVar[Mapping[str, Sequence[Object]]] = {
        "httproutes": [
            make_named(
                spec={
                    "rules": [
                        {
                            "backendRefs": [
                                {"name": "backend-2", "weight": 10},
                                {"name": "backend-old", "weight": 90},
                            ]
                        }
                    ]
                }
            )
        ]
    }


class TheProxyHasAnotherWeight(WeightsFault):
    """The proxy was started anew and has its old configuration."""

    declared = declare_command('print(\'{"new": 1, "old": 9.5}\')')
    shows = "rollout.weights.command | 10.0 % for 2.0.0 | 1 of 10.5 (9.52 %) |"


class TheProxyDoesNotTellItsWeights(WeightsFault):
    """Its socket is gone; the command that reads it says so and fails."""

    outcome, shows = "not proven", "it ended with status 1: no such socket"
    declared = declare_command("import sys; sys.exit('no such socket')")


class TheWeightsAreNoNumbers(WeightsFault):
    """The command prints a page of errors with status 0."""

    outcome, shows = "not proven", "it printed <html>"
    declared = declare_command("print('<html>bad gateway</html>')")


class ARollingUpdateStoppedHalfWay(WeightsFault):
    """One pod of the old release serves on, and the step of all traffic is called done."""

    item, gate, outcome = "full-deployment", "phase2-100", "not proven"
    breaks = (rules.STEP_REACHED,)
    shows = "3 of 4 ready pods (75.0 %), and the step is 100 %"
    declared: ClassVar[Mapping[str, Any]] = {"kind": "rolling"}

    @classmethod
    def make_record(cls, environment: DeploymentEnvironment) -> RolloutRecord:
        record = SimulatedRollout((100,), deal=deal_by_chance(0.75), rate=0.5).make()
        return replace(record, kind="rolling", ready_pods=(ReadyPods(BEGINS + 60, 3, 1),))


QUIET: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Sequence[Object]]]] = {
    "no weight is declared": ({}, {}),
    "a route": (declare("httproute/hospital"), {"httproutes": [make_http_route(10, 90)]}),
    "a route with a pinned rule": (
        declare("httproute/hospital"),
        {
            "httproutes": [
                make_http_route(
                    1,
                    9,
                    {
                        "matches": [{"headers": [{"name": "X-Pin", "value": "2.0.0"}]}],
                        "backendRefs": [{"name": "backend-new"}],
                    },
                )
            ]
        },
    ),
    "an ingress": (declare("ingress/hospital"), {"ingresses": [make_ingress(10)]}),
    "a mesh": (
        declare("virtualservice/hospital"),
        {"virtualservices": [make_virtual_service(10, 90)]},
    ),
    "a rollout": (declare("rollout/hospital"), {"rollouts": [make_argo_rollout(10)]}),
    "a command": (declare_command('print(\'{"new": 1, "old": 9}\')'), {}),
}
"""What is declared, and what the cluster has: no weight is another than the step's."""
