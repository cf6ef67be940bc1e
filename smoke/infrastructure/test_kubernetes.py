"""The cluster is ready: the declared image runs as declared, stays up while nodes change, and can
be taken back.
"""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.kubernetes.assessments import KubernetesAssessments

pytestmark = pytest.mark.plan("kubernetes-cluster")


def test_the_deployment_is_available(cluster: KubernetesAssessments) -> None:
    """A rollout that is half done serves two releases.

    The cluster has acted on the newest change, and every declared pod is available.
    """
    assert_passed(cluster.assess_availability())


def test_every_pod_runs_the_declared_image(cluster: KubernetesAssessments) -> None:
    """A tag may be moved, and then two pods of one tag differ.

    Every pod runs the declared digest.
    """
    assert_passed(cluster.assess_images())


def test_no_pod_waits_crashes_or_restarts(cluster: KubernetesAssessments) -> None:
    """What restarts now will restart under load.

    Every pod runs, is ready, and was not restarted of late.
    """
    assert_passed(cluster.assess_pods())


def test_a_disruption_budget_guards_the_pods(cluster: KubernetesAssessments) -> None:
    """Whoever empties a node must not empty the hospital.

    One budget selects every pod; it lets one go, and not all of them.
    """
    assert_passed(cluster.assess_disruption_budgets())


def test_probes_are_defined(cluster: KubernetesAssessments) -> None:
    """Without them a pod that hangs stays, and one that is not ready gets patients' requests.

    Liveness and readiness are both defined.
    """
    assert_passed(cluster.assess_probes())


def test_requests_and_limits_are_declared(cluster: KubernetesAssessments) -> None:
    """A pod without them is the first to be killed, or starves the others.

    Every container declares its CPU and memory.
    """
    assert_passed(cluster.assess_resources())


def test_the_previous_revision_is_there(cluster: KubernetesAssessments) -> None:
    """A rollback goes back to something.

    The revision with the image of the release before is there, in Helm's history, too, where Helm
    does it.
    """
    assert_passed(cluster.assess_previous_revision())
