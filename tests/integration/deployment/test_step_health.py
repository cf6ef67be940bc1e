"""The instances during a step of a rollout, asked of the stand-in for a cluster's API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Rule
from cutover_gates.probes.deployment.deployment_context import DeploymentContext
from cutover_gates.probes.deployment.step_health import rules
from cutover_gates.probes.deployment.step_health.assessments import StepClient, StepInstances
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.standins.deployment_objects import IMAGE, NAME, NAMESPACE, Object, ago, pod

BEGAN = datetime.now(UTC) - timedelta(minutes=10)
Harm = Callable[[dict[str, list[Object]]], object]


def instances(
    environment: DeploymentEnvironment,
    further: tuple[str, ...] = ("events", "autoscalers", "quotas"),
    **changed: Any,
) -> StepInstances:
    """Return the questions at a canary: one pod of the new release, three of the old one."""
    objects = environment.kubernetes.objects
    objects["pods"] = [
        pod(f"{NAME}-new-0", environment.digest),
        *(pod(f"{NAME}-old-{number}", environment.previous) for number in range(3)),
    ]
    objects |= {"events": [], "resourcequotas": [], "horizontalpodautoscalers": []}
    table = {**environment.settings({})["cluster"], **changed}
    settings = ClusterSettings.model_validate(table)
    client = StepClient(settings, settings.ca_file, settings.token_file, Redactor(), 5.0)
    return StepInstances(
        DeploymentContext("tried"), settings, lambda: client.load_step(further), BEGAN, further
    )


def named(name: str) -> Object:
    return {"name": name, "namespace": NAMESPACE, "creationTimestamp": ago(days=1)}


def warning(reason: str, when: str, about: str = f"{NAME}-new-0") -> Object:
    return {
        "metadata": named(f"{about}.{reason}"),
        "type": "Warning",
        "reason": reason,
        "lastTimestamp": when,
        "count": 3,
        "involvedObject": {"kind": "Pod", "name": about, "namespace": NAMESPACE},
    }


def scaler(now: int, wanted: int, most: int) -> Object:
    return {
        "metadata": named("backend"),
        "spec": {
            "minReplicas": 2,
            "maxReplicas": most,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
        },
        "status": {
            "currentReplicas": now,
            "desiredReplicas": wanted,
            "conditions": [{"type": "AbleToScale", "status": "True"}],
        },
    }


def quota(used: str, most: str) -> Object:
    return {
        "metadata": named("wards"),
        "spec": {"hard": {"pods": most}},
        "status": {"hard": {"pods": most}, "used": {"pods": used}},
    }


def end(objects: dict[str, list[Object]], reason: str, **since: float) -> None:
    status = objects["pods"][0]["status"]["containerStatuses"][0]
    ended = {"exitCode": 137, "reason": reason, "finishedAt": ago(**since)}
    status |= {"restartCount": 1, "lastState": {"terminated": ended}}


def assert_only(assessment: Assessment, *, broken: set[Rule], open_rules: set[Rule]) -> None:
    assert {finding.rule for finding in assessment.findings} == broken
    assert {gap.rule for gap in assessment.not_proven} == open_rules


def test_a_canary_that_is_well_passes_and_its_pods_are_counted(
    environment: DeploymentEnvironment,
) -> None:
    asked = instances(environment)
    environment.kubernetes.objects["horizontalpodautoscalers"].append(scaler(4, 4, 9))
    environment.kubernetes.objects["resourcequotas"].append(quota("4", "10"))
    found = asked.assess_instances()
    assert_only(found, broken=set(), open_rules=set())
    assert found.figures["ready pods"] == "1 of the new image, 3 of others"
    assert found.figures["replica sets"] == {
        f"{NAME}-r7": f"0 of 3 pods ready ({IMAGE}@{environment.digest})"
    }
    counts = asked.count_ready_pods()
    assert counts is not None
    assert (counts.new, counts.old) == (1, 3)


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (lambda objects: end(objects, "OOMKilled", minutes=3), rules.NO_MEMORY_KILLS),
        (lambda objects: end(objects, "Error", minutes=3), rules.NO_RESTARTS_IN_STEP),
        (
            lambda objects: objects["pods"][0]["status"]["containerStatuses"][0].update(
                ready=False
            ),
            rules.STEP_PODS_READY,
        ),
        (
            lambda objects: objects["pods"].append(pod(f"{NAME}-third", f"sha256:{'c' * 64}")),
            rules.STEP_IMAGES,
        ),
        (
            lambda objects: objects["events"].append(warning("FailedScheduling", ago(minutes=2))),
            rules.NO_GRAVE_WARNINGS,
        ),
    ],
    ids=["memory", "restart", "not-ready", "third-image", "event"],
)
def test_what_happened_within_the_step_is_found(
    environment: DeploymentEnvironment, harm: Harm, rule: Rule
) -> None:
    asked = instances(environment)
    harm(environment.kubernetes.objects)
    assert_only(asked.assess_instances(), broken={rule}, open_rules=set())


@pytest.mark.parametrize(
    ("harm", "rule"),
    [
        (
            lambda objects: objects["horizontalpodautoscalers"].append(scaler(4, 6, 9)),
            rules.AUTOSCALER_AT_REST,
        ),
        (
            lambda objects: objects["horizontalpodautoscalers"].append(scaler(4, 4, 4)),
            rules.ROOM_TO_SCALE,
        ),
        (lambda objects: objects["resourcequotas"].append(quota("10", "10")), rules.ROOM_TO_SCALE),
    ],
    ids=["scaling", "autoscaler-at-its-bound", "quota-used-up"],
)
def test_a_deployment_at_its_bounds_is_not_proven(
    environment: DeploymentEnvironment, harm: Harm, rule: Rule
) -> None:
    asked = instances(environment)
    harm(environment.kubernetes.objects)
    assert_only(asked.assess_instances(), broken=set(), open_rules={rule})


@pytest.mark.parametrize(
    "harm",
    [
        lambda objects: end(objects, "Error", hours=3),
        lambda objects: objects["events"].append(warning("BackOff", ago(hours=3))),
        lambda objects: objects["events"].append(warning("Unhealthy", ago(minutes=3))),
        lambda objects: objects["events"].append(warning("BackOff", ago(minutes=3), "other-0")),
    ],
    ids=["ended-before", "warned-before", "late-readiness", "another-deployment"],
)
def test_what_is_older_or_another_ones_is_not_held_against_the_step(
    environment: DeploymentEnvironment, harm: Harm
) -> None:
    asked = instances(environment)
    harm(environment.kubernetes.objects)
    assert_only(asked.assess_instances(), broken=set(), open_rules=set())


def test_what_the_token_may_not_list_is_not_proven(environment: DeploymentEnvironment) -> None:
    asked = instances(environment)
    environment.kubernetes.forbidden = frozenset({"events"})
    assert_only(asked.assess_instances(), broken=set(), open_rules={rules.CLUSTER_TELLS})
    fewer = instances(environment, ("quotas",))
    assert_only(fewer.assess_instances(), broken=set(), open_rules=set())


def test_a_cluster_that_is_not_declared_is_not_proven(environment: DeploymentEnvironment) -> None:
    asked = instances(environment, previous_digest=None)
    assert_only(asked.assess_instances(), broken=set(), open_rules={rules.CLUSTER_TELLS})
    assert asked.count_ready_pods() is None


def test_where_there_is_no_cluster_nothing_is_asked(environment: DeploymentEnvironment) -> None:
    def refuse() -> Any:
        raise AssertionError("asked")

    asked = instances(environment)
    absent = StepInstances(asked.context, asked.settings, refuse, BEGAN, (), "two plain servers")
    found = absent.assess_instances()
    assert_only(found, broken=set(), open_rules=set())
    assert found.checked == ("no cluster: two plain servers",)
    assert absent.count_ready_pods() is None
