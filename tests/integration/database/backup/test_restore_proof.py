"""A restore that was proven before the cutover is carried to Phase 1, for the very same file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from tests.integration.database.backup import dump_files
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import hospital_tables
from tests.selection import further

RESTORED, CARRIED = "The backup holds the old data", "The backup was restored and compared at"
Change = Callable[[DatabaseContext, Path], object]


def _write_anew(_context: DatabaseContext, backup: Path) -> None:
    backup.write_bytes(backup.read_bytes() + b"\n-- another file\n")


def _take_another_snapshot(context: DatabaseContext, _backup: Path) -> None:
    take_snapshot(context)


def _edit_the_proof(context: DatabaseContext, _backup: Path) -> None:
    (path,) = (context.snapshots / "restore-proofs").iterdir()
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain["content"]["checked"].append("public.visits_of_nobody")
    path.write_text(json.dumps(plain), encoding="utf-8")


def _cut_the_proof(context: DatabaseContext, _backup: Path) -> None:
    (path,) = (context.snapshots / "restore-proofs").iterdir()
    path.write_bytes(path.read_bytes()[:40])


@pytest.fixture
def context(spare: CopyDatabase, tmp_path: Path) -> DatabaseContext:
    """Return the context of a database with a snapshot and a backup of it."""
    context = make_database_context(
        spare(BEFORE), tmp_path, tables=hospital_tables(), backup={"path": "a.*"}
    )
    take_snapshot(context)
    return context


def _next_run(context: DatabaseContext) -> BackupAssessments:
    return BackupAssessments(replace(context, cache_folder=context.cache_folder / "later"))


def test_a_proven_file_is_not_restored_again(
    context: DatabaseContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = list[str]()
    dump_files.plain(context.dsn.get_secret_value(), context.folder)
    watched = replace(context, report_progress=shown.append)
    before = BackupAssessments(watched).assess_restored_data()
    assert_passed(before)
    assert before.figures["carried to Phase 1"] is True
    assert before.figures["restored by"].startswith("one psql")
    assert any(line.startswith("restore by one psql: [") and " MB/s, " in line for line in shown)
    monkeypatch.setattr(RestoredBackup, "as_context", _fail)
    carried = _next_run(context).assess_old_data()
    assert_passed(carried)
    assert carried.title.startswith(CARRIED)
    assert "public.patients" in carried.checked


def _fail(*_arguments: object) -> None:
    raise AssertionError("it was restored again")


@pytest.mark.parametrize(
    "change",
    [
        _write_anew,
        further(_take_another_snapshot),
        further(_edit_the_proof),
        further(_cut_the_proof),
    ],
)
def test_whatever_is_not_the_same_is_restored_again(
    context: DatabaseContext, change: Change
) -> None:
    backup = dump_files.plain(context.dsn.get_secret_value(), context.folder)
    BackupAssessments(context).assess_restored_data()
    change(context, backup)
    found = _next_run(context).assess_old_data()
    assert found.title == RESTORED


def test_other_declarations_need_another_restore(context: DatabaseContext) -> None:
    dump_files.plain(context.dsn.get_secret_value(), context.folder)
    BackupAssessments(context).assess_restored_data()
    tables = {**hospital_tables(), "documents": {"rows": "any", "reason": "they are archived"}}
    other = make_database_context(
        context.dsn.get_secret_value(), context.folder, tables=tables, backup={"path": "a.*"}
    )
    changed = replace(context, migrations=other.migrations)
    assert _next_run(changed).assess_old_data().title == RESTORED


def test_a_backup_that_is_not_the_snapshot_is_not_carried(context: DatabaseContext) -> None:
    """It equals the target of today, which has lost a document since the snapshot."""
    dsn = context.dsn.get_secret_value()
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM documents WHERE id = (SELECT id FROM documents LIMIT 1)")
    dump_files.plain(dsn, context.folder)
    before = BackupAssessments(context).assess_restored_data()
    assert_passed(before)
    assert before.figures["carried to Phase 1"] is False
    assert _next_run(context).assess_old_data().findings
