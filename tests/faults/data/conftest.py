"""One world for all data faults of a test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.data import database_servers as worlds


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[worlds.DatabaseServers]:
    """A hospital's database before and after its cutover, and a server for databases that are
    thrown away.
    """
    with worlds.database_servers(tmp_path_factory.mktemp("world")) as world:
        yield world
