"""A database with a snapshot of it, to be changed afterwards.

    database = start_cutover("CREATE TABLE t …", tables={"t": {"rows": "+1"}})
    database.run_statements("DELETE FROM t WHERE id = 1")
    database.rows.assess_contents()

The database is the hospital before its cutover, with these statements; then a snapshot is
taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import declared_migrations, make_database_context

_RUNS = itertools.count(1)


@dataclass
class CutoverDatabase:
    """A database under test. Each `context` is a new run: it uses no result of another one."""

    dsn: str
    base_context: DatabaseContext

    @property
    def context(self) -> DatabaseContext:
        return replace(
            self.base_context, cache_folder=self.base_context.cache_folder / str(next(_RUNS))
        )

    @property
    def rows(self) -> RowAssessments:
        return RowAssessments(self.context)

    def run_statements(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def declare_tables(self, **tables: Any) -> None:
        declared = self.base_context.migrations.model_copy(
            update={
                "tables": make_database_context(
                    self.dsn, self.base_context.folder, tables=tables
                ).migrations.tables
            }
        )
        self.base_context = replace(self.base_context, migrations=declared)


StartCutover = Callable[..., CutoverDatabase]


@pytest.fixture
def start_cutover(spare: CopyDatabase, tmp_path: Path) -> StartCutover:
    def begin(*statements: str, **migrations: Any) -> CutoverDatabase:
        dsn = spare(BEFORE, *statements)
        cutover_database = CutoverDatabase(dsn, make_database_context(dsn, tmp_path, **migrations))
        take_snapshot(cutover_database.context)
        return cutover_database

    return begin


def hospital_tables() -> dict[str, Any]:
    """Return the declarations for the reference's migrations."""
    return dict(declared_migrations()["tables"])
