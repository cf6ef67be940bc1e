"""Checks of the pods during a step of a rollout: both releases run in one deployment, or in two.

A pod is judged as it is at the end of the step, and by what happened to it since the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes.pods import (
    find_digests,
    parse_repository,
    select_live_pods,
)
from cutover_gates.probes.deployment.step_health import rules
from cutover_gates.util.kubernetes_notation import parse_quantity
from cutover_gates.util.text import format_utc

OUT_OF_MEMORY = "OOMKilled"
GRAVE = frozenset(
    {
        *("BackOff", "Failed", "FailedCreate", "FailedMount", "FailedScheduling", "Evicted"),
        *("OOMKilling", "FailedCreatePodSandBox", "NodeNotReady", "ErrImagePull"),
    }
)
"""Reasons of warnings that are a breach. Others, such as a late readiness, are told."""


@dataclass(frozen=True)
class PodCounts:
    """The ready pods of each release."""

    new: int
    old: int


def count_ready_pods(settings: ClusterSettings, pods: Sequence[Any]) -> PodCounts:
    """Return the ready pods of the image under judgement, and of all others."""
    digests = find_digests(settings, select_live_pods(pods))
    ready = [digest for pod, digest in digests if _is_ready(pod)]
    new = ready.count(str(settings.digest))
    return PodCounts(new, len(ready) - new)


def check_step_pods(
    settings: ClusterSettings, pods: Sequence[Any], began: datetime, builder: AssessmentBuilder
) -> None:
    """Check that every pod is ready, runs one of the two images, and did not end in the step."""
    live = select_live_pods(pods)
    command = f"kubectl -n {settings.namespace} get pods"
    if not live:
        builder.add_gap(rules.STEP_PODS_READY, str(settings.deployment), "it has no pods")
    counts = count_ready_pods(settings, pods)
    builder.figures["ready pods"] = f"{counts.new} of the new image, {counts.old} of others"
    for pod in live:
        builder.checked.append(f"pod {pod.metadata.name}")
        if not _is_ready(pod):
            builder.add_finding(
                rules.STEP_PODS_READY,
                f"pod {pod.metadata.name}",
                expected="ready at the end of the step",
                actual=str(pod.status.phase),
                reproduce=command,
            )
        for status in pod.status.container_statuses or []:
            _check_end(settings, pod, status, began, builder)
    _check_digests(settings, live, builder)


def tell_replica_sets(
    settings: ClusterSettings, sets: Sequence[Any], builder: AssessmentBuilder
) -> None:
    """Add the replica sets that want pods: how many are ready, and of which image."""
    told = {
        each.metadata.name: f"{each.status.ready_replicas or 0} of {each.spec.replicas} pods ready"
        f" ({', '.join(_list_images(settings, each))})"
        for each in sets
        if each.spec.replicas
    }
    builder.figures["replica sets"] = dict(sorted(told.items()))


def _list_images(settings: ClusterSettings, replica_set: Any) -> list[str]:
    containers = replica_set.spec.template.spec.containers
    return [one.image for one in containers if parse_repository(one.image) == settings.image]


def _check_end(
    settings: ClusterSettings,
    pod: Any,
    status: Any,
    began: datetime,
    builder: AssessmentBuilder,
) -> None:
    """Add the finding of a container that ended within the step, with its reason."""
    for state in (status.state, status.last_state):
        ended = state.terminated if state else None
        if ended is None or ended.finished_at is None or ended.finished_at < began:
            continue
        is_memory = ended.reason == OUT_OF_MEMORY
        rule = rules.NO_MEMORY_KILLS if is_memory else rules.NO_RESTARTS_IN_STEP
        name, at = pod.metadata.name, format_utc(ended.finished_at)
        builder.add_finding(
            rule,
            f"container {status.name} of the pod {name}",
            expected="no end within the step",
            actual=f"{ended.reason}, exit code {ended.exit_code}, at {at}",
            reproduce=f"kubectl -n {settings.namespace} logs {name} -c {status.name} --previous",
            count=max(1, status.restart_count or 1),
        )


def _check_digests(
    settings: ClusterSettings, live: Sequence[Any], builder: AssessmentBuilder
) -> None:
    known = {settings.digest: "digest", settings.previous_digest: "previous_digest"}
    for pod, digest in find_digests(settings, live):
        if digest not in known:
            builder.add_finding(
                rules.STEP_IMAGES,
                f"pod {pod.metadata.name}",
                expected=" or ".join(f"{value} ({key})" for value, key in known.items() if value),
                actual=digest,
            )


def check_step_events(
    settings: ClusterSettings,
    events: Sequence[Any],
    pods: Sequence[Any],
    began: datetime,
    builder: AssessmentBuilder,
) -> None:
    """Add the warnings of the step: the grave ones as findings, the others as figures."""
    names = {pod.metadata.name for pod in pods}
    told: dict[str, int] = {}
    for event in _select_own(settings, events, names):
        at = event.last_timestamp or event.event_time or event.first_timestamp
        if at is None or at < began:
            continue
        about = f"{event.involved_object.kind} {event.involved_object.name}"
        if event.reason in GRAVE:
            builder.add_finding(
                rules.NO_GRAVE_WARNINGS,
                about,
                expected="no such warning within the step",
                actual=f"{event.reason} at {format_utc(at)}",
                reproduce=f"kubectl -n {settings.namespace} get events",
            )
        else:
            told[f"{about}: {event.reason}"] = int(event.count or 1)
    builder.figures["warnings"] = told
    builder.checked.append("events")


def _select_own(settings: ClusterSettings, events: Sequence[Any], pods: set[str]) -> Iterator[Any]:
    """Yield the warnings about the deployment, its replica sets and its pods."""
    for event in events:
        name = str(event.involved_object.name)
        is_own = name in pods or name == settings.deployment
        if is_own or name.startswith(f"{settings.deployment}-"):
            yield event


def check_autoscalers(
    settings: ClusterSettings, scalers: Sequence[Any], builder: AssessmentBuilder
) -> None:
    """Add a gap where the autoscaler changes the pods, or can add no more of them."""
    for scaler in scalers:
        if scaler.spec.scale_target_ref.name != settings.deployment:
            continue
        subject, status = f"autoscaler {scaler.metadata.name}", scaler.status
        builder.checked.append(subject)
        now, wanted, most = (
            status.current_replicas,
            status.desired_replicas,
            scaler.spec.max_replicas,
        )
        if now != wanted:
            reason = f"it changes the pods from {now} to {wanted}: the share of the step moves"
            builder.add_gap(rules.AUTOSCALER_AT_REST, subject, reason)
        elif now is not None and now >= most > (scaler.spec.min_replicas or 1):
            reason = f"{now} of at most {most} pods: it can add none for more traffic"
            builder.add_gap(rules.ROOM_TO_SCALE, subject, reason)


def check_quotas(quotas: Sequence[Any], builder: AssessmentBuilder) -> None:
    """Add a gap for each quota of the namespace that is used up."""
    for quota in quotas:
        subject = f"quota {quota.metadata.name}"
        builder.checked.append(subject)
        used = quota.status.used or {}
        for name, most in (quota.status.hard or {}).items():
            if name in used and _is_used_up(used[name], most):
                reason = f"{name}: {used[name]} of {most} is used, so no further pod is started"
                builder.add_gap(rules.ROOM_TO_SCALE, subject, reason)


def _is_used_up(used: str, most: str) -> bool:

    limit = parse_quantity(most)
    return limit > 0 and parse_quantity(used) >= limit


def _is_ready(pod: Any) -> bool:
    conditions = {each.type: each.status for each in pod.status.conditions or []}
    if "Ready" in conditions:
        return bool(conditions["Ready"] == "True")
    statuses = pod.status.container_statuses or []
    return bool(statuses) and all(status.ready for status in statuses)
