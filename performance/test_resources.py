"""What the target uses under load: its connection pool, its database's, its CPU and memory."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("connection-pool")
def test_the_connection_pool_has_room(load: LoadAssessments) -> None:
    """Connections are free, nobody waits long for one or in vain, and nobody holds a lock that
    others wait for.
    """
    assert_passed(load.assess_connection_pool())


@pytest.mark.plan("resource-usage")
def test_memory_and_cpu_are_normal_and_do_not_grow(load: LoadAssessments) -> None:
    """CPU and memory stay within their limits, and memory does not grow under steady load: what
    grows for an hour is gone by morning.
    """
    assert_passed(load.assess_resource_usage())
