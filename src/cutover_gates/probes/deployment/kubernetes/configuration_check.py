"""Records the configuration of the release before, and compares it after a rollback."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.deployment.deployment_context import add_failure
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.configuration_record import (
    ConfigurationRecord,
    load_record,
    save_record,
)
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pod_configuration import (
    ObjectState,
    find_object_names,
    hash_template,
)
from cutover_gates.probes.deployment.kubernetes.pods import parse_repository, select_live_pods
from cutover_gates.probes.deployment.kubernetes.rollback_client import RollbackClient
from cutover_gates.probes.deployment.kubernetes.rollback_pods import find_pod_digest
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.text import format_utc

NEVER = datetime.max.replace(tzinfo=UTC)
"""The start of a pod that has not started."""


@dataclass(frozen=True)
class FoundConfiguration:
    """The configuration of the deployment as it is now."""

    parts: Mapping[str, str]
    objects: Mapping[str, ObjectState]
    unread: Mapping[str, SourceUnavailable] = field(default_factory=dict)


def read_configuration(client: RollbackClient, deployment: Any, salt: bytes) -> FoundConfiguration:
    """Return the hashes of the template and of the objects that it names."""
    pod_spec = client.write_plain(deployment.spec.template.spec)
    found = client.load_objects(find_object_names(pod_spec), salt)
    unread = {str(name): one for name, one in found.items() if isinstance(one, SourceUnavailable)}
    objects = {str(name): one for name, one in found.items() if isinstance(one, ObjectState)}
    return FoundConfiguration(hash_template(pod_spec, salt), objects, unread)


def record_configuration(
    settings: ClusterSettings, client: RollbackClient, path: Path, builder: AssessmentBuilder
) -> None:
    """Write down the configuration of the release before, while it is the one that runs."""
    state = client.load_rollback()
    pods = select_live_pods(state.get_part("pods"))
    digests = sorted({find_pod_digest(settings, pod) for pod in pods})
    if digests != [settings.previous_digest]:
        running = ", ".join(digests) or "nothing"
        reason = f"{running} runs, and not {settings.previous_digest} (previous_digest)"
        raise gap_error(rules.CONFIGURATION_RECORDED, f"deployment {settings.deployment}", reason)
    salt = secrets.token_bytes(16)
    found = read_configuration(client, state.get_part("deployment"), salt)
    for name, error in found.unread.items():
        add_failure(builder, rules.CONFIGURATION_RECORDED, error, name)
    builder.checked += [*found.parts, *found.objects, f"deployment {settings.deployment}"]
    save_record(path, _make_record(settings, salt, found))


def _make_record(
    settings: ClusterSettings, salt: bytes, found: FoundConfiguration
) -> ConfigurationRecord:
    return ConfigurationRecord(
        str(settings.deployment),
        str(settings.previous_digest),
        time.time(),
        salt.hex(),
        dict(found.parts),
        {name: one.digest for name, one in found.objects.items()},
        {name: one.version for name, one in found.objects.items()},
    )


def compare_configuration(
    settings: ClusterSettings,
    client: RollbackClient,
    state: DeploymentState,
    path: Path,
    began: datetime | None,
    builder: AssessmentBuilder,
) -> None:
    """Compare the configuration with the record, and the start of the pods with its changes."""
    record = load_record(path)
    _require_same_release(settings, record)
    found = read_configuration(client, state.get_part("deployment"), bytes.fromhex(record.salt))
    for name, error in found.unread.items():
        add_failure(builder, rules.CONFIGURATION_BACK, error, name)
    since = f"as at {format_utc(datetime.fromtimestamp(record.taken, UTC))}"
    objects = {name: one.digest for name, one in found.objects.items()}
    _compare(record.parts, found.parts, since, builder)
    recorded = {name: one for name, one in record.objects.items() if name not in found.unread}
    _compare(recorded, objects, since, builder)
    _check_starts(settings, state, record, found, began, builder)


def _require_same_release(settings: ClusterSettings, record: ConfigurationRecord) -> None:
    for what, recorded, declared in (
        ("the deployment", record.deployment, settings.deployment),
        ("the image", record.digest, settings.previous_digest),
    ):
        if recorded != declared:
            reason = f"it is of {what} {recorded}, and the settings say {declared}"
            raise gap_error(rules.CONFIGURATION_RECORDED, "the record", reason)


def _compare(
    recorded: Mapping[str, str], found: Mapping[str, str], since: str, builder: AssessmentBuilder
) -> None:
    for name in dict.fromkeys((*recorded, *found)):
        before, now = recorded.get(name, ""), found.get(name, "")
        if before == now:
            builder.checked.append(name)
            continue
        builder.add_finding(
            rules.CONFIGURATION_BACK,
            name,
            expected=since if before else f"none, {since}",
            actual="another content" if before and now else "none" if before else "it is there",
        )


def _check_starts(
    settings: ClusterSettings,
    state: DeploymentState,
    record: ConfigurationRecord,
    found: FoundConfiguration,
    began: datetime | None,
    builder: AssessmentBuilder,
) -> None:
    """Check that each pod read what is there now, and that the release was started since."""
    pods = select_live_pods(state.get_part("pods"))
    changed = {
        name: one for name, one in found.objects.items() if record.versions.get(name) != one.version
    }
    builder.figures["objects that were written since"] = sorted(changed)
    for name, one in changed.items():
        _check_start_after_change(settings, pods, name, one, builder)
    since = began or datetime.fromtimestamp(record.taken, UTC)
    # Not a pod that was started and failed: it must be ready.
    anew = [pod for pod in pods if _start(settings, pod) >= since and _is_ready(pod)]
    builder.figures["pods that were started since"] = [pod.metadata.name for pod in anew]
    if not anew:
        reason = f"no ready pod was started after {format_utc(since)}: the next start is not known"
        builder.add_gap(rules.STARTED_ANEW, f"deployment {settings.deployment}", reason)


def _check_start_after_change(
    settings: ClusterSettings,
    pods: Iterable[Any],
    name: str,
    changed: ObjectState,
    builder: AssessmentBuilder,
) -> None:
    if not changed.digest:
        return
    if changed.written is None:
        reason = "it was written since the record, and the cluster does not say when"
        builder.add_gap(rules.STARTED_ANEW, name, reason)
        return
    for pod in pods:
        started = _start(settings, pod)
        if started < changed.written:
            builder.add_finding(
                rules.STARTED_ANEW,
                f"pod {pod.metadata.name}",
                expected=f"a start after {name} was written at {format_utc(changed.written)}",
                actual=f"started at {format_utc(started)}",
                reproduce=f"kubectl -n {settings.namespace} rollout restart"
                f" deployment/{settings.deployment}",
            )


def _is_ready(pod: Any) -> bool:
    statuses = pod.status.container_statuses or []
    return bool(statuses) and all(status.ready for status in statuses)


def _start(settings: ClusterSettings, pod: Any) -> datetime:
    """Return when the hospital's own container started: a restart reads its variables anew.

    A pod that has not started yet will read what is there.
    """
    own = {one.name for one in pod.spec.containers if parse_repository(one.image) == settings.image}
    states = [one.state for one in pod.status.container_statuses or [] if one.name in own]
    starts = [state.running.started_at for state in states if state and state.running]
    return min((one for one in starts if one), default=pod.status.start_time or NEVER)
