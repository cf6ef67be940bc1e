"""A PostgreSQL 16 that archives, allows prepared transactions, and has few connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.database.integrity.postgresql_16 import running_postgresql_16

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
    with running_postgresql_16(*SETTINGS) as dsn:
        yield dsn
