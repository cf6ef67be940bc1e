"""What the target uses under load: its connection pool, its database's, its CPU and memory."""

from __future__ import annotations

import pytest

from cutover.load.questions import Load
from cutover.matchers import sound


@pytest.mark.plan("connection-pool")
def test_the_connection_pool_has_room(load: Load) -> None:
    """Connections are free, nobody waits long for one or in vain, and nobody holds a lock that
    others wait for.
    """
    sound(load.connection_pool())


@pytest.mark.plan("resource-usage")
def test_memory_and_cpu_are_normal_and_do_not_grow(load: Load) -> None:
    """CPU and memory stay within their limits, and memory does not grow under steady load: what
    grows for an hour is gone by morning.
    """
    sound(load.resource_usage())
