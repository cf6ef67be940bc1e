"""A server that somebody else runs, as far as the code under test can tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_gates.probes.database.scratch.scratch_cluster import run_cluster


@pytest.fixture(scope="session")
def given() -> Iterator[str]:
    """The DSN of a superuser on a PostgreSQL 18 that is not the target's."""
    with run_cluster(18, 30) as dsn:
        yield dsn
