"""Whether the pods of a deployment run the image that they shall, and keep running."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.probes.deployment.kubernetes.client import DeploymentState
from cutover_gates.probes.deployment.model import DeploymentAssessmentBuilder

ENDED_PHASES = frozenset({"Succeeded", "Failed"})
"""Phases of pods that run no more, such as evicted ones; others have taken their place."""
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


def select_live_pods(pods: Sequence[Any]) -> list[Any]:
    """The pods that are there to stay: neither ended nor told to go."""
    return [
        pod
        for pod in pods
        if pod.metadata.deletion_timestamp is None and pod.status.phase not in ENDED_PHASES
    ]


def parse_repository(image: str) -> str:
    """An image's name without digest and tag."""
    name = image.partition("@")[0]
    above, slash, last = name.rpartition("/")
    return f"{above}{slash}{last.partition(':')[0]}"


def check_images(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """The digest that the node pulled, of each pod that is there to stay."""
    pods = select_live_pods(look.get_part("pods"))
    if not pods:
        notes.findings.append(f"The deployment {settings.deployment} has no pods.")
    for pod in pods:
        name = pod.metadata.name
        running = {one.name: one for one in pod.status.container_statuses or []}
        ours = [
            container.name
            for container in pod.spec.containers
            if parse_repository(container.image) == settings.image
        ]
        if not ours:
            has = ", ".join(container.image for container in pod.spec.containers)
            notes.findings.append(
                f"No container of the pod {name} is of {settings.image} (image): it has {has}."
            )
        for container in ours:
            _compare_digest(
                settings, f"container {container} of the pod {name}", running.get(container), notes
            )


def _compare_digest(
    settings: ClusterSettings, name: str, status: Any, notes: DeploymentAssessmentBuilder
) -> None:
    told, wanted = (
        (status.image_id or "") if status else "",
        getattr(settings, settings.running_digest_key),
    )
    found = _DIGEST.search(told)
    notes.figures[name] = told
    if not told:
        notes.not_proven.append(
            f"The {name} has not been started, so that nobody knows what it would run."
        )
    elif not found:
        notes.not_proven.append(
            f"The {name} runs {told}, which is no digest of a registry: the image was put on the"
            " node by hand."
        )
    elif found[1] != wanted:
        notes.findings.append(
            f"The {name} runs {found[1]}, and it must run {wanted} ({settings.running_digest_key}); see"
            f" kubectl -n {settings.namespace} get pods -o jsonpath='{{..imageID}}'."
        )
    else:
        notes.checked.append(name)


def check_pods(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """Every pod that is there to stay runs, is ready, and was not restarted of late.

    Those that ended are told in the facts.
    """
    pods = select_live_pods(look.get_part("pods"))
    notes.figures |= {
        "ended": [
            pod.metadata.name for pod in look.get_part("pods") if pod.status.phase in ENDED_PHASES
        ],
        "restarts": {},
        "restarts that are allowed": settings.restarts,
        "hours": settings.restart_hours,
    }
    if not pods:
        notes.findings.append(f"The deployment {settings.deployment} has no pods.")
    for pod in pods:
        notes.checked.append(f"pod {pod.metadata.name}")
        notes.findings += [
            f"{sentence}; see kubectl -n {settings.namespace} describe pod {pod.metadata.name}."
            for sentence in _find_pod_problems(pod)
        ]
        for status in [
            *(pod.status.init_container_statuses or []),
            *(pod.status.container_statuses or []),
        ]:
            _check_restarts(settings, pod, status, notes)


def _find_pod_problems(pod: Any) -> Iterator[str]:
    """What is wrong with a pod now."""
    name, statuses = (
        f"The pod {pod.metadata.name}",
        [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])],
    )
    waiting = [
        f"{name} waits: its container {one.name} is in {one.state.waiting.reason}"
        for one in statuses
        if one.state and one.state.waiting
    ]
    yield from waiting
    if pod.status.phase != "Running" and not waiting:
        placed = next(
            (
                one
                for one in pod.status.conditions or []
                if one.type == "PodScheduled" and one.status == "False"
            ),
            None,
        )
        yield f"{name} is in phase {pod.status.phase}" + (
            f", and no node takes it: {placed.message}" if placed else ""
        )
    elif not waiting and (
        unready := [one.name for one in pod.status.container_statuses or [] if not one.ready]
    ):
        yield f"{name} is not ready: its container {', '.join(unready)} is not"
    if not statuses and pod.status.phase == "Running":
        yield f"{name} tells of no container"


def _check_restarts(
    settings: ClusterSettings, pod: Any, status: Any, notes: DeploymentAssessmentBuilder
) -> None:
    """A container keeps the number of its restarts, and the time of the last one only."""
    count, name = (
        status.restart_count,
        f"The container {status.name} of the pod {pod.metadata.name}",
    )
    notes.figures["restarts"][f"{pod.metadata.name} {status.name}"] = count
    if count <= settings.restarts:
        return
    since = datetime.now(UTC) - timedelta(hours=settings.restart_hours)
    last = status.last_state.terminated if status.last_state else None
    if last is None or last.finished_at is None:
        notes.not_proven.append(
            f"{name} was restarted {count} times, and the cluster does not tell when."
        )
    elif last.finished_at >= since:
        what = (
            f"{name} was restarted {count} times, last at {last.finished_at:%Y-%m-%d %H:%M} UTC"
            f" ({last.reason}, exit code {last.exit_code})"
        )
        if settings.restarts == 0 or (pod.status.start_time and pod.status.start_time >= since):
            notes.findings.append(
                f"{what}; {settings.restarts} are allowed within {settings.restart_hours:g} h"
                f" (restarts); see kubectl -n {settings.namespace} logs {pod.metadata.name} -c"
                f" {status.name} --previous."
            )
        else:
            notes.not_proven.append(
                f"{what}: how many of them within {settings.restart_hours:g} h, the cluster does"
                " not tell."
            )
