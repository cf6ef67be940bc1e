"""A PostgreSQL 16 that archives, has room for prepared transactions, and for few connections: what
health must be seen on.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.database.integrity.older import sixteen_running

SETTINGS = (
    "archive_mode = on",
    "archive_command = 'false'",
    "max_prepared_transactions = 5",
    "wal_level = logical",
    "max_connections = 30",
)


@pytest.fixture(scope="module")
def sixteen() -> Iterator[str]:
    """Its DSN, as a superuser."""
    with sixteen_running(*SETTINGS) as dsn:
        yield dsn
