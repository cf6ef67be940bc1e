"""The history of a Helm release: the revision to go back to, and the image that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.deployment.kubernetes import rules
from cutover_gates.probes.deployment.kubernetes.model import DeploymentState
from cutover_gates.util.http import SourceUnavailable

SERVED = ("superseded", "deployed")
"""The states of a revision that was deployed once; "failed" never served."""
MOST_REVISIONS = 10
"""Revisions whose manifests are read, the newest first. Helm keeps ten unless told otherwise."""

Images = Mapping[int, tuple[str, ...] | SourceUnavailable]
"""The images of a revision's deployment, or why they are not known."""


def check_helm_history(
    settings: ClusterSettings, state: DeploymentState, builder: AssessmentBuilder
) -> None:
    """Check that the newest revision is deployed, and that the one to go back to is known."""
    subject, command = _subject(settings), _history_command(settings)
    statuses = parse_history(settings, state.get_part("releases"))
    builder.figures["revisions of Helm"] = {
        str(number): statuses[number] for number in sorted(statuses)
    }
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
    _judge_rollback(settings, statuses, state.get_part("release_images"), builder)


def select_candidates(settings: ClusterSettings, statuses: Mapping[int, str]) -> list[int]:
    """Return the revisions to which a rollback may go, the newest first.

    Where the previous release still runs (`runs`), the newest revision is among them.
    """
    newest = max(statuses, default=0)
    served = [number for number, status in statuses.items() if status in SERVED]
    allowed = [number for number in served if number < newest or settings.runs == "previous"]
    return sorted(allowed, reverse=True)


def _judge_rollback(
    settings: ClusterSettings,
    statuses: Mapping[int, str],
    images: Images,
    builder: AssessmentBuilder,
) -> None:
    candidates, subject = select_candidates(settings, statuses), _subject(settings)
    declared = settings.helm_revision
    if declared is not None:
        candidates = [number for number in candidates if number == declared]
    if not candidates:
        kept = ", ".join(f"{number} {statuses[number]}" for number in sorted(statuses))
        builder.add_finding(
            rules.HELM_PREVIOUS_KEPT,
            subject,
            expected=f"revision {declared} (helm_revision), which was deployed"
            if declared
            else "an earlier revision that was deployed",
            actual=kept if declared else "none",
            reproduce=_history_command(settings),
        )
        return
    suffix = f"@{settings.previous_digest}"
    known = {number: images[number] for number in candidates if number in images}
    builder.figures["images of Helm's revisions"] = {
        str(number): list(one) if isinstance(one, tuple) else one.reason
        for number, one in known.items()
    }
    fitting = [number for number, one in known.items() if _has_digest(one, suffix)]
    unknown = [number for number in candidates if not isinstance(known.get(number), tuple)]
    if fitting:
        _add_command(settings, max(fitting), builder)
    elif unknown and (declared is not None or _is_only_one(statuses, candidates)):
        _add_command(settings, unknown[0], builder)
    else:
        _add_unfit(settings, candidates, unknown, builder)


def _has_digest(images: tuple[str, ...] | SourceUnavailable, suffix: str) -> bool:
    return isinstance(images, tuple) and any(image.endswith(suffix) for image in images)


def _is_only_one(statuses: Mapping[int, str], candidates: Sequence[int]) -> bool:
    """Return whether one revision alone can be meant: the first, of a history that is whole.

    Helm drops old revisions (--history-max), so in another history the image may be any.
    """
    return len(candidates) == 1 and candidates[0] == min(statuses) == 1


def _add_command(settings: ClusterSettings, number: int, builder: AssessmentBuilder) -> None:
    release = settings.helm_release
    command = f"helm -n {settings.namespace} rollback {release} {number}"
    builder.checked.append(f"revision {number} of the release {release}: {command}")


def _add_unfit(
    settings: ClusterSettings,
    candidates: Sequence[int],
    unknown: Sequence[int],
    builder: AssessmentBuilder,
) -> None:
    subject, numbers = _subject(settings), ", ".join(map(str, sorted(unknown or candidates)))
    if unknown:
        reason = (
            f"the image of revision {numbers} is not known: set cluster.helm_revision, or let the"
            " token get the secrets of the release"
        )
        builder.add_gap(
            rules.HELM_REVISION_KNOWN, subject, reason, reproduce=_history_command(settings)
        )
        return
    builder.add_finding(
        rules.HELM_REVISION_KNOWN,
        subject,
        expected=f"a revision with {settings.previous_digest} (previous_digest)",
        actual=f"other images in revision {numbers}",
        reproduce=f"helm -n {settings.namespace} get manifest {settings.helm_release}"
        f" --revision {candidates[0]}",
    )


def parse_history(settings: ClusterSettings, secrets: Sequence[Any]) -> dict[int, str]:
    """Return the status by revision, from the labels of Helm's secrets.

    Helm 3 calls them sh.helm.release.v1.NAME.vN; a secret with another name only looks like one.
    """
    statuses: dict[int, str] = {}
    for secret in secrets:
        labels: dict[str, str] = secret.metadata.labels or {}
        version = str(labels.get("version", ""))
        if version.isdecimal() and secret.metadata.name == name_secret(settings, int(version)):
            statuses[int(version)] = labels.get("status", "")
    return statuses


def name_secret(settings: ClusterSettings, revision: int) -> str:
    """Return the name of the Secret in which Helm keeps a revision."""
    return f"sh.helm.release.v1.{settings.helm_release}.v{revision}"


def _subject(settings: ClusterSettings) -> str:
    return f"Helm release {settings.helm_release}"


def _history_command(settings: ClusterSettings) -> str:
    return f"helm -n {settings.namespace} history {settings.helm_release}"
