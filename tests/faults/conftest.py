"""One PostgreSQL for all hospitals of a test process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import hospitals


@pytest.fixture(scope="session")
def cluster() -> Iterator[hospitals.Cluster]:
    """A running PostgreSQL, from which every test copies a database of its own."""
    with hospitals.cluster() as running:
        yield running
