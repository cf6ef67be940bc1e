"""A database with a backup and scripts: replayed, migrated and harmed.

night = replay_night("CREATE TABLE t …", script="ALTER TABLE t …", tables={…})
night.assess_replay()                       # the gate before the cutover
night.migrate("DELETE FROM t WHERE …")      # the night, and what goes wrong in it
night.assess_arrivals()
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.replay.assessments import ReplayAssessments
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from tests.integration.database.backup.dump_files import dump
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rehearsal.script_folders import write_scripts

_RUNS = itertools.count(1)


@dataclass
class ReplayNight:
    """A hospital's database on its night. Each `context` is a new run."""

    dsn: str
    script: str
    base_context: DatabaseContext

    @property
    def context(self) -> DatabaseContext:
        return replace(
            self.base_context, cache_folder=self.base_context.cache_folder / str(next(_RUNS))
        )

    @property
    def rows(self) -> RowAssessments:
        return RowAssessments(self.context)

    def assess_replay(self) -> Assessment:
        return ReplayAssessments(self.context).assess_replay()

    def assess_arrivals(self) -> Assessment:
        return ReplayAssessments(self.context).assess_arrivals()

    def run_statements(self, *statements: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def migrate(self, *harm: str) -> None:
        self.run_statements(self.script, *harm)


StartNight = Callable[..., ReplayNight]


@pytest.fixture
def replay_night(spare: CopyDatabase, tmp_path: Path) -> StartNight:
    """Make a database, its snapshot and its backup, and return its night."""

    def begin(*statements: str, script: str, **migrations: Any) -> ReplayNight:
        dsn = spare(BEFORE, *statements)
        backup = tmp_path / "before.dump"
        dump(dsn, backup, "--format=custom")
        context = make_database_context(
            dsn,
            tmp_path,
            seconds=240,
            locations=[write_scripts(tmp_path, V7__night=script)],
            backup={"path": str(backup)},
            **migrations,
        )
        night = ReplayNight(dsn, script, context)
        take_snapshot(night.context)
        return night

    return begin
