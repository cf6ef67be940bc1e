"""A small database on an empty server, with a snapshot of it, to be changed afterwards.

    database = start_small("CREATE TABLE t …", tables={"t": {"rows": "+1"}})

It stands for a hospital where its size does not matter: it is made in a moment.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import postgres
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import CutoverDatabase

# Far more than any of these tests needs: a busy machine must not decide.
SECONDS = 600
_NUMBERS = itertools.count(1)

StartSmall = Callable[..., CutoverDatabase]


@pytest.fixture(scope="session")
def small_server() -> Iterator[postgres.Server]:
    """A PostgreSQL without a hospital."""
    with postgres.run_empty_cluster() as (server, _):
        yield server


@pytest.fixture(scope="session")
def scratch_dsn() -> Iterator[SecretStr]:
    """A second server, on which backups are restored."""
    with postgres.run_empty_cluster() as (server, _):
        yield SecretStr(server.dsn("postgres"))


@pytest.fixture
def start_small(
    small_server: postgres.Server, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[StartSmall]:
    """Make a database with these statements and settings, and take a snapshot of it."""
    made: list[str] = []

    def begin(*statements: str, **migrations: Any) -> CutoverDatabase:
        name = f"small_{next(_NUMBERS)}"
        small_server.create(name)
        made.append(name)
        dsn = small_server.dsn(name)
        with psycopg.connect(dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        context = make_database_context(
            dsn, tmp_path, seconds=SECONDS, scratch={"kind": "server"}, **migrations
        )
        if "backup" in migrations:
            context = replace(context, scratch_dsn=request.getfixturevalue("scratch_dsn"))
        take_snapshot(context)
        return CutoverDatabase(dsn, context)

    yield begin
    for name in made:
        small_server.drop(name)
