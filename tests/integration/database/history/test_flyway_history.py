"""Each defect of a history is found by rule and name; a clean one gives no finding.

The database is the embedded hospital's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import assessments as asking
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments, capture_history
from cutover_gates.probes.database.history.history_record import HistoryRecord
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import migrate
from tests.findings import list_breaches, list_gaps, list_values, raises_gap
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import copy_scripts_of_night, make_database_context

UPDATE = "UPDATE flyway_schema_history SET "
FAKE = (
    "INSERT INTO flyway_schema_history VALUES ({rank}, '{version}', '{what}', '{kind}', '{script}',"
    " {checksum}, 'somebody', now(), 1, {success})"
)
V8 = "V8__visit_status_in_words.sql"
V9 = "V9__document_size_and_digest.sql"
V11 = "V11__drop_what_only_the_release_before_uses.sql"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The release's scripts, to be changed."""
    return copy_scripts_of_night(tmp_path / "sql")


def remembers(context: DatabaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Act as if the snapshot had been taken now. It passes through JSON, as a snapshot does."""
    record = capture_history(context)
    assert record is not None
    kept = HistoryRecord.from_plain(json.loads(json.dumps(record.as_plain())))
    monkeypatch.setattr(asking, "_load_snapshot_history", lambda _context: kept)


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


def examined(context: DatabaseContext) -> dict[str, Assessment]:
    history = HistoryAssessments(context)
    return {
        "applied": history.assess_completeness(),
        "unaltered": history.assess_file_changes(),
        "in order": history.assess_order(),
    }


def test_the_hospital_after_its_cutover_is_clean(
    unchanged: CopyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_database_context(unchanged("migrated"), tmp_path)
    remembers(context, monkeypatch)
    found = examined(context)
    for assessment in found.values():
        assert_passed(assessment)
    # Above the point of no return a script is compared, and need not be applied.
    counts = {name: len(assessment.checked) for name, assessment in found.items()}
    assert counts == {"applied": 11, "unaltered": 11, "in order": 10}


def test_what_a_later_night_applied_is_found_while_the_release_before_may_come_back(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """The week after it is what was planned, unless it failed or is another script."""
    dsn = spare("migrated")
    history = HistoryAssessments(make_database_context(dsn, tmp_path))
    assert_passed(history.assess_point_of_no_return())
    contraction = history.assess_contraction()
    assert_passed(contraction)
    assert contraction.figures["pending"] == [V11]

    migrate.migrate(dsn, to=None)
    history = HistoryAssessments(make_database_context(dsn, tmp_path))
    assert list_breaches(history.assess_point_of_no_return()) == [(rules.POINT_NOT_PASSED, V11)]
    contraction = history.assess_contraction()
    assert_passed(contraction)
    assert contraction.figures["pending"] == []

    with psycopg.connect(dsn) as connection:
        connection.execute(UPDATE.encode() + b"success = false, checksum = 1 WHERE version = '11'")
    contraction = HistoryAssessments(make_database_context(dsn, tmp_path)).assess_contraction()
    assert list_breaches(contraction) == [
        (rules.MIGRATIONS_SUCCEEDED, V11),
        (rules.FILES_UNCHANGED, V11),
    ]


def test_a_point_that_no_script_has_is_found(unchanged: CopyDatabase, tmp_path: Path) -> None:
    """Flyway refuses such a target."""
    history = HistoryAssessments(
        make_database_context(unchanged("migrated"), tmp_path, point_of_no_return="10.1")
    )
    breaches = list_breaches(history.assess_completeness())
    assert (rules.USABLE_SCRIPTS, "migrations.point_of_no_return") in breaches


def test_before_the_cutover_its_migrations_are_pending(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    found = HistoryAssessments(
        make_database_context(unchanged("before"), tmp_path)
    ).assess_completeness()
    assert (rules.MIGRATIONS_APPLIED, V8) in list_breaches(found)
    assert (V8, "applied", "not applied (Pending)") in list_values(found)
    assert (
        "the database",
        "version 10, as the release's highest script",
        "version 6",
    ) in list_values(found)


TAMPERED = {
    "a row that was deleted by hand": (
        "DELETE FROM flyway_schema_history WHERE version = '8'",
        rules.MIGRATIONS_APPLIED,
        V8,
        "(Ignored)",
    ),
    "a failed script": (
        UPDATE + "success = false WHERE version = '8'",
        rules.MIGRATIONS_SUCCEEDED,
        V8,
        "(Failed)",
    ),
    "a script of another release": (
        row(11, "12", script="V12__x.sql"),
        rules.KNOWN_MIGRATIONS,
        "V12__x.sql",
        "(Future)",
    ),
    "a script of a later night": (
        row(11, "11", script=V11),
        rules.POINT_NOT_PASSED,
        V11,
        "applied (Success)",
    ),
    "a script of a later night that failed": (
        row(11, "11", script=V11, success="false"),
        rules.POINT_NOT_PASSED,
        V11,
        "applied (Failed)",
    ),
    "a script that the release has not": (
        row(11, "8.1", script="V8.1__x.sql"),
        rules.KNOWN_MIGRATIONS,
        "V8.1__x.sql",
        "(Missing)",
    ),
    "a baseline that stands for everything": (
        "DELETE FROM flyway_schema_history WHERE installed_rank > 6; "
        + row(7, "10", kind="BASELINE", script="<< B >>"),
        rules.MIGRATIONS_APPLIED,
        "the database",
        "version 6",
    ),
    "no history": (
        "DROP TABLE flyway_schema_history",
        rules.HISTORY_TABLE,
        "public.flyway_schema_history",
        "no such table",
    ),
    "an empty history": (
        "DELETE FROM flyway_schema_history",
        rules.MIGRATIONS_APPLIED,
        "the database",
        "version none",
    ),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_is_not_applied_as_released_is_found(
    name: str, spare: CopyDatabase, tmp_path: Path
) -> None:
    statement, rule, subject, actual = TAMPERED[name]
    found = HistoryAssessments(
        make_database_context(spare("migrated", statement), tmp_path)
    ).assess_completeness()
    values = {finding.subject: finding.actual for finding in found.findings if finding.rule == rule}
    assert values[subject].endswith(actual), found.findings


def _edit(folder: Path) -> None:
    (folder / V8).write_bytes((folder / V8).read_bytes() + b"DELETE FROM visits;\n")


def _rename(folder: Path) -> None:
    (folder / V8).rename(folder / "V8__visit_status.sql")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (_edit, (V8, "checksum")),
        (_rename, ("V8__visit_status.sql", "description")),
    ],
)
def test_an_edited_or_renamed_script_is_found(
    harm: Callable[[Path], None],
    expected: tuple[str, str],
    unchanged: CopyDatabase,
    scripts: Path,
    tmp_path: Path,
) -> None:
    harm(scripts)
    found = HistoryAssessments(
        make_database_context(unchanged("migrated"), tmp_path, locations=[scripts])
    ).assess_file_changes()
    alterations = [
        (finding.subject, finding.expected.partition(" ")[0])
        for finding in found.findings
        if finding.rule == rules.FILES_UNCHANGED
    ]
    assert alterations == [expected]


def test_an_edit_below_a_baseline_is_found(
    spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    """`flyway validate` looks at nothing at or below it."""
    _edit(scripts)
    history = spare("migrated", row(11, "9", kind="BASELINE", script="<< B >>", checksum="null"))
    assessment = HistoryAssessments(
        make_database_context(history, tmp_path, locations=[scripts])
    ).assess_file_changes()
    assert (rules.FILES_UNCHANGED, V8) in list_breaches(assessment)


def test_a_comment_that_swallows_a_statement_has_the_same_checksum_and_is_found(
    unchanged: CopyDatabase, scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""Flyway's checksum leaves out line ends: `-- x\nDELETE …` and `-- xDELETE …` are one.

    The snapshot's SHA-256 tells them apart.
    """
    context = make_database_context(unchanged("migrated"), tmp_path, locations=[scripts])
    remembers(context, monkeypatch)
    content = (scripts / V9).read_bytes()
    assert b"\n" in content
    (scripts / V9).write_bytes(content.replace(b"\n", b"", 1))
    keeper = HistoryAssessments(context)._history.check_file_changes()
    assert not keeper.findings
    changes = HistoryAssessments(context).assess_file_changes()
    assert (rules.RECORDED_FILES, V9) in list_breaches(changes)


def test_a_script_repaired_together_with_its_row_is_found(
    spare: CopyDatabase,
    unchanged: CopyDatabase,
    scripts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`flyway repair` writes the edited script's checksum into its row: both agree again, and only
    the snapshot remembers.
    """
    dsn = unchanged("migrated")
    context = make_database_context(dsn, tmp_path, locations=[scripts])
    remembers(context, monkeypatch)
    _edit(scripts)
    record = capture_history(context)
    assert record is not None
    now = record.files[V8].checksum
    repaired = make_database_context(
        spare("migrated", f"{UPDATE} checksum = {now} WHERE version = '8'"),
        tmp_path,
        locations=[scripts],
    )
    found = HistoryAssessments(repaired).assess_file_changes()
    assert not HistoryAssessments(repaired)._history.check_file_changes().findings
    assert (rules.HISTORY_UNTOUCHED, f"row 8 ({V8})") in list_breaches(found)
    assert (f"row 8 ({V8})", "as in the snapshot", "rewritten: checksum") in list_values(found)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "DELETE FROM flyway_schema_history WHERE version = '3'",
            ("row 3 (V3__visits.sql)", "gone"),
        ),
        (
            row(11, "3", kind="DELETE", script="V3__visits.sql", checksum="null"),
            ("row 11 (V3__visits.sql)", "a new DELETE row, which no script made"),
        ),
        (
            row(11, "10", kind="BASELINE", script="<< B >>", checksum="null"),
            ("row 11 (<< B >>)", "a new BASELINE row, which no script made"),
        ),
    ],
)
def test_a_history_that_was_rewritten_is_found(
    statement: str,
    expected: tuple[str, str],
    spare: CopyDatabase,
    unchanged: CopyDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remembers(make_database_context(unchanged("migrated"), tmp_path), monkeypatch)
    found = HistoryAssessments(
        make_database_context(spare("migrated", statement), tmp_path)
    ).assess_file_changes()
    touched = [each for each in found.findings if each.rule == rules.HISTORY_UNTOUCHED]
    assert expected in [(finding.subject, finding.actual) for finding in touched]


def test_a_script_that_came_after_the_snapshot_is_found(
    unchanged: CopyDatabase, scripts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_database_context(unchanged("migrated"), tmp_path, locations=[scripts])
    remembers(context, monkeypatch)
    (scripts / "V11__late.sql").write_text("SELECT 1;")
    (scripts / V9).unlink()
    found = HistoryAssessments(context).assess_file_changes()
    values = {each.subject: each.actual for each in found.findings}
    assert {finding.rule for finding in found.findings} == {rules.RECORDED_FILES}
    assert values == {"V11__late.sql": "a file", V9: "gone"}


def test_the_snapshot_of_before_the_cutover_knows_the_scripts_of_after_it(
    spare: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    dsn = spare("before")
    context = make_database_context(dsn, tmp_path, locations=[scripts])
    take_snapshot(context)
    migrate.migrate(dsn)
    assert_passed(HistoryAssessments(context).assess_file_changes())
    (scripts / V9).write_bytes((scripts / V9).read_bytes() + b"\n")
    changes = HistoryAssessments(context).assess_file_changes()
    assert (rules.RECORDED_FILES, V9) in list_breaches(changes)


def test_without_a_snapshot_the_checksum_alone_proves_nothing(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    with raises_gap(rules.RECORDED_FILES):
        assert_passed(
            HistoryAssessments(
                make_database_context(unchanged("migrated"), tmp_path)
            ).assess_file_changes()
        )


def test_a_script_applied_out_of_order_is_found_unless_it_is_allowed(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """`flyway validate` lets it through."""
    dsn = spare("migrated", UPDATE + "installed_rank = 11 WHERE version = '8'")
    forbidden = HistoryAssessments(make_database_context(dsn, tmp_path)).assess_order()
    assert list_breaches(forbidden) == [
        (rules.APPLIED_IN_ORDER, V8),
        (rules.HISTORY_UNTOUCHED, "row 8"),
    ]
    allowed = HistoryAssessments(make_database_context(dsn, tmp_path, out_of_order=True))
    assert list_breaches(allowed.assess_order()) == [(rules.HISTORY_UNTOUCHED, "row 8")]


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
    assert (rules.HISTORY_UNTOUCHED, f"row {taken}") in list_breaches(found)


def test_a_hole_that_the_snapshot_had_already_is_not_this_migrations(
    spare: CopyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_database_context(
        spare("migrated", UPDATE + "installed_rank = 11 WHERE installed_rank = 4"),
        tmp_path,
        out_of_order=True,
    )
    assert list_breaches(HistoryAssessments(context).assess_order()) == [
        (rules.HISTORY_UNTOUCHED, "row 4")
    ]
    remembers(context, monkeypatch)
    assert_passed(HistoryAssessments(context).assess_order())


@pytest.mark.parametrize("locations", [[], ["nowhere"], ["."]])
def test_without_scripts_nothing_is_proven(
    locations: list[str], unchanged: CopyDatabase, tmp_path: Path
) -> None:
    """`flyway validate` is content with an empty folder."""
    context = make_database_context(unchanged("migrated"), tmp_path, locations=locations)
    for examine in (
        HistoryAssessments(context).assess_completeness,
        HistoryAssessments(context).assess_file_changes,
        HistoryAssessments(context).assess_order,
    ):
        with raises_gap(rules.SCRIPTS_FOUND):
            examine()


@pytest.mark.parametrize(
    "name", ["v11__small.sql", "V11_single.sql", "V__none.sql", "R_single.sql"]
)
def test_a_script_that_flyway_does_not_see_is_found(
    name: str, unchanged: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    (scripts / name).write_text("SELECT 1;")
    found = HistoryAssessments(
        make_database_context(unchanged("migrated"), tmp_path, locations=[scripts])
    ).assess_completeness()
    assert (rules.USABLE_SCRIPTS, name) in list_breaches(found)


@pytest.mark.parametrize(
    ("name", "content", "subject"),
    [
        ("V8.0__twice.sql", b"", f"V8.0__twice.sql and {V8}"),
        ("V11__latin.sql", b"-- \xe9", "V11__latin.sql"),
    ],
)
def test_a_script_that_flyway_refuses_is_found(
    name: str, content: bytes, subject: str, unchanged: CopyDatabase, scripts: Path, tmp_path: Path
) -> None:
    (scripts / name).write_bytes(content)
    found = HistoryAssessments(
        make_database_context(unchanged("migrated"), tmp_path, locations=[scripts])
    ).assess_completeness()
    assert (rules.USABLE_SCRIPTS, subject) in list_breaches(found)


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
    assert list_gaps(found) == [(rules.COMPARABLE_MIGRATIONS, "db.migration.V9_5__Fill")]
    assert "JDBC" in found.not_proven[0].actual


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
