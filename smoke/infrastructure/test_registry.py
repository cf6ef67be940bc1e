"""The registry has what the nodes must pull: the image under judgement, and the one that a rollback
goes back to.
"""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.ground import Registry

pytestmark = pytest.mark.plan("kubernetes-cluster")


def test_the_image_under_judgement_can_be_pulled(registry: Registry) -> None:
    """A new node has no image yet.

    The manifest under the declared digest is what it says, and every blob of it is there.
    """
    sound(registry.release())


def test_the_image_of_the_release_before_can_be_pulled(registry: Registry) -> None:
    """Registries clean up old images, and at night nobody builds them anew.

    The one that a rollback needs is there in full, too.
    """
    sound(registry.previous())
