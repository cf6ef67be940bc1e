"""Checks of a deployment: its counts of pods, disruption budgets, probes and resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import (
    add_missing_pods,
    parse_repository,
    select_live_pods,
)
from cutover_gates.util.kubernetes_notation import matches_selector, parse_quantity

_PROBES = {"liveness_probe": "a liveness probe", "readiness_probe": "a readiness probe"}


def check_availability(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that the newest change is rolled out, and that every count is the declared one."""
    deployment = state.get_part("deployment")
    subject = f"deployment {settings.deployment}"
    builder.checked.append(subject)
    _judge_generation(settings, deployment, builder)
    if deployment.spec.paused:
        builder.add_finding(
            rules.NOT_PAUSED,
            subject,
            expected="not paused",
            actual="paused",
            reproduce=f"kubectl -n {settings.namespace} rollout resume"
            f" deployment/{settings.deployment}",
        )
    _judge_counts(settings, deployment, builder)
    for condition in deployment.status.conditions or []:
        if condition.status == "False" and condition.type in ("Available", "Progressing"):
            builder.add_finding(
                rules.CONDITIONS_TRUE,
                subject,
                expected=f"{condition.type} True",
                actual=f"{condition.type} False: {condition.reason}, {condition.message}",
                reproduce=_status_command(settings),
            )


def _judge_generation(
    settings: ClusterSettings, deployment: Any, builder: AssessmentBuilder
) -> None:
    newest, observed = deployment.metadata.generation, deployment.status.observed_generation
    builder.figures |= {"generation": newest, "observed": observed}
    # Until the controller has seen it, every count below is of the change before.
    if (observed or 0) < newest:
        builder.add_finding(
            rules.CHANGE_OBSERVED,
            f"deployment {settings.deployment}",
            expected=f"generation {newest}",
            actual=f"generation {observed or 0}",
            reproduce=_status_command(settings),
        )


def _judge_counts(settings: ClusterSettings, deployment: Any, builder: AssessmentBuilder) -> None:
    status = deployment.status
    counts = {
        "wanted": deployment.spec.replicas,
        "there": status.replicas or 0,
        "updated": status.updated_replicas or 0,
        "ready": status.ready_replicas or 0,
        "available": status.available_replicas or 0,
    }
    builder.figures |= {"declared": settings.replicas, **counts}
    # All five: with maxSurge there may be more pods than wanted.
    wrong = [f"{count} {what}" for what, count in counts.items() if count != settings.replicas]
    if wrong:
        builder.add_finding(
            rules.DECLARED_REPLICAS,
            f"deployment {settings.deployment}",
            expected=f"{settings.replicas} pods",
            actual=", ".join(wrong),
            reproduce=_status_command(settings),
        )


def _status_command(settings: ClusterSettings) -> str:
    return f"kubectl -n {settings.namespace} rollout status deployment/{settings.deployment}"


def check_disruption_budgets(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that exactly one budget selects each pod, and that it lets some pods go, not all."""
    pods, budgets = select_live_pods(state.get_part("pods")), state.get_part("budgets")
    if not pods:
        add_missing_pods(builder, settings)
    selecting: dict[str, Any] = {}
    for pod in pods:
        labels = pod.metadata.labels or {}
        found = [each for each in budgets if matches_selector(each.spec.selector, labels)]
        selecting |= {budget.metadata.name: budget for budget in found}
        # Kubernetes refuses an eviction where two budgets select the pod.
        if len(found) != 1:
            names = ", ".join(budget.metadata.name for budget in found)
            builder.add_finding(
                rules.BUDGET_SELECTS,
                f"pod {pod.metadata.name}",
                expected="1 disruption budget",
                actual=f"{len(found)}: {names}" if found else "0",
                reproduce=f"kubectl -n {settings.namespace} get poddisruptionbudgets",
            )
    for budget in selecting.values():
        _judge_budget(settings, budget, len(pods), builder)


def _judge_budget(
    settings: ClusterSettings, budget: Any, pods: int, builder: AssessmentBuilder
) -> None:
    name, allowed = budget.metadata.name, budget.status.disruptions_allowed
    builder.checked.append(f"disruption budget {name}")
    builder.figures[name] = {"pods": pods, "may be taken": allowed}
    # disruptionsAllowed already counts the pods that are healthy now.
    if not 1 <= allowed < pods:
        builder.add_finding(
            rules.BUDGET_ALLOWS_SOME,
            f"disruption budget {name}",
            expected=f"at least 1 and fewer than {pods} pods may be evicted",
            actual=f"{allowed}",
            reproduce=f"kubectl -n {settings.namespace} describe poddisruptionbudget {name}",
        )


def check_probes(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check the probes of the container that runs the image; others may do without."""
    for name, container in _iterate_containers(settings, state, builder):
        # A log shipper beside the backend has no probes of its own.
        if parse_repository(container.image) != settings.image:
            continue
        builder.checked.append(name)
        for probe, text in _PROBES.items():
            if getattr(container, probe) is None:
                builder.add_finding(rules.PROBES_DEFINED, name, expected=text, actual="none")
    if not builder.checked and not builder.findings:
        builder.add_finding(
            rules.DECLARED_IMAGE,
            f"deployment {settings.deployment}",
            expected=f"a container of {settings.image}",
            actual="none",
        )


def check_resources(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check the resources of every container that the deployment has.

    A container that somebody else adds to the pod (such as a service mesh) is not counted.
    """
    for name, container in _iterate_containers(settings, state, builder):
        declared = container.resources
        missing = [share for share in settings.must_declare if not _is_declared(declared, share)]
        builder.checked.append(name)
        builder.figures[name] = {
            kind: getattr(declared, kind, None) for kind in ("requests", "limits")
        }
        if missing:
            builder.add_finding(
                rules.RESOURCES_DECLARED,
                name,
                expected=", ".join(settings.must_declare),
                actual=f"no {', '.join(missing)}",
            )


def _is_declared(declared: Any, share: str) -> bool:
    kind, _, what = share.partition(".")
    amount = (getattr(declared, kind, None) or {}).get(what)
    try:
        # "0" stands for no limit, so it does not count as declared.
        return amount is not None and parse_quantity(str(amount)) > 0
    except ValueError:
        return False


def _iterate_containers(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> Iterator[tuple[str, Any]]:
    """Yield the deployment's own containers in each of its pods, with a name for a finding."""
    template = state.get_part("deployment").spec.template
    # What a service mesh adds to the pod is not in the template.
    names = {container.name for container in template.spec.containers}
    pods = select_live_pods(state.get_part("pods"))
    if not pods:
        add_missing_pods(builder, settings)
    for pod in pods:
        for container in pod.spec.containers:
            if container.name in names:
                yield f"container {container.name} of the pod {pod.metadata.name}", container
