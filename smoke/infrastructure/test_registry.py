"""The registry has what the nodes must pull: the image under judgement, and the one that a rollback
goes back to.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.registry.assessments import RegistryAssessments

pytestmark = pytest.mark.plan("kubernetes-cluster")


def test_the_image_under_judgement_can_be_pulled(registry: RegistryAssessments) -> None:
    """A new node has no image yet.

    The manifest under the declared digest is what it says, and every blob of it is there.
    """
    assert_passed(registry.assess_release_image())


def test_the_image_of_the_release_before_can_be_pulled(registry: RegistryAssessments) -> None:
    """Registries clean up old images, and at night nobody builds them anew.

    The one that a rollback needs is there in full, too.
    """
    assert_passed(registry.assess_previous_image())
