"""A backup without a fault gives no finding, of whatever kind it is."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover.database.backup import Backups, restored
from cutover.evidence import Examination
from cutover.matchers import sound
from tests.database.backup import dumps
from tests.database.conftest import BEFORE, Spare
from tests.database.sites import site_of

KINDS = (
    "custom",
    "stored",
    "packed",
    "directory",
    "tar",
    "plain",
    "inserts",
    "gzip",
    "bzip2",
    "xz",
    "zstd",
    "lz4",
)
ANOTHER_ENTRY = """INSERT INTO audit_entries OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(NULL::audit_entries, to_jsonb(e) || '{"id": 1000000}')).* FROM (SELECT * FROM audit_entries LIMIT 1) e"""
RESTORED = ("stored", "packed", "directory", "tar", "inserts", "gzip")


@pytest.mark.parametrize("kind", KINDS)
def test_a_clean_backup_of_any_kind_is_recent_and_whole(
    kind: str, spare: Spare, tmp_path: Path
) -> None:
    if not dumps.have(kind):
        pytest.skip(f"there is no program {kind}")
    dsn = spare(BEFORE)
    backups = Backups(
        site_of(dsn, tmp_path, backup={"path": str(dumps.of_kind(kind, dsn, tmp_path))})
    )
    for examination in (backups.recent(), backups.whole()):
        sound(examination)
        assert examination.facts["bytes"] > 0


@pytest.mark.parametrize("kind", RESTORED)
def test_a_clean_backup_restores_to_equal_data(kind: str, spare: Spare, tmp_path: Path) -> None:
    dsn = spare(BEFORE)
    site = site_of(dsn, tmp_path, backup={"path": str(dumps.of_kind(kind, dsn, tmp_path))})
    found = Backups(site).restores_to_equal_data()
    sound(found)
    assert "public.patients" in found.examined
    again: Examination = Backups(site).restores_to_equal_data()
    assert again.facts == found.facts  # it is restored once


@pytest.mark.parametrize("options", [[], ["--format=tar", "--gzip"]], ids=["plain", "tar"])
def test_a_clean_base_backup_is_started_and_equal(
    options: list[str], spare: Spare, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    backups = Backups(
        site_of(dsn, tmp_path, backup={"path": str(dumps.base(dsn, tmp_path, *options))})
    )
    for examination in (backups.recent(), backups.whole(), backups.restores_to_equal_data()):
        sound(examination)


def test_rows_that_came_since_the_backup_are_no_difference_where_they_are_declared(
    spare: Spare, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    path = str(dumps.archive(dsn, tmp_path))
    with psycopg.connect(dsn) as connection:
        connection.execute(ANOTHER_ENTRY)
    declared = site_of(
        dsn, tmp_path, backup={"path": path}, tables={"audit_entries": {"grows_above": "id"}}
    )
    sound(Backups(declared).restores_to_equal_data())
    undeclared = site_of(dsn, tmp_path / "undeclared", backup={"path": path})
    assert any(
        finding.startswith("audit_entries: ")
        for finding in Backups(undeclared).restores_to_equal_data().findings
    )


def test_the_newest_that_fits_a_pattern_is_taken(spare: Spare, tmp_path: Path) -> None:
    dsn = spare(BEFORE)
    (tmp_path / "older.dump").write_bytes(b"")
    dumps.age(tmp_path / "older.dump", 1)
    dumps.archive(dsn, tmp_path)
    assert Backups(site_of(dsn, tmp_path, backup={"path": "*.dump"})).recent().examined == (
        "a.dump",
    )


def test_a_restored_copy_may_be_written_to(spare: Spare, tmp_path: Path) -> None:
    dsn = spare(BEFORE)
    site = site_of(dsn, tmp_path, backup={"path": str(dumps.archive(dsn, tmp_path))})
    with restored(site) as copy, psycopg.connect(copy.dsn) as connection:
        connection.execute("DELETE FROM audit_entries")
