"""A scratch server that the settings name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_gates.probes.database.scratch.scratch_cluster import run_cluster
from tests.integration.database import copied_clusters


@pytest.fixture(autouse=True)
def _servers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each cluster by `initdb`, as outside of the tests."""
    monkeypatch.setattr(copied_clusters.PLACE, copied_clusters.run_initdb)


@pytest.fixture(scope="session")
def given() -> Iterator[str]:
    """Give the DSN of a superuser on a PostgreSQL 18 that is not the target's."""
    with run_cluster(18, 30) as dsn:
        yield dsn
