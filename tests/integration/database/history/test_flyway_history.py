"""What is wrong with a history is found and named; a clean one gives no finding.

On the hospital's own database.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import assessments as asking
from cutover_gates.probes.database.history.assessments import HistoryAssessments, capture_history
from cutover_gates.probes.database.history.history_record import HistoryRecord
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import migrate
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import SCRIPTS, make_database_context

UPDATE = "UPDATE flyway_schema_history SET "
FAKE = (
    "INSERT INTO flyway_schema_history VALUES ({rank}, '{version}', '{what}', '{kind}', '{script}',"
    " {checksum}, 'somebody', now(), 1, {success})"
)
V8 = "V8__visit_status_in_words.sql"
V9 = "V9__document_size_and_digest.sql"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The release's scripts, to be changed."""
    return Path(shutil.copytree(SCRIPTS, tmp_path / "sql"))


def remembers(site: DatabaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the snapshot had been taken now. It is kept as JSON, as a snapshot is."""
    kept = HistoryRecord.from_plain(json.loads(json.dumps(capture_history(site))))
    monkeypatch.setattr(asking, "_load_snapshot_history", lambda _site: kept)


def row(
    rank: int,
    version: str,
    *,
    kind: str = "SQL",
    script: str = "V.sql",
    checksum: str = "1",
    success: str = "true",
    what: str = "x",
) -> str:
    return FAKE.format(
        rank=rank,
        version=version,
        kind=kind,
        script=script,
        checksum=checksum,
        success=success,
        what=what,
    )


def examined(site: DatabaseContext) -> dict[str, Assessment]:
    history = HistoryAssessments(site)
    return {
        "applied": history.assess_completeness(),
        "unaltered": history.assess_file_changes(),
        "in order": history.assess_order(),
    }


def test_the_hospital_after_its_cutover_is_clean(
    spare: CopyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_database_context(spare("migrated"), tmp_path)
    remembers(site, monkeypatch)
    for examination in examined(site).values():
        assert_passed(examination)
        assert len(examination.checked) == 10


def test_before_the_cutover_its_migrations_are_pending(spare: CopyDatabase, tmp_path: Path) -> None:
    found = HistoryAssessments(
        make_database_context(spare("before"), tmp_path)
    ).assess_completeness()
    assert f"{V8} is not applied (Pending)" in found.findings
    assert "the database is at version 6, and the release's highest script is 10" in found.findings


TAMPERED = {
    "a row that was deleted by hand": (
        "DELETE FROM flyway_schema_history WHERE version = '8'",
        f"{V8} is not applied and never will be",
    ),
    "a failed script": (
        UPDATE + "success = false WHERE version = '8'",
        f"{V8} failed when it was applied (Failed)",
    ),
    "a script of another release": (
        row(11, "11", script="V11__x.sql"),
        "V11__x.sql was applied and is newer than every script",
    ),
    "a script that the release has not": (
        row(11, "8.1", script="V8.1__x.sql"),
        "V8.1__x.sql was applied, but the release has no such script",
    ),
    "a baseline that stands for everything": (
        "DELETE FROM flyway_schema_history WHERE installed_rank > 6; "
        + row(7, "10", kind="BASELINE", script="<< B >>"),
        "is at version 6, and",
    ),
    "no history": (
        "DROP TABLE flyway_schema_history",
        "the database has no table public.flyway_schema_history",
    ),
    "an empty history": ("DELETE FROM flyway_schema_history", "the database is at version none"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_not_applied_as_released_is_found(
    name: str, spare: CopyDatabase, tmp_path: Path
) -> None:
    statement, expected = TAMPERED[name]
    found = HistoryAssessments(
        make_database_context(spare("migrated", statement), tmp_path)
    ).assess_completeness()
    assert [finding for finding in found.findings if expected in finding], found.findings


def _edit(folder: Path) -> None:
    (folder / V8).write_bytes((folder / V8).read_bytes() + b"DELETE FROM visits;\n")


def _rename(folder: Path) -> None:
    (folder / V8).rename(folder / "V8__visit_status.sql")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (_edit, f"{V8} was changed after it was applied"),
        (_rename, "V8__visit_status.sql was renamed after it was applied"),
    ],
)
def test_an_edited_or_renamed_script_is_found(
    harm: Callable[[Path], None], expected: str, spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    harm(scripts)
    found = HistoryAssessments(
        make_database_context(spare("migrated"), tmp_path, locations=[scripts])
    ).assess_file_changes()
    assert [finding for finding in found.findings if expected in finding]


def test_an_edit_below_a_baseline_is_found(
    spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    """`flyway validate` looks at nothing at or below it."""
    _edit(scripts)
    history = spare("migrated", row(11, "9", kind="BASELINE", script="<< B >>", checksum="null"))
    assert any(
        V8 in finding
        for finding in HistoryAssessments(
            make_database_context(history, tmp_path, locations=[scripts])
        )
        .assess_file_changes()
        .findings
    )


def test_a_comment_that_swallows_a_statement_has_the_same_checksum_and_is_found(
    spare: CopyDatabase, scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""Flyway's checksum leaves out line ends: `-- x\nDELETE …` and `-- xDELETE …` are one.

    The snapshot's SHA-256 tells them apart.
    """
    site = make_database_context(spare("migrated"), tmp_path, locations=[scripts])
    remembers(site, monkeypatch)
    content = (scripts / V9).read_bytes()
    assert b"\n" in content
    (scripts / V9).write_bytes(content.replace(b"\n", b"", 1))
    keeper = HistoryAssessments(site)._history.check_file_changes()
    assert not keeper.findings
    assert [
        finding
        for finding in HistoryAssessments(site).assess_file_changes().findings
        if finding.startswith(f"{V9} is not the file that the snapshot recorded")
    ]


def test_a_script_repaired_together_with_its_row_is_found(
    spare: CopyDatabase, scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`flyway repair` writes the edited script's checksum into its row: both agree again, and only
    the snapshot remembers.
    """
    dsn = spare("migrated")
    site = make_database_context(dsn, tmp_path, locations=[scripts])
    remembers(site, monkeypatch)
    _edit(scripts)
    [now] = [
        script["checksum"]
        for name, script in capture_history(site)["scripts"].items()
        if name == V8
    ]
    repaired = make_database_context(
        spare("migrated", f"{UPDATE} checksum = {now} WHERE version = '8'"),
        tmp_path,
        locations=[scripts],
    )
    found = HistoryAssessments(repaired).assess_file_changes().findings
    assert not HistoryAssessments(repaired)._history.check_file_changes().findings
    assert [
        finding
        for finding in found
        if f"row 8 ({V8}) was rewritten since the snapshot (checksum)" in finding
    ]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "DELETE FROM flyway_schema_history WHERE version = '3'",
            "row 3 (V3__visits.sql) is gone since the snapshot",
        ),
        (
            row(11, "3", kind="DELETE", script="V3__visits.sql", checksum="null"),
            "got a DELETE row since the snapshot",
        ),
        (
            row(11, "10", kind="BASELINE", script="<< B >>", checksum="null"),
            "got a BASELINE row since the snapshot",
        ),
    ],
)
def test_a_history_that_was_rewritten_is_found(
    statement: str,
    expected: str,
    spare: CopyDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remembers(make_database_context(spare("migrated"), tmp_path), monkeypatch)
    found = HistoryAssessments(
        make_database_context(spare("migrated", statement), tmp_path)
    ).assess_file_changes()
    assert [finding for finding in found.findings if expected in finding], found.findings


def test_a_script_that_came_after_the_snapshot_is_found(
    spare: CopyDatabase, scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_database_context(spare("migrated"), tmp_path, locations=[scripts])
    remembers(site, monkeypatch)
    (scripts / "V11__late.sql").write_text("SELECT 1;")
    (scripts / V9).unlink()
    found = HistoryAssessments(site).assess_file_changes().findings
    assert [
        finding
        for finding in found
        if finding.startswith("V11__late.sql was not there when the snapshot was taken")
    ]
    assert f"{V9} is gone since the snapshot" in found


def test_the_snapshot_of_before_the_cutover_knows_the_scripts_of_after_it(
    spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    dsn = spare("before")
    site = make_database_context(dsn, tmp_path, locations=[scripts])
    take_snapshot(site)
    migrate.migrate(dsn)
    assert_passed(HistoryAssessments(site).assess_file_changes())
    (scripts / V9).write_bytes((scripts / V9).read_bytes() + b"\n")
    assert [
        finding
        for finding in HistoryAssessments(site).assess_file_changes().findings
        if finding.startswith(f"{V9} is not the file that the snapshot recorded")
    ]


def test_without_a_snapshot_the_checksum_alone_proves_nothing(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    with pytest.raises(
        NotProven,
        match="cannot be seen without a snapshot of the history: there is no snapshot of tried",
    ):
        assert_passed(
            HistoryAssessments(
                make_database_context(spare("migrated"), tmp_path)
            ).assess_file_changes()
        )


def test_a_script_applied_out_of_order_is_found_unless_it_is_allowed(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """`flyway validate` lets it through."""
    dsn = spare("migrated", UPDATE + "installed_rank = 11 WHERE version = '8'")
    [late, hole] = HistoryAssessments(make_database_context(dsn, tmp_path)).assess_order().findings
    assert late.startswith(f"{V8} was applied after a higher version")
    assert hole == "the history has no row 8, though later ones: somebody took it out"
    assert not [
        each
        for each in HistoryAssessments(make_database_context(dsn, tmp_path, out_of_order=True))
        .assess_order()
        .findings
        if V8 in each
    ]


@pytest.mark.parametrize("taken", ["1", "5"])
def test_a_row_taken_out_leaves_a_hole_that_is_found(
    taken: str, spare: CopyDatabase, tmp_path: Path
) -> None:
    found = HistoryAssessments(
        make_database_context(
            spare("migrated", f"DELETE FROM flyway_schema_history WHERE version = '{taken}'"),
            tmp_path,
        )
    ).assess_order()
    assert (
        f"the history has no row {taken}, though later ones: somebody took it out" in found.findings
    )


def test_a_hole_that_the_snapshot_had_already_is_not_this_migrations(
    spare: CopyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make_database_context(
        spare("migrated", UPDATE + "installed_rank = 11 WHERE installed_rank = 4"),
        tmp_path,
        out_of_order=True,
    )
    assert HistoryAssessments(site).assess_order().findings == (
        "the history has no row 4, though later ones: somebody took it out",
    )
    remembers(site, monkeypatch)
    assert_passed(HistoryAssessments(site).assess_order())


@pytest.mark.parametrize("locations", [[], ["nowhere"], ["."]])
def test_without_scripts_nothing_is_proven(
    locations: list[str], spare: CopyDatabase, tmp_path: Path
) -> None:
    """`flyway validate` is content with an empty folder."""
    site = make_database_context(spare("migrated"), tmp_path, locations=locations)
    for examine in (
        HistoryAssessments(site).assess_completeness,
        HistoryAssessments(site).assess_file_changes,
        HistoryAssessments(site).assess_order,
    ):
        with pytest.raises(NotProven):
            examine()


@pytest.mark.parametrize(
    "name", ["v11__small.sql", "V11_single.sql", "V__none.sql", "R_single.sql"]
)
def test_a_script_that_flyway_does_not_see_is_found(
    name: str, spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    (scripts / name).write_text("SELECT 1;")
    found = HistoryAssessments(
        make_database_context(spare("migrated"), tmp_path, locations=[scripts])
    ).assess_completeness()
    assert [
        finding
        for finding in found.findings
        if finding.startswith(f"{name} looks like a migration, but Flyway does not see it")
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("V8.0__twice.sql", b"", "and V8__visit_status_in_words.sql have the same version (or"),
        ("V11__latin.sql", b"-- \xe9", "V11__latin.sql is not UTF-8"),
    ],
)
def test_a_script_that_flyway_refuses_is_found(
    name: str, content: bytes, expected: str, spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    (scripts / name).write_bytes(content)
    found = HistoryAssessments(
        make_database_context(spare("migrated"), tmp_path, locations=[scripts])
    ).assess_completeness()
    assert [finding for finding in found.findings if expected in finding]


def test_a_program_of_flyway_is_not_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    found = HistoryAssessments(
        make_database_context(
            spare(
                "migrated",
                row(11, "9.5", kind="JDBC", script="db.migration.V9_5__Fill", checksum="null"),
            ),
            tmp_path,
        )
    ).assess_completeness()
    assert found.not_proven == (
        (
            "db.migration.V9_5__Fill was applied by a program (JDBC): it cannot be held against a"
            " script"
        ),
    )


def test_another_table_can_be_named(spare: CopyDatabase, tmp_path: Path) -> None:
    move = (
        "CREATE SCHEMA ops; ALTER TABLE flyway_schema_history SET SCHEMA ops; ALTER TABLE"
        " ops.flyway_schema_history RENAME TO done"
    )
    moved = spare("migrated", move)
    assert_passed(
        HistoryAssessments(
            make_database_context(moved, tmp_path, history_table="ops.done")
        ).assess_completeness()
    )
    assert HistoryAssessments(make_database_context(moved, tmp_path)).assess_completeness().findings
