"""Faults of the registry: what a node would pull, and cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from cutover_gates.probes.deployment.registry import rules
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.deployment.deployment_fault import DeploymentFault

NOW, BEFORE = (
    "test_the_image_under_judgement_can_be_pulled",
    "test_the_image_of_the_release_before_can_be_pulled",
)


class _Image(DeploymentFault):
    item, file = "kubernetes-cluster", "registry"
    check: ClassVar[str] = NOW


class TheImageIsNotInTheRegistry(_Image):
    """The pods that run have it; the first new one has not."""

    rule = rules.MANIFEST_EXISTS
    shows = "| 404 |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        del ground.registry.manifests[ground.digest]


class ThePreviousImageIsGone(_Image):
    """Somebody cleaned up: the rollback finds a revision and no image."""

    rule = rules.MANIFEST_EXISTS
    check, shows = BEFORE, "| 404 |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        del ground.registry.manifests[ground.previous]


class OtherBytesStandUnderTheDigest(_Image):
    """The registry's store is damaged, or somebody has been at it."""

    rule = rules.MANIFEST_INTACT
    shows = "| sha256:"

    def harm(self, ground: DeploymentEnvironment) -> None:
        media_type, content = ground.registry.manifests[ground.digest]
        ground.registry.manifests[ground.digest] = (
            media_type,
            content.replace(b'"size": ', b'"size":  '),
        )


class ALayerIsGone(_Image):
    """The manifest is there, and every pull of it breaks off."""

    rule = rules.BLOBS_COMPLETE
    shows = "| 404 |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        del ground.registry.blobs[ground.registry.layers_of(ground.digest)[1]]


class ALayerOfThePreviousImageIsCutOff(_Image):
    """It is there, in half its size."""

    rule = rules.BLOBS_COMPLETE
    check, shows = BEFORE, "| 5 bytes |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        layer = ground.registry.layers_of(ground.previous)[0]
        ground.registry.blobs[layer] = ground.registry.blobs[layer][:5]


class TheImageIsForAnotherPlatform(_Image):
    """It was built on a laptop."""

    rule = rules.FOR_PLATFORM
    shows = "| linux/amd64 | linux/arm64 |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.digest = ground.registry.push_index(arm64=ground.digest)


class SomethingElseStandsUnderTheDigest(_Image):
    """A chart, a signature: no node can run it."""

    rule = rules.IS_IMAGE
    shows = "| application/json |"

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.digest = ground.registry.put(
            "application/json", {"what": json.dumps("a list of parts")}
        )


class TheLoginFails(_Image):
    """The password of whoever pulls was changed."""

    rule = rules.REGISTRY_ANSWERS
    outcome, shows = "not proven", "are username and password right"
    also: ClassVar[Mapping[str, str]] = {BEFORE: "it is the same login"}

    def harm(self, ground: DeploymentEnvironment) -> None:
        ground.registry.password = "pa55word-number-two"


class NobodyGaveALogin(_Image):
    """The registry does not let strangers in."""

    rule = rules.REGISTRY_ANSWERS
    outcome, shows = "not proven", "are username and password right"
    also: ClassVar[Mapping[str, str]] = {BEFORE: "it is the same registry"}
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"registry": {"username": None}}


class TheRegistryIsDead(_Image):
    """No node can pull anything."""

    rule = rules.REGISTRY_ANSWERS
    outcome, shows = "not proven", "cannot be asked"
    also: ClassVar[Mapping[str, str]] = {BEFORE: "it is the same registry"}
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"registry": {"url": "https://127.0.0.1:1"}}
