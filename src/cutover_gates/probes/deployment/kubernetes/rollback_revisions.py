"""Checks of the way back before it is needed: the revisions that the deployment keeps."""

from __future__ import annotations

from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.helm_history import check_helm_history
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import parse_repository

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"


def check_previous_revision(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check what `kubectl rollout undo` and `helm rollback` would go back to."""
    _check_replica_sets(settings, state, builder)
    if settings.helm_release is not None:
        check_helm_history(settings, state, builder)


def _check_replica_sets(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Look for a replica set of the deployment whose template names the previous digest.

    It must be older than the current one. Where the previous release still runs (`runs`), its own
    replica set will be the one to go back to.
    """
    deployment = state.get_part("deployment")
    replica_sets = select_replica_sets(deployment, state.get_part("replica_sets"))
    images = {
        # An older revision, or any where the previous release still runs.
        revision: _find_image(settings, replica_set)
        for revision, replica_set in replica_sets.items()
        if revision < parse_revision(deployment) or settings.runs == "previous"
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
    if revisions and settings.helm_release is not None:
        # After `kubectl rollout undo` Helm's newest revision names the image that was undone.
        builder.checked.append(f"revision {max(revisions)} of the deployment")
    elif revisions:
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


def select_replica_sets(deployment: Any, replica_sets: list[Any]) -> dict[int, Any]:
    """Return the deployment's own replica sets, by revision."""
    uid, own = deployment.metadata.uid, dict[int, Any]()
    for replica_set in replica_sets:
        # Labels are not enough: another deployment may select the same.
        owners = {owner.uid for owner in replica_set.metadata.owner_references or []}
        revision = parse_revision(replica_set)
        if uid in owners and revision:
            own[revision] = replica_set
    return own


def parse_revision(thing: Any) -> int:
    """Return the revision of a deployment or replica set; 0 where it has none."""
    text = str((thing.metadata.annotations or {}).get(REVISION_ANNOTATION, ""))
    return int(text) if text.isdecimal() else 0


def _find_image(settings: ClusterSettings, replica_set: Any) -> str:
    images = [container.image for container in replica_set.spec.template.spec.containers]
    return next((image for image in images if parse_repository(image) == settings.image), "")
