"""Each way in which a backup may be less than it seems is found, and named."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from cutover.database.backup import Backups, restored
from cutover.evidence import Examination, NotProven
from cutover.matchers import sound
from tests.database.backup import dumps
from tests.database.conftest import BEFORE, Spare
from tests.database.sites import site_of

ORPHAN = (
    "SET session_replication_role = replica",
    "DELETE FROM patients WHERE id = (SELECT patient_id FROM visits LIMIT 1)",
)


def test_an_empty_file_is_no_backup(tmp_path: Path, spare: Spare) -> None:
    (tmp_path / "a.dump").touch()
    backups = _backups(spare(BEFORE), tmp_path / "a.dump")
    for found in (backups.recent(), backups.whole(), backups.restores_to_equal_data()):
        assert found.findings == ("The backup a.dump is empty.",)


def test_a_file_that_is_no_backup_is_told(tmp_path: Path, spare: Spare) -> None:
    (tmp_path / "a.dump").write_text("503 Service Unavailable")
    _found(
        _backups(spare(BEFORE), tmp_path / "a.dump").whole(),
        r"a\.dump is no backup that PostgreSQL makes",
    )


@pytest.mark.parametrize("place", ["nothing", "*.dump", None])
def test_without_a_backup_nothing_is_proven(
    place: str | None, tmp_path: Path, spare: Spare
) -> None:
    backups = Backups(site_of(spare(BEFORE), tmp_path, backup={"path": place} if place else {}))
    for question in (backups.recent, backups.whole, backups.restores_to_equal_data):
        with pytest.raises(NotProven, match="no backup"):
            question()


@pytest.mark.parametrize("options", [[], ["--compress=0"]], ids=["compressed", "stored"])
def test_a_truncated_archive_is_found(options: list[str], tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.archive(dsn, tmp_path, *options)
    dumps.cut(path)
    _found(_backups(dsn, path).whole(), "cannot be read to its end: could not")
    _found(_backups(dsn, path).restores_to_equal_data(), "does not restore without an error")


def test_a_flipped_bit_in_a_compressed_archive_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.archive(dsn, tmp_path)
    dumps.flip(path, path.stat().st_size * 2 // 3)
    _found(_backups(dsn, path).whole(), "cannot be read to its end: could not uncompress data")


def test_a_flipped_bit_in_an_uncompressed_archive_is_found_by_the_fingerprint(
    tmp_path: Path, spare: Spare
) -> None:
    """Reading it to its end and restoring it both succeed."""
    dsn = spare(BEFORE)
    name = _one(dsn, "SELECT family_name FROM patients WHERE family_name ~ '^[a-zA-Z]+$' LIMIT 1")
    path = dumps.archive(dsn, tmp_path, "--compress=0")
    dumps.flip(path, dumps.place_of(b"\t" + name.encode() + b"\t", path) + 2)
    sound(_backups(dsn, path).whole())
    found = _backups(dsn, path).restores_to_equal_data()
    _found(
        found, "^patients: the restored backup has the same keys as the target, and other content"
    )
    assert name not in str(found)


def test_a_stale_backup_is_found_by_its_own_date(tmp_path: Path, spare: Spare) -> None:
    """Its file was copied today; the archive says when it was made."""
    dsn = spare(BEFORE)
    path = dumps.archive(dsn, tmp_path)
    content = bytearray(path.read_bytes())
    at = (
        content.index(b"PGDMP") + 11 + 1 + 15
    )  # magic, versions and sizes, the compression, and sec, min, hour, each with its sign
    assert content[at + 1] == _today(path)
    content[at : at + 5 * 3] = (
        b"\x00\x01\x00\x00\x00" + b"\x00\x00\x00\x00\x00" + content[at + 10 : at + 15]
    )  # the first of January
    path.write_bytes(content)
    _found(
        _backups(dsn, path).recent(),
        r"was made \d+\.\d h ago, at \d{4}-01-01 .*; 12 h are allowed \(backup\.max_age_hours\)",
    )


def test_a_stale_plain_dump_is_found_by_its_files_date(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.plain(dsn, tmp_path)
    dumps.age(path, 13)
    _found(_backups(dsn, path).recent(), r"was made 13\.0 h ago")


def test_a_backup_from_the_future_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.archive(dsn, tmp_path)
    dumps.age(path, 3)
    _found(_backups(dsn, path).recent(), "later than its file was written")


def test_a_backup_of_another_database_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn, other = spare(BEFORE), spare(BEFORE)
    path = dumps.archive(other, tmp_path)
    _found(
        _backups(dsn, path).whole(),
        f"is of another database: of {dumps.database(other)}, and the target is"
        f" {dumps.database(dsn)}",
    )


def test_a_plain_dump_of_another_database_is_found_by_what_it_holds(
    tmp_path: Path, spare: Spare
) -> None:
    dsn, other = (
        spare(BEFORE),
        spare(BEFORE, "DELETE FROM documents WHERE id = (SELECT id FROM documents LIMIT 1)"),
    )
    _found(
        _backups(dsn, dumps.plain(other, tmp_path)).restores_to_equal_data(),
        r"^documents: the target has \d+ rows, and the restored backup \d+",
    )


@pytest.mark.parametrize("share", [0.5, 0.9999], ids=["in a table", "before its end"])
def test_a_plain_dump_that_was_cut_off_is_found(share: float, tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.plain(dsn, tmp_path)
    dumps.cut(path, share)
    _found(
        _backups(dsn, path).whole(),
        "ends in the midst of the rows of" if share == 0.5 else "was cut off",
    )


def test_an_error_in_the_midst_of_a_plain_dump_is_found_and_quotes_no_patient(
    tmp_path: Path, spare: Spare
) -> None:
    dsn = spare(BEFORE)
    path = dumps.plain(dsn, tmp_path)
    mrn = _one(dsn, "SELECT mrn FROM patients LIMIT 1")
    dumps.replaced(path, f"\t{mrn}\t".encode(), f"\t{mrn}\tEXTRA-{mrn}\t".encode())
    found = _backups(dsn, path).restores_to_equal_data()
    _found(found, "does not restore without an error")
    assert mrn not in str(found)


def test_a_missing_table_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.archive(dsn, tmp_path, "--exclude-table=documents")
    _found(_backups(dsn, path).whole(), "does not hold the table documents")
    _found(
        _backups(dsn, path).restores_to_equal_data(),
        "documents: the target has this table, and the backup does not",
    )


@pytest.mark.parametrize("kind", ["custom", "plain"])
def test_a_table_without_its_rows_is_found(kind: str, tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.dump(dsn, tmp_path / "a", f"--format={kind}", "--exclude-table-data=documents")
    _found(_backups(dsn, path).whole(), "holds the table documents without its rows")


def test_an_orphan_that_no_key_admits_on_restoring_is_found(tmp_path: Path, spare: Spare) -> None:
    """PostgreSQL calls the key valid; the backup holds the data and cannot give the key back."""
    dsn = spare(BEFORE, *ORPHAN)
    found = _backups(dsn, dumps.archive(dsn, tmp_path)).restores_to_equal_data()
    _found(
        found,
        'does not restore without an error: insert or update on table "visits" violates foreign key'
        " constraint",
    )
    assert "Key (" not in str(found)


def test_what_does_not_restore_is_given_to_nobody(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE, *ORPHAN)
    site = site_of(dsn, tmp_path, backup={"path": str(dumps.archive(dsn, tmp_path))})
    with pytest.raises(NotProven, match="did not restore without an error"), restored(site):
        pytest.fail("half a copy")


def test_a_directory_without_one_of_its_files_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.of_kind("directory", dsn, tmp_path)
    dumps.without(path, "*.dat.gz")
    _found(
        _backups(dsn, path).whole(),
        r"cannot be read to its end: could not open input file .*: No such file",
    )


@pytest.mark.parametrize("program", ["gzip", "bzip2", "xz", "zstd", "lz4"])
def test_a_damaged_compressed_dump_is_found(program: str, tmp_path: Path, spare: Spare) -> None:
    if not dumps.have(program):
        pytest.skip(f"there is no program {program}")
    dsn = spare(BEFORE)
    path = dumps.of_kind(program, dsn, tmp_path)
    dumps.flip(path, path.stat().st_size * 2 // 3)
    _found(
        _backups(dsn, path).whole(),
        r"(is damaged and cannot be read to its end|was cut off|ends in the midst)",
    )


def test_a_compressed_dump_that_was_cut_off_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.of_kind("gzip", dsn, tmp_path)
    dumps.cut(path)
    _found(_backups(dsn, path).whole(), "is damaged and cannot be read to its end")


def test_a_sequence_that_a_backup_does_not_set_is_found(tmp_path: Path, spare: Spare) -> None:
    """The restored database would give numbers that are taken."""
    dsn = spare(BEFORE)
    path = dumps.plain(dsn, tmp_path)
    path.write_bytes(re.sub(rb"(?m)^SELECT pg_catalog\.setval\(.*$", b"", path.read_bytes()))
    _found(_backups(dsn, path).restores_to_equal_data(), "audit_entries")


def test_a_plain_dump_may_run_no_program(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path, witness = dumps.plain(dsn, tmp_path), tmp_path / "witness"
    path.write_bytes(re.sub(rb"(?m)^\\(un)?restrict .*$", b"", path.read_bytes()))
    dumps.replaced(path, b"SET lock_timeout", f"\\! touch {witness}\nSET lock_timeout".encode())
    _found(_backups(dsn, path).restores_to_equal_data(), "restrict")
    assert not witness.exists()


def test_a_dump_that_makes_its_own_database_is_not_run(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    with pytest.raises(NotProven, match="makes a database of its own"):
        _backups(dsn, dumps.plain(dsn, tmp_path, "--create")).restores_to_equal_data()


def test_a_budget_that_is_spent_proves_nothing(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    site = site_of(dsn, tmp_path, seconds=0, backup={"path": str(dumps.archive(dsn, tmp_path))})
    for question in (Backups(site).whole, Backups(site).restores_to_equal_data):
        with pytest.raises(NotProven, match="budget_seconds"):
            question()


def test_a_base_backup_that_lacks_a_file_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.base(dsn, tmp_path)
    shutil.copytree(path, tmp_path / "shorter")
    gone = dumps.without(path / "global", "[0-9]*")
    _found(_backups(dsn, path).whole(), f"lacks global/{gone}, which its list names")
    largest = max((tmp_path / "shorter/base").rglob("[0-9]*"), key=lambda each: each.stat().st_size)
    dumps.cut(largest)
    _found(
        _backups(dsn, tmp_path / "shorter").whole(),
        rf"{largest.name} has \d+ bytes, and its list says \d+",
    )


def test_a_base_backup_whose_list_was_edited_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.base(dsn, tmp_path)
    dumps.replaced(path / "backup_manifest", b'"Size": 3,', b'"Size": 4,')
    _found(_backups(dsn, path).whole(), "has a damaged list of its files")


def test_a_base_backup_in_a_damaged_tar_file_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    path = dumps.base(dsn, tmp_path, "--format=tar", "--gzip")
    dumps.cut(path / "base.tar.gz")
    _found(_backups(dsn, path).whole(), r"base\.tar\.gz is damaged and cannot be read to its end")


def test_a_base_backup_with_a_flipped_bit_is_found(tmp_path: Path, spare: Spare) -> None:
    dsn = spare(BEFORE)
    name = _one(
        dsn, "SELECT family_name FROM patients WHERE family_name ~ '^[a-zA-Z]{6,}$' LIMIT 1"
    )
    with psycopg.connect(dsn) as connection:
        where = connection.execute("SELECT pg_relation_filepath('patients')").fetchone()
    path = dumps.base(dsn, tmp_path)
    assert where is not None
    dumps.flip(path / where[0], dumps.place_of(name.encode(), path / where[0]) + 1)
    _found(
        _backups(dsn, path).restores_to_equal_data(),
        "^patients: the restored backup cannot be read: invalid page",
    )


def _backups(dsn: str, path: Path) -> Backups:
    return Backups(site_of(dsn, path.parent, backup={"path": str(path)}))


def _found(examination: Examination, pattern: str) -> None:
    assert any(re.search(pattern, finding) for finding in examination.findings), (
        examination.findings
    )


def _one(dsn: str, query: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _today(path: Path) -> int:
    return datetime.fromtimestamp(path.stat().st_mtime).day
