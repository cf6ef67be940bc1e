"""The questions to the registry of a target's images; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cutover_gates.config import deployment
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.deployment.model import (
    DeploymentAssessmentBuilder,
    format_undeclared_keys,
)
from cutover_gates.probes.deployment.registry.client import (
    INDEX_TYPES,
    ImageManifest,
    RegistryRepository,
)
from cutover_gates.util.concurrency import (
    QUESTION_TIMEOUT_SECONDS,
    ObjectNotFound,
    run_concurrently,
    run_until_deadline,
)
from cutover_gates.util.http import SourceUnavailable

ITEM = "kubernetes-cluster"


class RegistryAssessments:
    """`opened` signs in nowhere yet: it makes a `Repository` for one question, whose time runs from
    then.
    """

    def __init__(
        self,
        target: str,
        settings: deployment.RegistrySettings,
        cluster: deployment.ClusterSettings,
        opened: Callable[[], RegistryRepository],
        record: Callable[[Assessment], None],
    ) -> None:
        self._target, self._settings, self._cluster, self._open_repository, self._record = (
            target,
            settings,
            cluster,
            opened,
            record,
        )

    def assess_release_image(self) -> Assessment:
        """The image under judgement can be pulled: its manifest by digest, and every blob that it
        names.
        """
        return self._assess_image("The image under judgement can be pulled", "digest")

    def assess_previous_image(self) -> Assessment:
        """So can the one that a rollback goes back to: a node that has never run it must fetch it
        first.
        """
        return self._assess_image(
            "The image of the release before can be pulled", "previous_digest"
        )

    def _assess_image(self, title: str, key: str) -> Assessment:
        notes = DeploymentAssessmentBuilder(title)
        lacking = [
            format_undeclared_keys(
                self._target, ITEM, "registry", self._settings, ("url", "repository")
            ),
            format_undeclared_keys(self._target, ITEM, "cluster", self._cluster, (key,)),
        ]
        notes.not_proven += [sentence for sentence in lacking if sentence]
        if not notes.not_proven:
            found = run_until_deadline(
                lambda: self._check_image(getattr(self._cluster, key), notes),
                time.monotonic() + QUESTION_TIMEOUT_SECONDS,
                QUESTION_TIMEOUT_SECONDS,
                self._settings.url or "",
            )
            if isinstance(found, ObjectNotFound):
                notes.findings.append(f"{title}: {found}.")
            elif isinstance(found, SourceUnavailable):
                notes.not_proven.append(f"{title}: {found}.")
        found_out = notes.finish()
        self._record(found_out)
        return found_out

    def _check_image(self, digest: str, notes: DeploymentAssessmentBuilder) -> bool:
        with self._open_repository() as repository:
            manifest = self._select_platform_manifest(
                repository, repository.fetch_manifest(digest), notes
            )
            notes.figures |= {
                "manifest": manifest.digest,
                "type": manifest.media_type,
                "blobs": len(manifest.blobs),
                "bytes": sum(blob.get("size", 0) for blob in manifest.blobs),
            }
            blobs = {blob["digest"]: blob for blob in manifest.blobs}  # a layer may come twice
            for digest_, wrong in zip(
                blobs,
                run_concurrently(partial(_check_blob, repository, blob) for blob in blobs.values()),
                strict=True,
            ):
                if wrong is None:
                    notes.checked.append(f"blob {digest_}")
                else:
                    (
                        notes.not_proven if isinstance(wrong, SourceUnavailable) else notes.findings
                    ).append(f"{wrong}.")
        return True

    def _select_platform_manifest(
        self,
        repository: RegistryRepository,
        manifest: ImageManifest,
        notes: DeploymentAssessmentBuilder,
    ) -> ImageManifest:
        """The manifest itself; of an image for several platforms, the one of ours."""
        notes.checked.append(f"manifest {manifest.digest}")
        if manifest.media_type not in INDEX_TYPES:
            return manifest
        wanted = self._settings.platform
        offered = {_format_platform(one): one["digest"] for one in manifest.content["manifests"]}
        notes.figures["platforms"] = sorted(offered)
        ours = [
            name for name in offered if f"{name}/".startswith(f"{wanted}/")
        ]  # "linux/arm64" is met by "linux/arm64/v8"
        if not ours:
            raise ObjectNotFound(
                f"the image {manifest.digest} is for {', '.join(sorted(offered)) or 'no platform'},"
                f" and not for {wanted} (platform)"
            )
        notes.checked.append(f"manifest {offered[ours[0]]}")
        return repository.fetch_manifest(offered[ours[0]])


def _check_blob(
    repository: RegistryRepository, blob: dict[str, Any]
) -> str | SourceUnavailable | None:
    try:
        return repository.check_blob(blob)
    except SourceUnavailable as silent:
        return SourceUnavailable(str(silent))


def _format_platform(entry: dict[str, Any]) -> str:
    told = entry.get("platform") or {}
    return "/".join(filter(None, (told.get("os"), told.get("architecture"), told.get("variant"))))
