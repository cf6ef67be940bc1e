"""A database with a backup and scripts: replayed, migrated and harmed.

night = replay_night("CREATE TABLE t …", script="ALTER TABLE t …", tables={…})
night.assess_replay()                       # the gate before the cutover
night.migrate("DELETE FROM t WHERE …")      # the night, and what goes wrong in it
night.assess_arrivals()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.replay.assessments import ReplayAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from tests.integration.database.backup.dump_files import dump
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rehearsal.script_folders import write_scripts
from tests.integration.database.rows.conftest import CutoverDatabase


@dataclass
class ReplayNight(CutoverDatabase):
    """A hospital's database on its night, with the script that migrates it."""

    script: str

    def assess_replay(self) -> Assessment:
        return ReplayAssessments(self.context).assess_replay()

    def assess_arrivals(self) -> Assessment:
        return ReplayAssessments(self.context).assess_arrivals()

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
        night = ReplayNight(dsn, context, script)
        take_snapshot(night.context)
        return night

    return begin
