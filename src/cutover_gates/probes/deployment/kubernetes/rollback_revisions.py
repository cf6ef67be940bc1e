"""Whether there is a revision to go back to: the replica set that the deployment keeps, and Helm's
own history.
"""

from __future__ import annotations

from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.probes.deployment.kubernetes.client import DeploymentState
from cutover_gates.probes.deployment.kubernetes.pods import parse_repository
from cutover_gates.probes.deployment.model import DeploymentAssessmentBuilder

REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
DEFAULT_HISTORY_LIMIT = 10
"""Revisions that a deployment keeps where it does not say how many (apps/v1, revisionHistoryLimit).
"""


def check_previous_revision(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """What `kubectl rollout undo` goes back to, and what `helm rollback` does."""
    _check_replica_sets(settings, look, notes)
    if settings.helm_release is not None:
        _check_helm_history(settings, look, notes)


def _check_replica_sets(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """A replica set of the deployment's own whose template names the previous digest: a tag may
    lead elsewhere by now.

    An older one; where the release before still runs, its own will be that after the cutover.
    """
    deployment = look.get_part("deployment")
    kept = deployment.spec.revision_history_limit
    images = {
        revision: _find_image(settings, one)
        for revision, one in _select_replica_sets(deployment, look.get_part("replica_sets")).items()
        if revision < _parse_revision(deployment) or settings.runs == "previous"
    }
    notes.figures |= {
        "revisionHistoryLimit": kept,
        "revisions": {str(revision): image for revision, image in images.items()},
    }
    if kept == 0:
        notes.findings.append(
            f"The deployment {settings.deployment} keeps no revision (revisionHistoryLimit: 0): no"
            " rollout can be undone."
        )
    back = [
        revision
        for revision, image in images.items()
        if image.endswith(f"@{settings.previous_digest}")
    ]
    if back:
        notes.checked.append(
            f"revision {max(back)}: kubectl -n {settings.namespace} rollout undo"
            f" deployment/{settings.deployment} --to-revision={max(back)}"
        )
    elif by_tag := [image for image in images.values() if image and "@" not in image]:
        notes.not_proven.append(
            f"No revision of the deployment {settings.deployment} to go back to names"
            f" {settings.previous_digest} (previous_digest). There are some by tag"
            f" ({', '.join(by_tag)}), and a tag may lead elsewhere: deploy by digest."
        )
    else:
        there = ", ".join(filter(None, images.values())) or "none at all"
        notes.findings.append(
            f"No revision of the deployment {settings.deployment} to go back to has the image"
            f" {settings.previous_digest} (previous_digest); there is {there}: see kubectl -n"
            f" {settings.namespace} rollout history deployment/{settings.deployment}."
        )


def _select_replica_sets(deployment: Any, replica_sets: list[Any]) -> dict[int, Any]:
    """The deployment's own replica sets, by revision."""
    own = [
        one
        for one in replica_sets
        if any(
            owner.uid == deployment.metadata.uid for owner in one.metadata.owner_references or []
        )
    ]
    return {revision: one for one in own if (revision := _parse_revision(one))}


def _parse_revision(one: Any) -> int:
    text = str((one.metadata.annotations or {}).get(REVISION_ANNOTATION, ""))
    return int(text) if text.isdecimal() else 0


def _find_image(settings: ClusterSettings, replica_set: Any) -> str:
    images = [container.image for container in replica_set.spec.template.spec.containers]
    return next((image for image in images if parse_repository(image) == settings.image), "")


def _check_helm_history(
    settings: ClusterSettings, look: DeploymentState, notes: DeploymentAssessmentBuilder
) -> None:
    """The newest revision is deployed, and one before it was (where the release before still runs,
    that is the newest itself).

    Helm refuses to do anything while one is pending.
    """
    release, see = (
        settings.helm_release,
        f"see helm -n {settings.namespace} history {settings.helm_release}",
    )
    kept = {
        int(labels["version"]): labels.get("status", "")
        for secret in look.get_part("releases")
        if (labels := _helm_labels(secret.metadata, release))
    }
    notes.figures["revisions"] = {str(number): status for number, status in sorted(kept.items())}
    if not kept:
        notes.findings.append(
            f"Helm has no history of the release {release} in the namespace {settings.namespace}:"
            f" it cannot roll back; {see}."
        )
        return
    newest = max(kept)
    notes.checked.append(f"revision {newest} of the release {release}")
    if kept[newest] != "deployed":
        notes.findings.append(
            f"The newest revision of the release {release}, {newest}, is {kept[newest]} and not"
            f" deployed; {see}."
        )
    back = [
        number
        for number, status in kept.items()
        if (number < newest or settings.runs == "previous") and status in ("superseded", "deployed")
    ]
    if back:
        notes.checked.append(
            f"revision {max(back)}: helm -n {settings.namespace} rollback {release} {max(back)}"
        )
    else:
        notes.findings.append(
            f"The release {release} has no earlier revision that was deployed: helm rollback has"
            f" nothing to go back to; {see}."
        )


def _helm_labels(metadata: Any, release: str | None) -> dict[str, str]:
    """The labels of a secret of Helm's (v3: sh.helm.release.v1.NAME.vN); none for what only looks
    like one.
    """
    labels: dict[str, str] = metadata.labels or {}
    version = str(labels.get("version", ""))
    return (
        labels
        if version.isdecimal() and metadata.name == f"sh.helm.release.v1.{release}.v{version}"
        else {}
    )
