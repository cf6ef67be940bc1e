"""Checks of the images that the nodes must pull."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.registry.assessments import RegistryAssessments

pytestmark = pytest.mark.plan("kubernetes-cluster")


def test_the_image_under_judgement_can_be_pulled(registry: RegistryAssessments) -> None:
    """The registry has the manifest and every blob of the image under judgement.

    A new node has no image yet.
    """
    assert_passed(registry.assess_release_image())


def test_the_image_of_the_release_before_can_be_pulled(registry: RegistryAssessments) -> None:
    """The registry has the manifest and every blob of the previous image.

    Registries remove old images, and a rollback needs this one.
    """
    assert_passed(registry.assess_previous_image())
