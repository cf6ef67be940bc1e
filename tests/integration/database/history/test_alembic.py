"""Alembic's history: whatever the table's revisions are built on is applied."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.history import assessments as asking
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments, capture_history
from tests.findings import list_breaches, raises_gap
from tests.integration.database.contexts import make_database_context
from tests.standins.flyway_history import write_files

REVISION = (
    'raise RuntimeError("a gate never runs a release\'s code")\nrevision: str = "{}"\ndown_revision'
    " = {!r}\nbranch_labels = None\n"
)


def revision(name: str, before: str | tuple[str, ...] | None) -> str:
    return REVISION.format(name, before)


LINE = {
    "env.py": "raise RuntimeError",
    "versions/1_a.py": revision("a1", None),
    "versions/2_b.py": revision("b2", "a1"),
    "versions/3_c.py": revision("c3", "b2"),
}


def history(dsn: str, folder: Path, files: dict[str, str], *at: str) -> HistoryAssessments:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
        for version in at:
            connection.execute("INSERT INTO alembic_version VALUES (%s)", [version])
    return HistoryAssessments(
        make_database_context(
            dsn, folder, tool="alembic", locations=[write_files(folder / "alembic", files)]
        )
    )


def test_at_the_head_everything_is_applied(empty: str, tmp_path: Path) -> None:
    found = history(empty, tmp_path, LINE, "c3")
    assert found.assess_completeness().checked == ("a1", "b2", "c3")
    assert found.assess_completeness().findings == found.assess_order().findings == ()
    assert len(found.assess_file_changes().checked) == 3


@pytest.mark.parametrize(
    ("at", "files", "breach"),
    [
        (["b2"], LINE, (rules.MIGRATIONS_APPLIED, "versions/3_c.py")),
        (["d4"], LINE, (rules.KNOWN_MIGRATIONS, "revision d4")),
        ([], LINE, (rules.MIGRATIONS_APPLIED, "public.alembic_version")),
        (
            ["c3"],
            {**LINE, "versions/4_d.py": revision("d4", "a1")},
            (rules.MIGRATIONS_APPLIED, "versions/4_d.py"),
        ),
        (
            ["c3"],
            {**LINE, "versions/3_d.py": revision("c3", "b2")},
            (rules.USABLE_SCRIPTS, "versions/3_d.py and versions/3_c.py"),
        ),
        (
            ["c3"],
            {**LINE, "versions/2_b.py": revision("b2", "a0")},
            (rules.USABLE_SCRIPTS, "versions/2_b.py"),
        ),
    ],
)
def test_what_is_not_applied_as_released_is_found(
    at: list[str], files: dict[str, str], breach: tuple[Rule, str], empty: str, tmp_path: Path
) -> None:
    assessment = history(empty, tmp_path, files, *at).assess_completeness()
    assert breach in list_breaches(assessment)


def test_a_merge_has_both_of_its_branches(empty: str, tmp_path: Path) -> None:
    files = {
        **LINE,
        "versions/4_d.py": revision("d4", "a1"),
        "versions/5_e.py": revision("e5", ("c3", "d4")),
    }
    assert history(empty, tmp_path, files, "e5").assess_completeness().findings == ()


def test_several_heads_and_a_row_written_by_hand_are_found(empty: str, tmp_path: Path) -> None:
    files = {**LINE, "versions/4_d.py": revision("d4", "a1")}
    assessment = history(empty, tmp_path, files, "c3", "d4", "b2").assess_order()
    assert list_breaches(assessment) == [
        (rules.USABLE_SCRIPTS, "heads of the release"),
        (rules.HISTORY_UNTOUCHED, "revision b2"),
    ]
    assert assessment.findings[0].actual == "c3, d4"


def test_a_changed_revision_is_found_by_the_snapshot(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = history(empty, tmp_path, LINE, "c3")
    kept = capture_history(asked.context)
    monkeypatch.setattr(asking, "_load_snapshot_history", lambda _context: kept)
    assert asked.assess_file_changes().findings == ()
    write_files(tmp_path / "alembic", {"versions/2_b.py": revision("b2", "a1") + "# and more\n"})
    changes = HistoryAssessments(asked.context).assess_file_changes()
    assert list_breaches(changes) == [(rules.RECORDED_FILES, "versions/2_b.py")]


@pytest.mark.parametrize(
    ("files", "rule", "subject"),
    [
        ({"env.py": ""}, rules.SCRIPTS_FOUND, "migrations.locations"),
        ({"a.py": "revision = new()"}, rules.COMPARABLE_MIGRATIONS, "a.py"),
        ({"a.py": "revision ="}, rules.USABLE_SCRIPTS, "a.py"),
    ],
)
def test_what_cannot_be_read_proves_nothing(
    files: dict[str, str], rule: Rule, subject: str, empty: str, tmp_path: Path
) -> None:
    with raises_gap(rule) as raised:
        history(empty, tmp_path, files, "c3").assess_completeness()
    assert raised.value.gaps[0].subject == subject


def test_without_its_table_nothing_was_applied(empty: str, tmp_path: Path) -> None:
    context = make_database_context(
        empty, tmp_path, tool="alembic", locations=[write_files(tmp_path / "alembic", LINE)]
    )
    assert list_breaches(HistoryAssessments(context).assess_completeness()) == [
        (rules.HISTORY_TABLE, "public.alembic_version")
    ]
