"""Checks after a rollback: what the pods run, what the deployment asks for, what is left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import (
    ENDED_PHASES,
    add_missing_pods,
    parse_repository,
    select_live_pods,
)

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")
UNKNOWN = ""


def check_previous_release(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that the deployment asks for the previous digest, and that every pod runs it.

    Pods that are not ready count: one of them gets requests as soon as it is.
    """
    _check_template(settings, state.get_part("deployment"), builder)
    pods = select_live_pods(state.get_part("pods"))
    if not pods:
        add_missing_pods(builder, settings)
    for pod in pods:
        subject, digest = f"pod {pod.metadata.name}", find_pod_digest(settings, pod)
        builder.figures[subject] = digest or "unknown"
        if digest == settings.previous_digest:
            builder.checked.append(subject)
        elif digest == UNKNOWN:
            reason = "which image it runs is not known: it has not started, or has no digest"
            builder.add_gap(
                rules.PREVIOUS_RELEASE_RUNS, subject, reason, reproduce=_pods_command(settings)
            )
        else:
            builder.add_finding(
                rules.PREVIOUS_RELEASE_RUNS,
                subject,
                expected=f"{settings.previous_digest} (previous_digest)",
                actual=f"{digest} (digest)" if digest == settings.digest else digest,
                reproduce=_pods_command(settings),
            )


def check_failed_release_gone(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that nothing in the namespace runs or asks for the failed release.

    A canary is often a deployment of its own, with other labels: so every pod is looked at.
    """
    rule, command = rules.FAILED_RELEASE_GONE, _pods_command(settings)
    pods = state.get_part("namespace_pods")
    builder.checked.append(f"{len(pods)} pods of the namespace {settings.namespace}")
    for pod in pods:
        subject = f"pod {pod.metadata.name}"
        if pod.status.phase in ENDED_PHASES or not _runs_failed_release(settings, pod):
            continue
        if pod.metadata.deletion_timestamp is not None:
            reason = "it is being deleted and may still answer: wait until it is gone"
            builder.add_gap(rule, subject, reason, reproduce=command)
        else:
            builder.add_finding(
                rule,
                subject,
                expected="no pod of the failed release",
                actual=f"{pod.status.phase}, {settings.digest} (digest)",
                reproduce=command,
            )
    _check_replica_sets(settings, state.get_part("namespace_replica_sets"), builder)


def _check_replica_sets(
    settings: ClusterSettings, replica_sets: list[Any], builder: AssessmentBuilder
) -> None:
    for replica_set in replica_sets:
        images = [container.image for container in replica_set.spec.template.spec.containers]
        wanted = replica_set.spec.replicas or 0
        if not any(image.endswith(f"@{settings.digest}") for image in images):
            continue
        builder.checked.append(f"replica set {replica_set.metadata.name}")
        if wanted:
            builder.add_finding(
                rules.FAILED_RELEASE_GONE,
                f"replica set {replica_set.metadata.name}",
                expected="0 pods of the failed release",
                actual=f"{wanted} wanted",
                reproduce=f"kubectl -n {settings.namespace} get replicasets -o wide",
            )


def _check_template(settings: ClusterSettings, deployment: Any, builder: AssessmentBuilder) -> None:
    images = [container.image for container in deployment.spec.template.spec.containers]
    image = next((one for one in images if parse_repository(one) == settings.image), "")
    subject, digest = f"deployment {settings.deployment}", _DIGEST.search(image)
    builder.figures["image that the deployment asks for"] = image
    # A tag says nothing of what it leads to; then the pods' own digests are all that is known.
    if image and not digest:
        builder.figures["asks by tag"] = True
        return
    if not digest or digest[1] != settings.previous_digest:
        builder.add_finding(
            rules.PREVIOUS_RELEASE_WANTED,
            subject,
            expected=f"{settings.image}@{settings.previous_digest} (previous_digest)",
            actual=image or ", ".join(images),
            reproduce=f"kubectl -n {settings.namespace} get deployment {settings.deployment}"
            " -o jsonpath='{..image}'",
        )
    else:
        builder.checked.append(subject)


def find_pod_digest(settings: ClusterSettings, pod: Any) -> str:
    """Return the digest that a pod runs, or is going to run; empty where it is not known.

    The node's own word counts. Before it has pulled, the specification does where it has a digest.
    """
    own = {one.name: one.image for one in pod.spec.containers if _is_own(settings, one.image)}
    pulled = list(_pulled_digests(pod, own))
    asked = [match[1] for image in own.values() if (match := _DIGEST.search(image))]
    # Of several containers of the image the one that is not the previous decides.
    found = pulled if pulled and len(pulled) == len(own) else [*pulled, *asked]
    if not own or not found:
        return UNKNOWN
    other = [digest for digest in found if digest != settings.previous_digest]
    return other[0] if other else found[0]


def _pulled_digests(pod: Any, names: dict[str, str]) -> Iterator[str]:
    for status in pod.status.container_statuses or []:
        digest = _DIGEST.search(status.image_id or "")
        if status.name in names and digest:
            yield digest[1]


def _runs_failed_release(settings: ClusterSettings, pod: Any) -> bool:
    """Return whether any container of a pod has the failed digest, under whatever name."""
    texts = [one.image for one in pod.spec.containers]
    texts += [one.image_id or "" for one in pod.status.container_statuses or []]
    return any(text.endswith(f"@{settings.digest}") for text in texts)


def _is_own(settings: ClusterSettings, image: str) -> bool:
    return parse_repository(image) == settings.image


def _pods_command(settings: ClusterSettings) -> str:
    return f"kubectl -n {settings.namespace} get pods -o jsonpath='{{..imageID}}'"
