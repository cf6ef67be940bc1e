"""The questions to the registry of a target's images; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cutover.evidence import Examination
from cutover.settings import ground
from cutover.telemetry.abreast import abreast
from cutover.telemetry.ground.bounded import SECONDS, NotThere, bounded
from cutover.telemetry.ground.notes import Notes, undeclared
from cutover.telemetry.ground.oci import INDEXES, Manifest, Repository
from cutover.telemetry.looks import TelemetrySilent

ITEM = "kubernetes-cluster"


class Registry:
    """`opened` signs in nowhere yet: it makes a `Repository` for one question, whose time runs from
    then.
    """

    def __init__(
        self,
        target: str,
        settings: ground.Registry,
        cluster: ground.Cluster,
        opened: Callable[[], Repository],
        record: Callable[[Examination], None],
    ) -> None:
        self._target, self._settings, self._cluster, self._opened, self._record = (
            target,
            settings,
            cluster,
            opened,
            record,
        )

    def release(self) -> Examination:
        """The image under judgement can be pulled: its manifest by digest, and every blob that it
        names.
        """
        return self._pullable("The image under judgement can be pulled", "digest")

    def previous(self) -> Examination:
        """So can the one that a rollback goes back to: a node that has never run it must fetch it
        first.
        """
        return self._pullable("The image of the release before can be pulled", "previous_digest")

    def _pullable(self, title: str, key: str) -> Examination:
        notes = Notes(title)
        lacking = [
            undeclared(self._target, ITEM, "registry", self._settings, ("url", "repository")),
            undeclared(self._target, ITEM, "cluster", self._cluster, (key,)),
        ]
        notes.unproven += [sentence for sentence in lacking if sentence]
        if not notes.unproven:
            found = bounded(
                lambda: self._look(getattr(self._cluster, key), notes),
                time.monotonic() + SECONDS,
                SECONDS,
                self._settings.url or "",
            )
            if isinstance(found, NotThere):
                notes.findings.append(f"{title}: {found}.")
            elif isinstance(found, TelemetrySilent):
                notes.unproven.append(f"{title}: {found}.")
        found_out = notes.done()
        self._record(found_out)
        return found_out

    def _look(self, digest: str, notes: Notes) -> bool:
        with self._opened() as repository:
            manifest = self._of_the_platform(repository, repository.manifest(digest), notes)
            notes.facts |= {
                "manifest": manifest.digest,
                "type": manifest.media_type,
                "blobs": len(manifest.blobs),
                "bytes": sum(blob.get("size", 0) for blob in manifest.blobs),
            }
            blobs = {blob["digest"]: blob for blob in manifest.blobs}  # a layer may come twice
            for digest_, wrong in zip(
                blobs,
                abreast(partial(_lacking, repository, blob) for blob in blobs.values()),
                strict=True,
            ):
                if wrong is None:
                    notes.examined.append(f"blob {digest_}")
                else:
                    (
                        notes.unproven if isinstance(wrong, TelemetrySilent) else notes.findings
                    ).append(f"{wrong}.")
        return True

    def _of_the_platform(
        self, repository: Repository, manifest: Manifest, notes: Notes
    ) -> Manifest:
        """The manifest itself; of an image for several platforms, the one of ours."""
        notes.examined.append(f"manifest {manifest.digest}")
        if manifest.media_type not in INDEXES:
            return manifest
        wanted = self._settings.platform
        offered = {_platform(one): one["digest"] for one in manifest.told["manifests"]}
        notes.facts["platforms"] = sorted(offered)
        ours = [
            name for name in offered if f"{name}/".startswith(f"{wanted}/")
        ]  # "linux/arm64" is met by "linux/arm64/v8"
        if not ours:
            raise NotThere(
                f"the image {manifest.digest} is for {', '.join(sorted(offered)) or 'no platform'},"
                f" and not for {wanted} (platform)"
            )
        notes.examined.append(f"manifest {offered[ours[0]]}")
        return repository.manifest(offered[ours[0]])


def _lacking(repository: Repository, blob: dict[str, Any]) -> str | TelemetrySilent | None:
    try:
        return repository.lacks(blob)
    except TelemetrySilent as silent:
        return TelemetrySilent(str(silent))


def _platform(entry: dict[str, Any]) -> str:
    told = entry.get("platform") or {}
    return "/".join(filter(None, (told.get("os"), told.get("architecture"), told.get("variant"))))
