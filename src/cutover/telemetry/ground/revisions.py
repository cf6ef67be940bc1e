"""Whether there is a revision to go back to: the replica set that the deployment keeps, and Helm's
own history.
"""

from __future__ import annotations

from typing import Any

from cutover.settings.ground import Cluster
from cutover.telemetry.ground.api import Look
from cutover.telemetry.ground.notes import Notes
from cutover.telemetry.ground.pods import repository

REVISION = "deployment.kubernetes.io/revision"
KEPT = 10
"""Revisions that a deployment keeps where it does not say how many (apps/v1, revisionHistoryLimit).
"""


def previous(settings: Cluster, look: Look, notes: Notes) -> None:
    """What `kubectl rollout undo` goes back to, and what `helm rollback` does."""
    _kept_by_the_deployment(settings, look, notes)
    if settings.helm_release is not None:
        _kept_by_helm(settings, look, notes)


def _kept_by_the_deployment(settings: Cluster, look: Look, notes: Notes) -> None:
    """A replica set of the deployment's own whose template names the previous digest: a tag may
    lead elsewhere by now.

    An older one; where the release before still runs, its own will be that after the cutover.
    """
    deployment = look.of("deployment")
    kept = deployment.spec.revision_history_limit
    images = {
        revision: _image_of(settings, one)
        for revision, one in _own(deployment, look.of("replica_sets")).items()
        if revision < _revision(deployment) or settings.runs == "previous"
    }
    notes.facts |= {
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
        notes.examined.append(
            f"revision {max(back)}: kubectl -n {settings.namespace} rollout undo"
            f" deployment/{settings.deployment} --to-revision={max(back)}"
        )
    elif by_tag := [image for image in images.values() if image and "@" not in image]:
        notes.unproven.append(
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


def _own(deployment: Any, replica_sets: list[Any]) -> dict[int, Any]:
    """The deployment's own replica sets, by revision."""
    own = [
        one
        for one in replica_sets
        if any(
            owner.uid == deployment.metadata.uid for owner in one.metadata.owner_references or []
        )
    ]
    return {revision: one for one in own if (revision := _revision(one))}


def _revision(one: Any) -> int:
    text = str((one.metadata.annotations or {}).get(REVISION, ""))
    return int(text) if text.isdecimal() else 0


def _image_of(settings: Cluster, replica_set: Any) -> str:
    images = [container.image for container in replica_set.spec.template.spec.containers]
    return next((image for image in images if repository(image) == settings.image), "")


def _kept_by_helm(settings: Cluster, look: Look, notes: Notes) -> None:
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
        for secret in look.of("releases")
        if (labels := _helms(secret.metadata, release))
    }
    notes.facts["revisions"] = {str(number): status for number, status in sorted(kept.items())}
    if not kept:
        notes.findings.append(
            f"Helm has no history of the release {release} in the namespace {settings.namespace}:"
            f" it cannot roll back; {see}."
        )
        return
    newest = max(kept)
    notes.examined.append(f"revision {newest} of the release {release}")
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
        notes.examined.append(
            f"revision {max(back)}: helm -n {settings.namespace} rollback {release} {max(back)}"
        )
    else:
        notes.findings.append(
            f"The release {release} has no earlier revision that was deployed: helm rollback has"
            f" nothing to go back to; {see}."
        )


def _helms(metadata: Any, release: str | None) -> dict[str, str]:
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
