"""Whether a deployment stands as declared, and stays when a node is emptied."""

from __future__ import annotations

from typing import Any

from cutover.settings.ground import Cluster
from cutover.telemetry.ground.api import Look
from cutover.telemetry.ground.notes import Notes
from cutover.telemetry.ground.pods import living
from cutover.telemetry.ground.selectors import selects


def available(settings: Cluster, look: Look, notes: Notes) -> None:
    """The controller has seen the newest change, the rollout has ended, and every count is the
    declared one.
    """
    deployment = look.of("deployment")
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
    notes.examined.append(f"deployment {settings.deployment}")
    notes.facts |= {
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


def budget(settings: Cluster, look: Look, notes: Notes) -> None:
    """One budget and no second selects every pod. It lets at least one go, and not all of them."""
    pods, budgets = living(look.of("pods")), look.of("budgets")
    if not pods:
        notes.findings.append(
            f"The deployment {settings.deployment} has no pods that a disruption budget could"
            " guard."
        )
    guards = {
        pod.metadata.name: [
            one for one in budgets if selects(one.spec.selector, pod.metadata.labels or {})
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
        _allows(one, len(pods), notes)


def _allows(one: Any, pods: int, notes: Notes) -> None:
    name, allowed = one.metadata.name, one.status.disruptions_allowed
    notes.examined.append(f"disruption budget {name}")
    notes.facts[name] = {"pods": pods, "may be taken": allowed}
    if allowed < 1:
        notes.findings.append(
            f"The disruption budget {name} lets no pod go: no node with one of them can be emptied."
        )
    elif allowed >= pods:
        notes.findings.append(
            f"The disruption budget {name} lets {allowed} of {pods} pods go at once: nobody would"
            " be left."
        )
