"""Checks of a deployment's pods: the image that they run, and that they keep running."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.util.text import format_utc

ENDED_PHASES = frozenset({"Succeeded", "Failed"})
"""Phases of pods that no longer run, such as evicted ones; others have taken their place."""
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


def select_live_pods(pods: Sequence[Any]) -> list[Any]:
    """Return the pods that neither ended nor are being deleted."""
    return [
        pod
        for pod in pods
        if pod.metadata.deletion_timestamp is None and pod.status.phase not in ENDED_PHASES
    ]


def add_missing_pods(builder: AssessmentBuilder, settings: ClusterSettings) -> None:
    """Add the finding for a deployment without live pods."""
    builder.add_finding(
        rules.PODS_EXIST,
        f"deployment {settings.deployment}",
        expected="1 pod or more",
        actual="0 pods",
        reproduce=f"kubectl -n {settings.namespace} get pods",
    )


def parse_repository(image: str) -> str:
    """Return an image's name without digest and tag."""
    name = image.partition("@")[0]
    above, slash, last = name.rpartition("/")
    return f"{above}{slash}{last.partition(':')[0]}"


def check_images(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Compare the digest that the node pulled with the declared one, for each live pod."""
    pods = select_live_pods(state.get_part("pods"))
    if not pods:
        add_missing_pods(builder, settings)
    for pod in pods:
        running = {status.name: status for status in pod.status.container_statuses or []}
        names = [
            container.name
            for container in pod.spec.containers
            if parse_repository(container.image) == settings.image
        ]
        if not names:
            builder.add_finding(
                rules.DECLARED_IMAGE,
                f"pod {pod.metadata.name}",
                expected=f"a container of {settings.image}",
                actual=", ".join(container.image for container in pod.spec.containers),
                reproduce=_image_command(settings),
            )
        for name in names:
            subject = f"container {name} of the pod {pod.metadata.name}"
            _compare_digest(settings, subject, running.get(name), builder)


def find_digests(settings: ClusterSettings, pods: Sequence[Any]) -> list[tuple[Any, str]]:
    """Return the pods that run the declared image, each with the digest that its node pulled."""
    found = []
    for pod in pods:
        names = {
            each.name
            for each in pod.spec.containers
            if parse_repository(each.image) == settings.image
        }
        for status in pod.status.container_statuses or []:
            digest = _DIGEST.search(status.image_id or "")
            if status.name in names and digest:
                found.append((pod, digest[1]))
    return found


def _compare_digest(
    settings: ClusterSettings, subject: str, status: Any, builder: AssessmentBuilder
) -> None:
    # imageID is what the node pulled; the specification may name a tag.
    image = (status.image_id or "") if status else ""
    wanted = {getattr(settings, key): key for key in settings.running_digest_keys}
    digest, command = _DIGEST.search(image), _image_command(settings)
    builder.figures[subject] = image
    if not image:
        reason = "it has not been started, so that its image is not known"
        builder.add_gap(rules.DECLARED_IMAGE, subject, reason, reproduce=command)
    elif not digest:
        reason = f"it runs {image}, which is no digest of a registry: loaded on the node by hand"
        builder.add_gap(rules.DECLARED_IMAGE, subject, reason, reproduce=command)
    elif digest[1] not in wanted:
        builder.add_finding(
            rules.DECLARED_IMAGE,
            subject,
            expected=" or ".join(f"{value} ({key})" for value, key in wanted.items()),
            actual=digest[1],
            reproduce=command,
        )
    else:
        builder.checked.append(subject)


def _image_command(settings: ClusterSettings) -> str:
    return f"kubectl -n {settings.namespace} get pods -o jsonpath='{{..imageID}}'"


def check_pods(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that every live pod runs, is ready, and was not restarted lately.

    Pods that ended are named in the figures only.
    """
    pods, everything = select_live_pods(state.get_part("pods")), state.get_part("pods")
    builder.figures |= {
        "ended": [pod.metadata.name for pod in everything if pod.status.phase in ENDED_PHASES],
        "restarts": {},
        "restarts that are allowed": settings.restarts,
        "hours": settings.restart_hours,
    }
    if not pods:
        add_missing_pods(builder, settings)
    for pod in pods:
        builder.checked.append(f"pod {pod.metadata.name}")
        for problem in _find_pod_problems(pod):
            builder.add_finding(
                rules.PODS_RUN,
                f"pod {pod.metadata.name}",
                expected="Running and ready",
                actual=problem,
                reproduce=f"kubectl -n {settings.namespace} describe pod {pod.metadata.name}",
            )
        for status in _list_statuses(pod):
            _judge_restarts(settings, pod, status, builder)


def _list_statuses(pod: Any) -> list[Any]:
    # A pod that fails in an init container never starts the others.
    return [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]


def _find_pod_problems(pod: Any) -> Iterator[str]:
    """Yield what is wrong with a pod now, the cause before its consequence."""
    statuses = _list_statuses(pod)
    waiting = [status for status in statuses if status.state and status.state.waiting]
    for status in waiting:
        yield f"container {status.name} waits: {status.state.waiting.reason}"
    not_ready = [status.name for status in pod.status.container_statuses or [] if not status.ready]
    if pod.status.phase != "Running" and not waiting:
        yield _describe_phase(pod)
    elif not_ready and not waiting:
        yield f"container {', '.join(not_ready)} is not ready"
    if not statuses and pod.status.phase == "Running":
        yield "no status of any container"


def _describe_phase(pod: Any) -> str:
    for condition in pod.status.conditions or []:
        # The scheduler says why no node takes the pod, such as too little memory.
        if condition.type == "PodScheduled" and condition.status == "False":
            return f"{pod.status.phase}, and no node takes it: {condition.message}"
    return str(pod.status.phase)


def _judge_restarts(
    settings: ClusterSettings, pod: Any, status: Any, builder: AssessmentBuilder
) -> None:
    """Judge the restarts. A container keeps their number, and the time of the last one only."""
    count, name = status.restart_count, pod.metadata.name
    subject = f"container {status.name} of the pod {name}"
    builder.figures["restarts"][f"{name} {status.name}"] = count
    if count <= settings.restarts:
        return
    # By the clock of this machine; NTP keeps the difference far below the hours.
    since = datetime.now(UTC) - timedelta(hours=settings.restart_hours)
    last = status.last_state.terminated if status.last_state else None
    command = f"kubectl -n {settings.namespace} logs {name} -c {status.name} --previous"
    if last is None or last.finished_at is None:
        reason = f"{count} restarts, and the cluster does not report when"
        builder.add_gap(rules.FEW_RESTARTS, subject, reason, reproduce=command)
        return
    # Longer ago than the settings look back.
    if last.finished_at < since:
        return
    happened = (
        f"{count} restarts, the last at {format_utc(last.finished_at)}"
        f" ({last.reason}, exit code {last.exit_code})"
    )
    # All of them are within the hours where none is allowed, or where the pod itself is younger.
    if settings.restarts == 0 or (pod.status.start_time and pod.status.start_time >= since):
        builder.add_finding(
            rules.FEW_RESTARTS,
            subject,
            expected=f"at most {settings.restarts} within {settings.restart_hours:g} h",
            actual=happened,
            reproduce=command,
        )
    else:
        reason = f"{happened}: how many were within {settings.restart_hours:g} h is not reported"
        builder.add_gap(rules.FEW_RESTARTS, subject, reason, reproduce=command)
