"""Empty databases for test histories, and the real Flyway where it can be downloaded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference import postgres
from tests.integration.database.flyway import download

_NUMBERS = itertools.count(1)


@pytest.fixture
def empty(server: postgres.Server) -> Iterator[str]:
    """An empty database, by its owner's DSN."""
    name = f"empty_{next(_NUMBERS)}"
    server.create(name)
    yield server.dsn(name)
    server.drop(name)


@pytest.fixture(scope="session")
def program() -> Path:
    """The real Flyway."""
    try:
        return download.executable()
    except download.Unavailable as reason:
        pytest.skip(str(reason))
