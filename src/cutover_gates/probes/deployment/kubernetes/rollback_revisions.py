"""Checks of the way back: the revisions that the deployment keeps, and Helm's own history."""

from __future__ import annotations

from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import parse_repository

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"


def check_previous_revision(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check what `kubectl rollout undo` and `helm rollback` would go back to."""
    _check_replica_sets(settings, state, builder)
    if settings.helm_release is not None:
        _check_helm_history(settings, state, builder)


def _check_replica_sets(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Look for a replica set of the deployment whose template names the previous digest.

    It must be older than the current one. Where the previous release still runs (`runs`), its own
    replica set will be the one to go back to.
    """
    deployment = state.get_part("deployment")
    replica_sets = _select_replica_sets(deployment, state.get_part("replica_sets"))
    images = {
        # An older revision, or any where the previous release still runs.
        revision: _find_image(settings, replica_set)
        for revision, replica_set in replica_sets.items()
        if revision < _parse_revision(deployment) or settings.runs == "previous"
    }
    limit = deployment.spec.revision_history_limit
    builder.figures |= {
        "revisionHistoryLimit": limit,
        "revisions": {str(revision): image for revision, image in images.items()},
    }
    # None means 10 (apps/v1), so only an explicit 0 keeps nothing.
    if limit == 0:
        builder.add_finding(
            rules.HISTORY_KEPT,
            f"deployment {settings.deployment}",
            expected="revisionHistoryLimit 1 or more",
            actual="revisionHistoryLimit 0",
        )
    _judge_revisions(settings, images, builder)


def _judge_revisions(
    settings: ClusterSettings, images: dict[int, str], builder: AssessmentBuilder
) -> None:
    subject, rule = f"deployment {settings.deployment}", rules.PREVIOUS_REVISION_KEPT
    rollout = f"kubectl -n {settings.namespace} rollout"
    command = f"{rollout} history deployment/{settings.deployment}"
    suffix = f"@{settings.previous_digest}"
    revisions = [revision for revision, image in images.items() if image.endswith(suffix)]
    by_tag = [image for image in images.values() if image and "@" not in image]
    if revisions:
        undo = f"{rollout} undo deployment/{settings.deployment} --to-revision={max(revisions)}"
        builder.checked.append(f"revision {max(revisions)}: {undo}")
    elif by_tag:
        # The tag may lead to another image by now.
        reason = f"its revisions name tags only ({', '.join(by_tag)})"
        builder.add_gap(rule, subject, reason, reproduce=command)
    else:
        builder.add_finding(
            rule,
            subject,
            expected=f"a revision with {settings.previous_digest} (previous_digest)",
            actual=", ".join(filter(None, images.values())) or "no earlier revision",
            reproduce=command,
        )


def _select_replica_sets(deployment: Any, replica_sets: list[Any]) -> dict[int, Any]:
    """Return the deployment's own replica sets, by revision."""
    uid, own = deployment.metadata.uid, dict[int, Any]()
    for replica_set in replica_sets:
        # Labels are not enough: another deployment may select the same.
        owners = {owner.uid for owner in replica_set.metadata.owner_references or []}
        revision = _parse_revision(replica_set)
        if uid in owners and revision:
            own[revision] = replica_set
    return own


def _parse_revision(thing: Any) -> int:
    text = str((thing.metadata.annotations or {}).get(REVISION_ANNOTATION, ""))
    return int(text) if text.isdecimal() else 0


def _find_image(settings: ClusterSettings, replica_set: Any) -> str:
    images = [container.image for container in replica_set.spec.template.spec.containers]
    return next((image for image in images if parse_repository(image) == settings.image), "")


def _check_helm_history(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that the newest revision is deployed, and that an earlier one was.

    Where the previous release still runs (`runs`), the newest revision is the one to go back to.
    """
    subject = f"Helm release {settings.helm_release}"
    command = f"helm -n {settings.namespace} history {settings.helm_release}"
    statuses = _parse_history(settings, state.get_part("releases"))
    builder.figures["revisions"] = {str(number): statuses[number] for number in sorted(statuses)}
    if not statuses:
        builder.add_finding(
            rules.HELM_PREVIOUS_KEPT,
            subject,
            expected=f"a history in the namespace {settings.namespace}",
            actual="none",
            reproduce=command,
        )
        return
    newest = max(statuses)
    builder.checked.append(f"revision {newest} of the release {settings.helm_release}")
    # Such as pending-upgrade, after a run of Helm that was interrupted.
    if statuses[newest] != "deployed":
        builder.add_finding(
            rules.HELM_RELEASE_DEPLOYED,
            f"{subject}, revision {newest}",
            expected="deployed",
            actual=statuses[newest],
            reproduce=command,
        )
    _judge_helm_rollback(settings, statuses, builder)


def _judge_helm_rollback(
    settings: ClusterSettings, statuses: dict[int, str], builder: AssessmentBuilder
) -> None:
    newest, release = max(statuses), settings.helm_release
    earlier = [
        number
        for number, status in statuses.items()
        # "superseded" was deployed once; "failed" never served.
        if (number < newest or settings.runs == "previous") and status in ("superseded", "deployed")
    ]
    if earlier:
        number = max(earlier)
        command = f"helm -n {settings.namespace} rollback {release} {number}"
        builder.checked.append(f"revision {number}: {command}")
    else:
        builder.add_finding(
            rules.HELM_PREVIOUS_KEPT,
            f"Helm release {release}",
            expected="an earlier revision that was deployed",
            actual="none",
            reproduce=f"helm -n {settings.namespace} history {release}",
        )


def _parse_history(settings: ClusterSettings, secrets: list[Any]) -> dict[int, str]:
    """Return the status by revision, from the labels of Helm's secrets.

    Helm 3 calls them sh.helm.release.v1.NAME.vN; a secret with another name only looks like one.
    """
    statuses: dict[int, str] = {}
    for secret in secrets:
        labels: dict[str, str] = secret.metadata.labels or {}
        version = str(labels.get("version", ""))
        name = f"sh.helm.release.v1.{settings.helm_release}.v{version}"
        if version.isdecimal() and secret.metadata.name == name:
            statuses[int(version)] = labels.get("status", "")
    return statuses
