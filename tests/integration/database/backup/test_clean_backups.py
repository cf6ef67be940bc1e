"""A backup without a fault gives no finding, whatever its kind is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from tests.findings import list_breaches
from tests.integration.database.backup import dump_files
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.selection import further

KINDS = (
    *("custom", "plain", "gzip", "zstd"),
    *(further(kind) for kind in ("stored", "packed", "directory", "tar", "inserts")),
    *(further(kind) for kind in ("bzip2", "xz", "lz4")),
)
"""An archive, plain SQL, and the latter compressed for Python and for a program to read."""
ANOTHER_ENTRY = """INSERT INTO audit_entries OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(NULL::audit_entries, to_jsonb(e) || '{"id": 1000000}')).*
    FROM (SELECT * FROM audit_entries LIMIT 1) e"""
RESTORED = (
    *("directory", "inserts"),
    *(further(kind) for kind in ("tar", "stored", "packed", "gzip")),
)
"""What `pg_restore` reads, and what `psql` does."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_backup_of_any_kind_is_recent_and_whole(
    kind: str, unchanged: CopyDatabase, tmp_path: Path
) -> None:
    if not dump_files.have(kind):
        pytest.skip(f"there is no program {kind}")
    dsn = unchanged(BEFORE)
    backups = BackupAssessments(
        make_database_context(
            dsn, tmp_path, backup={"path": str(dump_files.of_kind(kind, dsn, tmp_path))}
        )
    )
    for assessment in (backups.assess_age(), backups.assess_completeness()):
        assert_passed(assessment)
        assert assessment.figures["bytes"] > 0


@pytest.mark.parametrize("kind", RESTORED)
def test_a_clean_backup_restores_to_equal_data(
    kind: str, unchanged: CopyDatabase, tmp_path: Path
) -> None:
    dsn = unchanged(BEFORE)
    context = make_database_context(
        dsn, tmp_path, backup={"path": str(dump_files.of_kind(kind, dsn, tmp_path))}
    )
    found = BackupAssessments(context).assess_restored_data()
    assert_passed(found)
    assert "public.patients" in found.checked
    again: Assessment = BackupAssessments(context).assess_restored_data()
    assert again.figures == found.figures  # it is restored once


@pytest.mark.parametrize(
    "options",
    [pytest.param([], marks=pytest.mark.thorough), ["--format=tar", "--gzip"]],
    ids=["plain", "tar"],
)
def test_a_clean_base_backup_is_started_and_equal(
    options: list[str], unchanged: CopyDatabase, tmp_path: Path
) -> None:
    dsn = unchanged(BEFORE)
    backups = BackupAssessments(
        make_database_context(
            dsn, tmp_path, backup={"path": str(dump_files.base(dsn, tmp_path, *options))}
        )
    )
    for assessment in (
        backups.assess_age(),
        backups.assess_completeness(),
        backups.assess_restored_data(),
    ):
        assert_passed(assessment)


def test_rows_that_came_since_the_backup_are_no_difference_where_they_are_declared(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    path = str(dump_files.archive(dsn, tmp_path))
    with psycopg.connect(dsn) as connection:
        connection.execute(ANOTHER_ENTRY)
    declared = make_database_context(
        dsn, tmp_path, backup={"path": path}, tables={"audit_entries": {"grows_above": "id"}}
    )
    assert_passed(BackupAssessments(declared).assess_restored_data())
    undeclared = make_database_context(dsn, tmp_path / "undeclared", backup={"path": path})
    found = BackupAssessments(undeclared).assess_restored_data()
    assert (rules.SAME_ROW_COUNT, "audit_entries") in list_breaches(found)


def test_the_newest_that_fits_a_pattern_is_taken(unchanged: CopyDatabase, tmp_path: Path) -> None:
    dsn = unchanged(BEFORE)
    (tmp_path / "older.dump").write_bytes(b"")
    dump_files.age(tmp_path / "older.dump", 1)
    dump_files.archive(dsn, tmp_path)
    assert BackupAssessments(
        make_database_context(dsn, tmp_path, backup={"path": "*.dump"})
    ).assess_age().checked == ("a.dump",)


def test_only_a_clone_of_a_restored_copy_may_be_written_to(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    dsn = unchanged(BEFORE)
    context = make_database_context(
        dsn, tmp_path, backup={"path": str(dump_files.archive(dsn, tmp_path))}
    )
    with open_clones_of_backup(context) as (clone,), psycopg.connect(clone.dsn) as connection:
        connection.execute("DELETE FROM audit_entries")
    with (
        open_restored_backup(context) as copy,
        psycopg.connect(copy.dsn) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("DELETE FROM audit_entries")
