"""Whether a deployment stands as declared, and stays when a node is emptied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.probes.deployment.kubernetes.client import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import parse_repository, select_live_pods
from cutover_gates.probes.deployment.model import DeploymentAssessmentBuilder
from cutover_gates.util.kubernetes_notation import matches_selector, parse_quantity


def check_availability(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """The controller has seen the newest change, the rollout has ended, and every count is the
    declared one.
    """
    deployment = look.get_part("deployment")
    spec, status = deployment.spec, deployment.status
    name = f"The deployment {settings.deployment}"
    see = f"see kubectl -n {settings.namespace} rollout status deployment/{settings.deployment}"
    counts = {
        "wanted": spec.replicas,
        "there": status.replicas or 0,
        "updated": status.updated_replicas or 0,
        "ready": status.ready_replicas or 0,
        "available": status.available_replicas or 0,
    }
    notes.checked.append(f"deployment {settings.deployment}")
    notes.figures |= {
        "declared": settings.replicas,
        **counts,
        "generation": deployment.metadata.generation,
        "observed": status.observed_generation,
    }
    if (status.observed_generation or 0) < deployment.metadata.generation:
        notes.findings.append(
            f"{name} was changed (generation {deployment.metadata.generation}), and the cluster has"
            f" only acted on generation {status.observed_generation or 0}: what it tells is of the"
            f" one before; {see}."
        )
    if spec.paused:
        notes.findings.append(
            f"{name} is paused: no change of it is rolled out; see kubectl -n {settings.namespace}"
            f" rollout resume deployment/{settings.deployment}."
        )
    wrong = [f"{count} {what}" for what, count in counts.items() if count != settings.replicas]
    if wrong:
        notes.findings.append(
            f"{name} must have {settings.replicas} pods (replicas), and there are"
            f" {', '.join(wrong)}; {see}."
        )
    notes.findings += [
        f"{name}: {one.type} is {one.status}: {one.reason}, {one.message}"
        for one in status.conditions or []
        if one.status == "False" and one.type in ("Available", "Progressing")
    ]


def check_disruption_budgets(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """One budget and no second selects every pod. It lets at least one go, and not all of them."""
    pods, budgets = select_live_pods(look.get_part("pods")), look.get_part("budgets")
    if not pods:
        notes.findings.append(
            f"The deployment {settings.deployment} has no pods that a disruption budget could"
            " guard."
        )
    guards = {
        pod.metadata.name: [
            one for one in budgets if matches_selector(one.spec.selector, pod.metadata.labels or {})
        ]
        for pod in pods
    }
    for name, found in guards.items():
        if not found:
            notes.findings.append(
                f"No disruption budget selects the pod {name}: whoever empties nodes may take all"
                f" pods at once; see kubectl -n {settings.namespace} get poddisruptionbudgets."
            )
        elif len(found) > 1:
            notes.findings.append(
                f"Several disruption budgets select the pod {name}"
                f" ({', '.join(one.metadata.name for one in found)}): the cluster then refuses to"
                " evict it at all."
            )
    for one in {one.metadata.name: one for found in guards.values() for one in found}.values():
        _check_budget(one, len(pods), notes)


def _check_budget(one: Any, pods: int, notes: DeploymentAssessmentBuilder) -> None:
    name, allowed = one.metadata.name, one.status.disruptions_allowed
    notes.checked.append(f"disruption budget {name}")
    notes.figures[name] = {"pods": pods, "may be taken": allowed}
    if allowed < 1:
        notes.findings.append(
            f"The disruption budget {name} lets no pod go: no node with one of them can be emptied."
        )
    elif allowed >= pods:
        notes.findings.append(
            f"The disruption budget {name} lets {allowed} of {pods} pods go at once: nobody would"
            " be left."
        )


_PROBES = {
    "liveness_probe": "liveness probe: one that hangs is never restarted",
    "readiness_probe": "readiness probe: it gets traffic before it can answer",
}


def check_probes(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """Of the container that runs the image; those beside it may do without."""
    for name, container in _iterate_containers(look, notes):
        if parse_repository(container.image) != settings.image:
            continue
        notes.checked.append(name)
        notes.findings += [
            f"The {name} has no {why}."
            for probe, why in _PROBES.items()
            if getattr(container, probe) is None
        ]
    if not notes.checked and not notes.findings:
        notes.findings.append(
            f"No container of the deployment {settings.deployment} is of {settings.image} (image)."
        )


def check_resources(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """Of every container that the deployment has; one that somebody else puts beside it is not the
    deployment's matter.
    """
    for name, container in _iterate_containers(look, notes):
        declared = container.resources
        lacking = [share for share in settings.must_declare if not _is_declared(declared, share)]
        notes.checked.append(name)
        notes.figures[name] = {
            kind: getattr(declared, kind, None) for kind in ("requests", "limits")
        }
        if lacking:
            notes.findings.append(
                f"The {name} declares no {', '.join(lacking)}: under load it may starve its"
                " neighbours, or be killed for them."
            )


def _is_declared(declared: Any, share: str) -> bool:
    kind, _, what = share.partition(".")
    amount = (getattr(declared, kind, None) or {}).get(what)
    try:
        return amount is not None and parse_quantity(str(amount)) > 0
    except ValueError:
        return False


def _iterate_containers(
    look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> Iterator[tuple[str, Any]]:
    """The deployment's containers in each of its pods."""
    names = {
        container.name for container in look.get_part("deployment").spec.template.spec.containers
    }
    pods = select_live_pods(look.get_part("pods"))
    if not pods:
        notes.findings.append(
            f"The deployment {look.get_part('deployment').metadata.name} has no pods."
        )
    for pod in pods:
        for container in pod.spec.containers:
            if container.name in names:
                yield f"container {container.name} of the pod {pod.metadata.name}", container
