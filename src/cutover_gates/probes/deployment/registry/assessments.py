"""The questions about the registry of a target's images; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cutover_gates.config.deployment import ClusterSettings, RegistrySettings
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.deployment.deployment_context import (
    DeploymentContext,
    ObjectNotFound,
    add_failure,
)
from cutover_gates.probes.deployment.registry import rules
from cutover_gates.probes.deployment.registry.client import (
    INDEX_TYPES,
    ImageManifest,
    RegistryRepository,
)
from cutover_gates.util.concurrency import (
    QUESTION_TIMEOUT_SECONDS,
    run_concurrently,
    run_until_deadline,
)
from cutover_gates.util.http import SourceUnavailable, redact_url


class RegistryAssessments:
    """The questions about the images of the release and of the one before.

    `open_repository` returns a repository for one question, whose time runs from then.
    """

    def __init__(
        self,
        context: DeploymentContext,
        settings: RegistrySettings,
        cluster: ClusterSettings,
        open_repository: Callable[[], RegistryRepository],
    ) -> None:
        self._context, self._settings, self._cluster = context, settings, cluster
        self._open_repository = open_repository

    def assess_release_image(self) -> Assessment:
        """The image under judgement can be pulled: its manifest by digest, and all its blobs."""
        return self._assess_image("The image under judgement can be pulled", "digest")

    def assess_previous_image(self) -> Assessment:
        """The image that a rollback goes back to can be pulled.

        A node that has never run it must pull it first.
        """
        title = "The image of the release before can be pulled"
        return self._assess_image(title, "previous_digest")

    def _assess_image(self, title: str, key: str) -> Assessment:
        builder, rule = AssessmentBuilder(), rules.IMAGE_DECLARED
        add_undeclared = self._context.add_undeclared
        add_undeclared(builder, rule, "registry", self._settings, ("url", "repository"))
        add_undeclared(builder, rule, "cluster", self._cluster, (key,))
        # Both tables are named at once where both lack a key.
        if not builder.not_proven:
            outcome = run_until_deadline(
                lambda: self._check_image(getattr(self._cluster, key), builder),
                time.monotonic() + QUESTION_TIMEOUT_SECONDS,
                QUESTION_TIMEOUT_SECONDS,
                redact_url(self._settings.url or ""),
            )
            if isinstance(outcome, SourceUnavailable):
                add_failure(builder, rules.REGISTRY_ANSWERS, outcome)
        return self._context.finish(builder, title)

    def _check_image(self, digest: str, builder: AssessmentBuilder) -> None:
        with self._open_repository() as repository:
            found = repository.fetch_manifest(digest)
            manifest = self._select_platform(repository, found, builder)
            builder.figures |= {
                "manifest": manifest.digest,
                "type": manifest.media_type,
                "blobs": len(manifest.blobs),
                "bytes": sum(blob.get("size", 0) for blob in manifest.blobs),
            }
            _check_blobs(repository, manifest, builder)

    def _select_platform(
        self, repository: RegistryRepository, manifest: ImageManifest, builder: AssessmentBuilder
    ) -> ImageManifest:
        """Return the manifest itself; of an index, the manifest for the cluster's platform."""
        builder.checked.append(f"manifest {manifest.digest}")
        if manifest.media_type not in INDEX_TYPES:
            return manifest
        wanted, offered = self._settings.platform, manifest.platforms
        builder.figures["platforms"] = sorted(offered)
        # "linux/arm64" is met by "linux/arm64/v8", and "linux/arm" is not.
        fitting = [name for name in offered if f"{name}/".startswith(f"{wanted}/")]
        if not fitting:
            names = ", ".join(sorted(offered)) or "no platform"
            raise ObjectNotFound(Finding(rules.FOR_PLATFORM, manifest.digest, wanted, names))
        digest = offered[fitting[0]]
        builder.checked.append(f"manifest {digest}")
        return repository.fetch_manifest(digest)


def _check_blobs(
    repository: RegistryRepository, manifest: ImageManifest, builder: AssessmentBuilder
) -> None:
    blobs = {blob["digest"]: blob for blob in manifest.blobs}  # a layer may occur twice
    problems = run_concurrently(
        partial(_find_blob_problem, repository, blob) for blob in blobs.values()
    )
    for digest, problem in zip(blobs, problems, strict=True):
        if problem is None:
            builder.checked.append(f"blob {digest}")
        elif isinstance(problem, SourceUnavailable):
            add_failure(builder, rules.REGISTRY_ANSWERS, problem)
        else:
            builder.findings.append(problem)


def _find_blob_problem(
    repository: RegistryRepository, blob: dict[str, Any]
) -> Finding | SourceUnavailable | None:
    try:
        return repository.find_blob_problem(blob)
    except SourceUnavailable as error:
        return error
