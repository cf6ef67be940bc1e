"""The cluster is ready: the declared image runs as declared, stays up while nodes change, and can
be taken back.
"""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.ground import Cluster

pytestmark = pytest.mark.plan("kubernetes-cluster")


def test_the_deployment_is_available(cluster: Cluster) -> None:
    """A rollout that is half done serves two releases.

    The cluster has acted on the newest change, and every declared pod is available.
    """
    sound(cluster.available())


def test_every_pod_runs_the_declared_image(cluster: Cluster) -> None:
    """A tag may be moved, and then two pods of one tag differ.

    Every pod runs the declared digest.
    """
    sound(cluster.image())


def test_no_pod_waits_crashes_or_restarts(cluster: Cluster) -> None:
    """What restarts now will restart under load.

    Every pod runs, is ready, and was not restarted of late.
    """
    sound(cluster.pods_are_well())


def test_a_disruption_budget_guards_the_pods(cluster: Cluster) -> None:
    """Whoever empties a node must not empty the hospital.

    One budget selects every pod; it lets one go, and not all of them.
    """
    sound(cluster.disruption_budget())


def test_probes_are_defined(cluster: Cluster) -> None:
    """Without them a pod that hangs stays, and one that is not ready gets patients' requests.

    Liveness and readiness are both defined.
    """
    sound(cluster.probes())


def test_requests_and_limits_are_declared(cluster: Cluster) -> None:
    """A pod without them is the first to be killed, or starves the others.

    Every container declares its CPU and memory.
    """
    sound(cluster.resources())


def test_the_previous_revision_is_there(cluster: Cluster) -> None:
    """A rollback goes back to something.

    The revision with the image of the release before is there, in Helm's history, too, where Helm
    does it.
    """
    sound(cluster.previous_revision())
