"""The configuration of the release before, recorded beside the snapshot of its data."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.kubernetes.rollback_assessments import KubernetesRollback


@pytest.mark.plan("final-backups")
def test_the_configuration_of_the_release_before_is_recorded(
    rollback_cluster: KubernetesRollback,
) -> None:
    """The configuration of the release before is recorded, as hashes.

    A backup of the database holds no ConfigMap and no Secret, and a rollback needs both.
    """
    assert_passed(rollback_cluster.record_configuration())
