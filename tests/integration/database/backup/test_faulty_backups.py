"""Every damage of a backup is found, and named by its rule."""

from __future__ import annotations

import re
import shutil
from datetime import datetime
from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from tests.findings import list_breaches, raises_gap
from tests.integration.database.backup import dump_files
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.selection import further

ORPHAN = (
    "SET session_replication_role = replica",
    "DELETE FROM patients WHERE id = (SELECT patient_id FROM visits LIMIT 1)",
)


def test_an_empty_file_is_no_backup(tmp_path: Path, unchanged: CopyDatabase) -> None:
    (tmp_path / "a.dump").touch()
    backups = _backups(unchanged(BEFORE), tmp_path / "a.dump")
    for found in (
        backups.assess_age(),
        backups.assess_completeness(),
        backups.assess_restored_data(),
    ):
        assert list_breaches(found) == [(rules.BACKUP_FORMAT, "a.dump")]
        assert found.findings[0].actual == "the file is empty"


def test_a_file_that_is_no_backup_is_told(tmp_path: Path, unchanged: CopyDatabase) -> None:
    (tmp_path / "a.dump").write_text("503 Service Unavailable")
    found = _backups(unchanged(BEFORE), tmp_path / "a.dump").assess_completeness()
    assert list_breaches(found) == [(rules.BACKUP_FORMAT, "a.dump")]


@pytest.mark.parametrize("place", ["nothing", "*.dump", None])
def test_without_a_backup_nothing_is_proven(
    place: str | None, tmp_path: Path, unchanged: CopyDatabase
) -> None:
    backups = BackupAssessments(
        make_database_context(unchanged(BEFORE), tmp_path, backup={"path": place} if place else {})
    )
    for question in (backups.assess_age, backups.assess_completeness, backups.assess_restored_data):
        with raises_gap(rules.BACKUP_EXISTS):
            question()


@pytest.mark.parametrize("options", [[], further(["--compress=0"])], ids=["compressed", "stored"])
def test_a_truncated_archive_is_found(
    options: list[str], tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.archive(dsn, tmp_path, *options)
    dump_files.truncate_file(path)
    _assert_found(_backups(dsn, path).assess_completeness(), rules.BACKUP_READABLE, "could not")
    _assert_found(_backups(dsn, path).assess_restored_data(), rules.RESTORES)


def test_a_flipped_bit_in_a_compressed_archive_is_found(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.archive(dsn, tmp_path)
    dump_files.flip_bit(path, path.stat().st_size * 2 // 3)
    found = _backups(dsn, path).assess_completeness()
    _assert_found(found, rules.BACKUP_READABLE, "could not uncompress data")


def test_a_flipped_bit_in_an_uncompressed_archive_is_found_by_the_fingerprint(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    """Reading it to its end succeeds, and so does restoring it."""
    dsn = unchanged(BEFORE)
    name = _one(dsn, "SELECT family_name FROM patients WHERE family_name ~ '^[a-zA-Z]+$' LIMIT 1")
    path = dump_files.archive(dsn, tmp_path, "--compress=0")
    dump_files.flip_bit(path, dump_files.place_of(b"\t" + name.encode() + b"\t", path) + 2)
    assert_passed(_backups(dsn, path).assess_completeness())
    found = _backups(dsn, path).assess_restored_data()
    assert list_breaches(found) == [(rules.SAME_CONTENT, "patients")]
    assert name not in str(found)


def test_a_stale_backup_is_found_by_its_own_date(tmp_path: Path, unchanged: CopyDatabase) -> None:
    """The file was copied today; the archive itself holds the date of the dump."""
    dsn = unchanged(BEFORE)
    path = dump_files.archive(dsn, tmp_path)
    content = bytearray(path.read_bytes())
    at = (
        content.index(b"PGDMP") + 11 + 1 + 15
    )  # magic, versions and sizes, the compression, and sec, min, hour, each with its sign
    assert content[at + 1] == _today(path)
    content[at : at + 5 * 3] = (
        b"\x00\x01\x00\x00\x00" + b"\x00\x00\x00\x00\x00" + content[at + 10 : at + 15]
    )  # the first of January
    path.write_bytes(content)
    found = _backups(dsn, path).assess_age()
    _assert_found(found, rules.RECENT, r"\d+\.\d h ago, at \d{4}-01-01 ")
    assert found.findings[0].expected.startswith("at most 12 h")


def test_a_stale_plain_dump_is_found_by_its_files_date(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.plain(dsn, tmp_path)
    dump_files.age(path, 13)
    _assert_found(_backups(dsn, path).assess_age(), rules.RECENT, r"^13\.0 h ago")


def test_a_backup_from_the_future_is_found(tmp_path: Path, unchanged: CopyDatabase) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.archive(dsn, tmp_path)
    dump_files.age(path, 3)
    _assert_found(_backups(dsn, path).assess_age(), rules.PLAUSIBLE_DATE)


def test_a_backup_of_another_database_is_found(
    tmp_path: Path, spare: CopyDatabase, unchanged: CopyDatabase
) -> None:
    dsn, other = unchanged(BEFORE), spare(BEFORE)
    path = dump_files.archive(other, tmp_path)
    found = _backups(dsn, path).assess_completeness()
    (finding,) = found.findings
    assert finding.rule == rules.SAME_DATABASE
    assert finding.expected == dump_files.database(dsn)
    assert finding.actual == dump_files.database(other)


def test_a_plain_dump_of_another_database_is_found_by_what_it_holds(
    tmp_path: Path, spare: CopyDatabase, unchanged: CopyDatabase
) -> None:
    dsn, other = (
        unchanged(BEFORE),
        spare(BEFORE, "DELETE FROM documents WHERE id = (SELECT id FROM documents LIMIT 1)"),
    )
    found = _backups(dsn, dump_files.plain(other, tmp_path)).assess_restored_data()
    (finding,) = found.findings
    assert (finding.rule, finding.subject) == (rules.SAME_ROW_COUNT, "documents")
    rows = int(finding.expected.split()[0])
    assert finding.actual == f"{rows - 1} rows"


@pytest.mark.parametrize("share", [0.5, 0.9999], ids=["in a table", "before its end"])
def test_a_plain_dump_that_was_cut_off_is_found(
    share: float, tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.plain(dsn, tmp_path)
    dump_files.truncate_file(path, share)
    reason = "ends within the rows of" if share == 0.5 else "was cut off"
    _assert_found(_backups(dsn, path).assess_completeness(), rules.BACKUP_READABLE, reason)


def test_an_error_in_the_midst_of_a_plain_dump_is_found_and_quotes_no_patient(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.plain(dsn, tmp_path)
    mrn = _one(dsn, "SELECT mrn FROM patients LIMIT 1")
    dump_files.replace_bytes(path, f"\t{mrn}\t".encode(), f"\t{mrn}\tEXTRA-{mrn}\t".encode())
    found = _backups(dsn, path).assess_restored_data()
    _assert_found(found, rules.RESTORES)
    assert mrn not in str(found)


def test_a_missing_table_is_found(tmp_path: Path, unchanged: CopyDatabase) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.archive(dsn, tmp_path, "--exclude-table=documents")
    whole = _backups(dsn, path).assess_completeness()
    assert list_breaches(whole) == [(rules.TABLES_INCLUDED, "documents")]
    restored = _backups(dsn, path).assess_restored_data()
    assert (rules.SAME_SCHEMA, "documents") in list_breaches(restored)


@pytest.mark.parametrize("kind", ["custom", "plain"])
def test_a_table_without_its_rows_is_found(
    kind: str, tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.dump(
        dsn, tmp_path / "a", f"--format={kind}", "--exclude-table-data=documents"
    )
    found = _backups(dsn, path).assess_completeness()
    assert list_breaches(found) == [(rules.TABLE_ROWS_INCLUDED, "documents")]


def test_an_orphan_that_no_key_admits_on_restoring_is_found(
    tmp_path: Path, spare: CopyDatabase
) -> None:
    """PostgreSQL treats the key as valid; the backup holds the rows, and cannot restore the key."""
    dsn = spare(BEFORE, *ORPHAN)
    found = _backups(dsn, dump_files.archive(dsn, tmp_path)).assess_restored_data()
    error = 'insert or update on table "visits" violates foreign key constraint'
    _assert_found(found, rules.RESTORES, error)
    assert "Key (" not in str(found)


def test_what_does_not_restore_is_given_to_nobody(tmp_path: Path, spare: CopyDatabase) -> None:
    dsn = spare(BEFORE, *ORPHAN)
    context = make_database_context(
        dsn, tmp_path, backup={"path": str(dump_files.archive(dsn, tmp_path))}
    )
    with (
        raises_gap(rules.RESTORES),
        open_restored_backup(context),
    ):
        pytest.fail("half a copy")


def test_a_directory_without_one_of_its_files_is_found(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.of_kind("directory", dsn, tmp_path)
    dump_files.without(path, "*.dat.gz")
    found = _backups(dsn, path).assess_completeness()
    _assert_found(found, rules.BACKUP_READABLE, r"could not open input file .*: No such file")


@pytest.mark.parametrize(
    "program", ["gzip", "zstd", *(further(program) for program in ("bzip2", "xz", "lz4"))]
)
def test_a_damaged_compressed_dump_is_found(
    program: str, tmp_path: Path, unchanged: CopyDatabase
) -> None:
    if not dump_files.have(program):
        pytest.skip(f"there is no program {program}")
    dsn = unchanged(BEFORE)
    path = dump_files.of_kind(program, dsn, tmp_path)
    dump_files.flip_bit(path, path.stat().st_size * 2 // 3)
    found = _backups(dsn, path).assess_completeness()
    assert [finding.rule for finding in found.findings] == [rules.BACKUP_READABLE]


def test_a_compressed_dump_that_was_cut_off_is_found(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.of_kind("gzip", dsn, tmp_path)
    dump_files.truncate_file(path)
    found = _backups(dsn, path).assess_completeness()
    (finding,) = found.findings
    assert finding.rule == rules.BACKUP_READABLE
    assert finding.subject.endswith("(gzip)")


def test_a_sequence_that_a_backup_does_not_set_is_found(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    """The restored database would hand out numbers that are in use."""
    dsn = unchanged(BEFORE)
    path = dump_files.plain(dsn, tmp_path)
    path.write_bytes(re.sub(rb"(?m)^SELECT pg_catalog\.setval\(.*$", b"", path.read_bytes()))
    found = _backups(dsn, path).assess_restored_data()
    assert any("audit_entries" in finding.subject for finding in found.findings)


def test_a_plain_dump_may_run_no_program(tmp_path: Path, unchanged: CopyDatabase) -> None:
    dsn = unchanged(BEFORE)
    path, witness = dump_files.plain(dsn, tmp_path), tmp_path / "witness"
    path.write_bytes(re.sub(rb"(?m)^\\(un)?restrict .*$", b"", path.read_bytes()))
    dump_files.replace_bytes(
        path, b"SET lock_timeout", f"\\! touch {witness}\nSET lock_timeout".encode()
    )
    _assert_found(_backups(dsn, path).assess_restored_data(), rules.RESTORES, "restrict")
    assert not witness.exists()


def test_a_dump_that_makes_its_own_database_is_not_run(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    with raises_gap(rules.RESTORABLE_IN_SCRATCH):
        _backups(dsn, dump_files.plain(dsn, tmp_path, "--create")).assess_restored_data()


def test_a_budget_that_is_spent_proves_nothing(tmp_path: Path, unchanged: CopyDatabase) -> None:
    dsn = unchanged(BEFORE)
    context = make_database_context(
        dsn, tmp_path, seconds=0, backup={"path": str(dump_files.archive(dsn, tmp_path))}
    )
    for question in (
        BackupAssessments(context).assess_completeness,
        BackupAssessments(context).assess_restored_data,
    ):
        with pytest.raises(NotProven, match="budget_seconds"):
            question()


def test_a_base_backup_that_lacks_a_file_is_found(tmp_path: Path, unchanged: CopyDatabase) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.base(dsn, tmp_path)
    shutil.copytree(path, tmp_path / "shorter")
    gone = dump_files.without(path / "global", "[0-9]*")
    lacking = _backups(dsn, path).assess_completeness()
    _assert_found(lacking, rules.BACKUP_READABLE, f"global/{gone}, .* is missing")
    largest = max((tmp_path / "shorter/base").rglob("[0-9]*"), key=lambda each: each.stat().st_size)
    dump_files.truncate_file(largest)
    found = _backups(dsn, tmp_path / "shorter").assess_completeness()
    sizes = rf"{largest.name} has \d+ bytes, and its manifest says \d+"
    _assert_found(found, rules.BACKUP_READABLE, sizes)


def test_a_base_backup_whose_list_was_edited_is_found(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.base(dsn, tmp_path)
    dump_files.replace_bytes(path / "backup_manifest", b'"Size": 3,', b'"Size": 4,')
    found = _backups(dsn, path).assess_completeness()
    _assert_found(found, rules.BACKUP_READABLE, "backup_manifest")


def test_a_base_backup_in_a_damaged_tar_file_is_found(
    tmp_path: Path, unchanged: CopyDatabase
) -> None:
    dsn = unchanged(BEFORE)
    path = dump_files.base(dsn, tmp_path, "--format=tar", "--gzip")
    dump_files.truncate_file(path / "base.tar.gz")
    found = _backups(dsn, path).assess_completeness()
    _assert_found(found, rules.BACKUP_READABLE, r"^base\.tar\.gz ")


def test_a_base_backup_with_a_flipped_bit_is_found(tmp_path: Path, unchanged: CopyDatabase) -> None:
    dsn = unchanged(BEFORE)
    name = _one(
        dsn, "SELECT family_name FROM patients WHERE family_name ~ '^[a-zA-Z]{6,}$' LIMIT 1"
    )
    with psycopg.connect(dsn) as connection:
        where = connection.execute("SELECT pg_relation_filepath('patients')").fetchone()
    path = dump_files.base(dsn, tmp_path)
    assert where is not None
    dump_files.flip_bit(path / where[0], dump_files.place_of(name.encode(), path / where[0]) + 1)
    found = _backups(dsn, path).assess_restored_data()
    assert (rules.RESTORED_READABLE, "patients") in list_breaches(found)
    _assert_found(found, rules.RESTORED_READABLE, "^invalid page")


def _backups(dsn: str, path: Path) -> BackupAssessments:
    return BackupAssessments(make_database_context(dsn, path.parent, backup={"path": str(path)}))


def _assert_found(assessment: Assessment, rule: Rule, pattern: str = "") -> None:
    """Expect a breach of the rule whose actual value fits the pattern."""
    actual = [finding.actual for finding in assessment.findings if finding.rule == rule]
    assert any(re.search(pattern, text) for text in actual), assessment.findings


def _one(dsn: str, query: str) -> str:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _today(path: Path) -> int:
    return datetime.fromtimestamp(path.stat().st_mtime).day
