"""A real PostgreSQL with the hospital's database before and after its cutover, to copy and change.

    def test_a_lost_row_is_found(spare: CopyDatabase, tmp_path: Path) -> None:
        dsn = spare(MIGRATED, "DELETE FROM visits WHERE id = (SELECT min(id::text)::uuid FROM visits)")
        context = make_database_context(dsn, tmp_path)

`spare(template, *statements)` copies a database (0.1 s), runs the statements as its owner, and
returns the owner's DSN. `unchanged` does so once for all tests that only read. There is one server
for each session.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

import psycopg
import pytest
from psycopg import sql

from reference import announcement, cutover, postgres, stages, template
from tests.faults import serve
from tests.integration.database import copied_clusters

BEFORE, MIGRATED = "before", "migrated"
PATIENTS = 1000
"""So many patients are kept, with what belongs to them.

What is proven here does not hang on how many they are, and a tenth is copied, dumped, restored and
compared sooner. `tests/faults/data` and the smoke tests use the whole hospital.
"""
_FEWER = (
    f"CREATE TEMP TABLE kept AS SELECT id FROM patients ORDER BY mrn LIMIT {PATIENTS}",
    "DELETE FROM documents WHERE patient_id NOT IN (SELECT id FROM kept)",
    "DELETE FROM visits WHERE patient_id NOT IN (SELECT id FROM kept)",
    "DELETE FROM audit_entries WHERE patient_id NOT IN (SELECT id FROM kept)",
    "DELETE FROM patients WHERE id NOT IN (SELECT id FROM kept)",
    "VACUUM (FULL, ANALYZE)",
)
_NUMBERS = itertools.count(1)


class CopyDatabase(Protocol):
    """Copy a database, and return its owner's DSN: `spare(template, *statements)`."""

    def __call__(self, template: str, *statements: str) -> str: ...


@pytest.fixture(scope="session", autouse=True)
def _scratch_servers_on_copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run `initdb` once for each version (`scratch/test_scratch_servers` runs it each time)."""
    with pytest.MonkeyPatch.context() as patch:
        templates = tmp_path_factory.mktemp("clusters")
        patch.setattr(copied_clusters.PLACE, copied_clusters.copy_clusters(templates))
        yield


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """One PostgreSQL 18 with the databases `before` (release 1, version 6) and `migrated` (2.0.0)."""
    with postgres.run_cluster(template.ensure_cluster()) as running:
        stages.copy_release_before(running, BEFORE)
        _keep_fewer(running)
        running.copy(BEFORE, MIGRATED)
        cutover.perform(running, MIGRATED, announcement.accounts(), serve.HASHING)
        yield running


def _keep_fewer(running: postgres.Server) -> None:
    with psycopg.connect(running.dsn(BEFORE), autocommit=True) as connection:
        for statement in _FEWER:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def unchanged(server: postgres.Server) -> CopyDatabase:
    """Copies that all tests share: one for each template and its statements.

    A session of the DSN cannot write, so no test can change what another one reads.
    """

    @cache
    def copy(template: str, *statements: str) -> str:
        name = f"unchanged_{next(_NUMBERS)}"
        _copy(server, template, name, statements)
        return f"{server.dsn(name)}?options=-c%20default_transaction_read_only%3Don"

    return copy


@pytest.fixture
def spare(server: postgres.Server) -> Iterator[CopyDatabase]:
    """Copies that are removed with the test.

    Roles that its statements made are removed too, because roles belong to the whole server.
    """
    made: list[str] = []

    def copy(template: str, *statements: str) -> str:
        name = f"spare_{next(_NUMBERS)}"
        made.append(name)
        return _copy(server, template, name, statements)

    yield copy
    for name in made:
        server.drop(name)
    _drop_foreign_roles(server)


def _copy(server: postgres.Server, template: str, name: str, statements: Sequence[str]) -> str:
    server.copy(template, name)
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
    return server.dsn(name)


def _drop_foreign_roles(server: postgres.Server) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        query = "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> ALL (%s)"
        for (role,) in connection.execute(query, [list(postgres.ROLES)]).fetchall():
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
