"""A server that somebody else runs, as far as the code under test can tell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover.database.scratch.embedded import cluster


@pytest.fixture(scope="session")
def given() -> Iterator[str]:
    """The DSN of a superuser on a PostgreSQL 18 that is not the target's."""
    with cluster(18, 30) as dsn:
        yield dsn
