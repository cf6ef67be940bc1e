"""Resources of the target under load: connection pools, database, CPU and memory."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.load.assessments import LoadAssessments


@pytest.mark.plan("connection-pool")
def test_the_connection_pool_has_room(load: LoadAssessments) -> None:
    """The connection pool has free connections under load.

    No request waits long for one, or in vain, and no session holds a lock that others wait for.
    """
    assert_passed(load.assess_connection_pool())


@pytest.mark.plan("resource-usage")
def test_memory_and_cpu_are_normal_and_do_not_grow(load: LoadAssessments) -> None:
    """CPU and memory stay within their limits, and memory does not grow under steady load.

    Memory that grows for an hour is used up by the morning.
    """
    assert_passed(load.assess_resource_usage())
