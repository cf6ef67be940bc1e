"""What the containers of a deployment declare: probes, requests and limits.

Asked of the pods, to which the cluster adds its own defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cutover.settings.ground import Cluster
from cutover.telemetry.ground.api import Look
from cutover.telemetry.ground.notes import Notes
from cutover.telemetry.ground.pods import living, repository
from cutover.telemetry.quantities import quantity

_PROBES = {
    "liveness_probe": "liveness probe: one that hangs is never restarted",
    "readiness_probe": "readiness probe: it gets traffic before it can answer",
}


def probes(settings: Cluster, look: Look, notes: Notes) -> None:
    """Of the container that runs the image; those beside it may do without."""
    for name, container in _declared(look, notes):
        if repository(container.image) != settings.image:
            continue
        notes.examined.append(name)
        notes.findings += [
            f"The {name} has no {why}."
            for probe, why in _PROBES.items()
            if getattr(container, probe) is None
        ]
    if not notes.examined and not notes.findings:
        notes.findings.append(
            f"No container of the deployment {settings.deployment} is of {settings.image} (image)."
        )


def resources(settings: Cluster, look: Look, notes: Notes) -> None:
    """Of every container that the deployment has; one that somebody else puts beside it is not the
    deployment's matter.
    """
    for name, container in _declared(look, notes):
        declared = container.resources
        lacking = [share for share in settings.must_declare if not _given(declared, share)]
        notes.examined.append(name)
        notes.facts[name] = {kind: getattr(declared, kind, None) for kind in ("requests", "limits")}
        if lacking:
            notes.findings.append(
                f"The {name} declares no {', '.join(lacking)}: under load it may starve its"
                " neighbours, or be killed for them."
            )


def _given(declared: Any, share: str) -> bool:
    kind, _, what = share.partition(".")
    amount = (getattr(declared, kind, None) or {}).get(what)
    try:
        return amount is not None and quantity(str(amount)) > 0
    except ValueError:
        return False


def _declared(look: Look, notes: Notes) -> Iterator[tuple[str, Any]]:
    """The deployment's containers in each of its pods."""
    names = {container.name for container in look.of("deployment").spec.template.spec.containers}
    pods = living(look.of("pods"))
    if not pods:
        notes.findings.append(f"The deployment {look.of('deployment').metadata.name} has no pods.")
    for pod in pods:
        for container in pod.spec.containers:
            if container.name in names:
                yield f"container {container.name} of the pod {pod.metadata.name}", container
