"""Every instance behind the load balancer is of the release, is healthy, and says the same.

An old instance that is still in rotation may name the new release and behave as before.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover_gates.hospital import Driver, FrontDesk, Patient
from cutover_gates.hospital.matchers import InstanceReads, ReleaseHeaders

pytestmark = pytest.mark.plan("api-endpoints")


def test_every_instance_tells_the_release_that_may_answer(
    new_connections: Driver,
    every_instance: InstanceReads,
    answering_releases: frozenset[str],
    release_headers: ReleaseHeaders,
) -> None:
    """Every instance tells the release that may answer now.

    It is told when it is asked for, and in the header of every answer where the settings name one
    (limits.release_header). 29 requests over new connections find one instance in ten with 95 %.
    """
    release_headers.forget()
    every_instance.require_one_of(answering_releases, new_connections.release, "release")
    release_headers.require_allowed()


@pytest.mark.plan("health-checks")
@pytest.mark.parametrize("probe", ["live", "ready"])
def test_every_instance_is_healthy(
    new_connections: Driver,
    every_instance: InstanceReads,
    release_headers: ReleaseHeaders,
    probe: str,
) -> None:
    """Every instance says that it lives and that it is ready.

    The answers name the release in their header where the settings name one. 29 requests over new
    connections find one instance in ten with 95 %.
    """
    release_headers.forget()
    ask = getattr(new_connections, probe)
    every_instance.require_equal(True, lambda: ask().healthy, probe)
    release_headers.require_allowed()


def test_every_instance_serves_the_same_document(
    every_instance: InstanceReads, document_digest: Callable[[], str]
) -> None:
    """Every instance serves the same document of the API.

    Paths, fields and rules are compared; texts, examples and addresses are not. 29 requests over
    new connections find one instance in ten with 95 %.
    """
    every_instance.require_same(document_digest, "served document")


def test_every_answer_about_a_patient_comes_from_the_release(
    roaming_desk: FrontDesk,
    registered: Patient,
    every_instance: InstanceReads,
    release_headers: ReleaseHeaders,
) -> None:
    """Every answer about a patient comes from an instance of the release.

    The header of each answer is compared where the settings name one, and its content always. 29
    requests over new connections find one instance in ten with 95 %.
    """
    release_headers.forget()
    every_instance.require_equal(
        registered.mrn, lambda: roaming_desk.patient(registered.id).mrn, "record number"
    )
    release_headers.require_allowed()
