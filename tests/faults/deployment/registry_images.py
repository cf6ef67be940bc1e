"""Faults of the registry from which the nodes pull."""

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
    """The running nodes have it; a new node cannot pull it."""

    breaks = (rules.MANIFEST_EXISTS,)
    shows = "| 404 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        del environment.registry.manifests[environment.digest]


class ThePreviousImageIsGone(_Image):
    """It was cleaned up: the rollback finds a revision and no image."""

    breaks = (rules.MANIFEST_EXISTS,)
    check, shows = BEFORE, "| 404 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        del environment.registry.manifests[environment.previous]


class OtherBytesStandUnderTheDigest(_Image):
    """The registry's storage is damaged, or was tampered with."""

    breaks = (rules.MANIFEST_INTACT,)
    shows = "| sha256:"

    def harm(self, environment: DeploymentEnvironment) -> None:
        media_type, content = environment.registry.manifests[environment.digest]
        environment.registry.manifests[environment.digest] = (
            media_type,
            content.replace(b'"size": ', b'"size":  '),
        )


class ALayerIsGone(_Image):
    """The manifest exists, and every pull of it breaks off."""

    breaks = (rules.BLOBS_COMPLETE,)
    shows = "| 404 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        del environment.registry.blobs[environment.registry.layers_of(environment.digest)[1]]


class ALayerOfThePreviousImageIsCutOff(_Image):
    """The layer exists, in half of its size."""

    breaks = (rules.BLOBS_COMPLETE,)
    check, shows = BEFORE, "| 5 bytes |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        layer = environment.registry.layers_of(environment.previous)[0]
        environment.registry.blobs[layer] = environment.registry.blobs[layer][:5]


class TheImageIsForAnotherPlatform(_Image):
    """It was built on a laptop."""

    breaks = (rules.FOR_PLATFORM,)
    shows = "| linux/amd64 | linux/arm64 |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.digest = environment.registry.push_index(arm64=environment.digest)


class SomethingElseStandsUnderTheDigest(_Image):
    """It is a chart or a signature, which no node can run."""

    breaks = (rules.IS_IMAGE,)
    shows = "| application/json |"

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.digest = environment.registry.put(
            "application/json", {"what": json.dumps("a list of parts")}
        )


class TheLoginFails(_Image):
    """The password of the account was changed."""

    breaks = (rules.REGISTRY_ANSWERS,)
    outcome, shows = "not proven", "are username and password right"
    also: ClassVar[Mapping[str, str]] = {BEFORE: "it is the same login"}

    def harm(self, environment: DeploymentEnvironment) -> None:
        environment.registry.password = "pa55word-number-two"


class NobodyGaveALogin(_Image):
    """The registry does not allow anonymous pulls."""

    breaks = (rules.REGISTRY_ANSWERS,)
    outcome, shows = "not proven", "are username and password right"
    also: ClassVar[Mapping[str, str]] = {BEFORE: "it is the same registry"}
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"registry": {"username": None}}


class TheRegistryIsDead(_Image):
    """No node can pull anything."""

    breaks = (rules.REGISTRY_ANSWERS,)
    outcome, shows = "not proven", "cannot be asked"
    also: ClassVar[Mapping[str, str]] = {BEFORE: "it is the same registry"}
    asked: ClassVar[Mapping[str, Mapping[str, Any]]] = {"registry": {"url": "https://127.0.0.1:1"}}
