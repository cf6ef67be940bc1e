"""Checks of the deployment after a rollback: the image, the configuration, what is left behind."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.kubernetes.rollback_assessments import KubernetesRollback

pytestmark = pytest.mark.plan("previous-version")


def test_every_pod_runs_the_release_before(rollback_cluster: KubernetesRollback) -> None:
    """Every pod runs the previous digest, ready or not, and the deployment asks for it.

    An answer shows one pod, and a tag may lead to another image than it did.
    """
    assert_passed(rollback_cluster.assess_previous_release())


def test_the_rollback_of_the_deployment_has_ended(rollback_cluster: KubernetesRollback) -> None:
    """The rollback has ended, and every declared pod is available.

    An old release with too few pods breaks down under the load that comes back at once.
    """
    assert_passed(rollback_cluster.assess_availability())


def test_the_configuration_of_the_release_before_is_back(
    rollback_cluster: KubernetesRollback,
) -> None:
    """ConfigMaps, Secrets and the template are as before the cutover, and the pods have read them.

    A rollback of a deployment brings back no ConfigMap: the old release may not start with it.
    """
    assert_passed(rollback_cluster.assess_configuration())


@pytest.mark.plan("traffic-stopped")
def test_the_failed_release_is_gone_from_the_cluster(rollback_cluster: KubernetesRollback) -> None:
    """No pod and no replica set of the failed release is left in the namespace.

    A canary has labels of its own, and an aborted one is scaled up again with the next change.
    """
    assert_passed(rollback_cluster.assess_failed_release())
