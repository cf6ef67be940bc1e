"""A scratch server that the settings name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_gates.probes.database.scratch.scratch_cluster import run_cluster


@pytest.fixture(scope="session")
def given() -> Iterator[str]:
    """Give the DSN of a superuser on a PostgreSQL 18 that is not the target's."""
    with run_cluster(18, 30) as dsn:
        yield dsn
