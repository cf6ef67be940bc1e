"""A real PostgreSQL with the hospital's database before and after its cutover, to copy and change.

    def test_a_lost_row_is_found(spare: CopyDatabase, tmp_path: Path) -> None:
        dsn = spare(MIGRATED, "DELETE FROM visits WHERE id = (SELECT min(id::text)::uuid FROM visits)")
        context = make_database_context(dsn, tmp_path)

`spare(template, *statements)` copies a database (0.1 s), runs the statements as its owner, and
returns the owner's DSN. There is one server for each session.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Protocol

import psycopg
import pytest
from psycopg import sql

from reference import announcement, cutover, postgres, stages, template
from tests.faults import serve

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


@pytest.fixture
def spare(server: postgres.Server) -> Iterator[CopyDatabase]:
    """Copies that are removed with the test.

    Roles that its statements made are removed too, because roles belong to the whole server.
    """
    made: list[str] = []

    def copy(template: str, *statements: str) -> str:
        name = f"spare_{next(_NUMBERS)}"
        server.copy(template, name)
        made.append(name)
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())
        return server.dsn(name)

    yield copy
    for name in made:
        server.drop(name)
    _drop_foreign_roles(server)


def _drop_foreign_roles(server: postgres.Server) -> None:
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
        query = "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> ALL (%s)"
        for (role,) in connection.execute(query, [list(postgres.ROLES)]).fetchall():
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
