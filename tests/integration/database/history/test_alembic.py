"""Alembic's history: applied is what the table's revisions were built on."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.history import assessments as asking
from cutover_gates.probes.database.history.assessments import HistoryAssessments, capture_history
from cutover_gates.probes.database.history.history_record import HistoryRecord
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
    ("at", "files", "finding"),
    [
        (["b2"], LINE, "versions/3_c.py is not applied (revision c3)"),
        (["d4"], LINE, "the database is at revision d4, which the release does not have"),
        ([], LINE, "the table public.alembic_version is empty: no migration was applied"),
        (
            ["c3"],
            {**LINE, "versions/4_d.py": revision("d4", "a1")},
            "versions/4_d.py is not applied (revision d4)",
        ),
        (
            ["c3"],
            {**LINE, "versions/3_d.py": revision("c3", "b2")},
            "versions/3_d.py and versions/3_c.py are both revision c3",
        ),
        (
            ["c3"],
            {**LINE, "versions/2_b.py": revision("b2", "a0")},
            "versions/2_b.py is built on revision a0, which the release does not have",
        ),
    ],
)
def test_what_is_not_applied_as_released_is_found(
    at: list[str], files: dict[str, str], finding: str, empty: str, tmp_path: Path
) -> None:
    assert finding in history(empty, tmp_path, files, *at).assess_completeness().findings


def test_a_merge_has_both_of_its_branches(empty: str, tmp_path: Path) -> None:
    files = {
        **LINE,
        "versions/4_d.py": revision("d4", "a1"),
        "versions/5_e.py": revision("e5", ("c3", "d4")),
    }
    assert history(empty, tmp_path, files, "e5").assess_completeness().findings == ()


def test_several_heads_and_a_row_written_by_hand_are_found(empty: str, tmp_path: Path) -> None:
    found = (
        history(
            empty, tmp_path, {**LINE, "versions/4_d.py": revision("d4", "a1")}, "c3", "d4", "b2"
        )
        .assess_order()
        .findings
    )
    assert found == (
        "the release has 2 heads (c3, d4): `alembic upgrade head` refuses",
        (
            "the database names revision b2 and also one that was built on it: its history was"
            " written by hand"
        ),
    )


def test_a_changed_revision_is_found_by_the_snapshot(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = history(empty, tmp_path, LINE, "c3")
    kept = HistoryRecord.from_plain(capture_history(asked.site))
    monkeypatch.setattr(asking, "_load_snapshot_history", lambda _site: kept)
    assert asked.assess_file_changes().findings == ()
    write_files(tmp_path / "alembic", {"versions/2_b.py": revision("b2", "a1") + "# and more\n"})
    assert [
        each
        for each in HistoryAssessments(asked.site).assess_file_changes().findings
        if each.startswith("versions/2_b.py is not the file that the snapshot")
    ]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"env.py": ""}, "no revision of Alembic was found"),
        ({"a.py": "revision = new()"}, "is no literal"),
        ({"a.py": "revision ="}, "it is no Python"),
    ],
)
def test_what_cannot_be_read_proves_nothing(
    files: dict[str, str], reason: str, empty: str, tmp_path: Path
) -> None:
    with pytest.raises(NotProven, match=reason):
        history(empty, tmp_path, files, "c3").assess_completeness()


def test_without_its_table_nothing_was_applied(empty: str, tmp_path: Path) -> None:
    site = make_database_context(
        empty, tmp_path, tool="alembic", locations=[write_files(tmp_path / "alembic", LINE)]
    )
    assert HistoryAssessments(site).assess_completeness().findings == (
        (
            "the database has no table public.alembic_version, so nothing says which migrations it"
            " has had"
        ),
    )
