"""Checks of the deployment in Kubernetes and of the way back from it."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.deployment.kubernetes.assessments import KubernetesAssessments

pytestmark = pytest.mark.plan("kubernetes-cluster")


def test_the_deployment_is_available(cluster: KubernetesAssessments) -> None:
    """The rollout has ended, and every declared pod is available.

    A rollout that is half done serves two releases.
    """
    assert_passed(cluster.assess_availability())


def test_every_pod_runs_the_declared_image(cluster: KubernetesAssessments) -> None:
    """Every pod runs the declared digest.

    A tag may be moved, and then two pods of one tag differ.
    """
    assert_passed(cluster.assess_images())


def test_no_pod_waits_crashes_or_restarts(cluster: KubernetesAssessments) -> None:
    """Every pod runs, is ready, and was not restarted lately.

    A pod that restarts now will restart under load.
    """
    assert_passed(cluster.assess_pods())


def test_a_disruption_budget_guards_the_pods(cluster: KubernetesAssessments) -> None:
    """One disruption budget selects every pod, and lets some of them go, not all.

    Draining a node must not stop the hospital.
    """
    assert_passed(cluster.assess_disruption_budgets())


def test_probes_are_defined(cluster: KubernetesAssessments) -> None:
    """The container has a liveness and a readiness probe.

    Without them a container that hangs stays, and one that is not ready gets requests.
    """
    assert_passed(cluster.assess_probes())


def test_requests_and_limits_are_declared(cluster: KubernetesAssessments) -> None:
    """Every container declares its CPU and memory.

    A container without them is the first to be killed, or starves the others.
    """
    assert_passed(cluster.assess_resources())


def test_the_previous_revision_is_there(cluster: KubernetesAssessments) -> None:
    """The revision with the image of the previous release is kept.

    A rollback needs something to go back to, in Helm's history too where Helm does it.
    """
    assert_passed(cluster.assess_previous_revision())
