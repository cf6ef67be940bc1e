"""Declarations that are written after the snapshot: allowed where its figures can show them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from tests.findings import list_breaches, list_gaps
from tests.integration.database.backup import dump_files
from tests.integration.database.false_alarms.conftest import StartSmall
from tests.integration.database.rows.conftest import CutoverDatabase

TABLE = (
    "CREATE TABLE t (id int PRIMARY KEY, v text, n int)",
    "INSERT INTO t SELECT g, 'v' || g, g * 10 FROM generate_series(1, 100) g",
    "CREATE TABLE u AS SELECT 1 AS id",
)
HARM = "UPDATE t SET v = 'x' WHERE id = 50"


@pytest.fixture
def named() -> dict[str, str]:
    return {"by": "Ada Example", "at": datetime.now(UTC).date().isoformat()}


def start(begin: StartSmall, folder: Path, *, backup: bool, **tables: Any) -> CutoverDatabase:
    settings: dict[str, Any] = {"backup": {"path": str(folder / "*.dump")}} if backup else {}
    database = begin(*TABLE, tables=tables, **settings)
    if backup:
        dump_files.archive(database.dsn, folder)
    return database


@pytest.mark.parametrize(
    ("declared", "happened"),
    [
        ({"becomes": {"v": "upper(v)"}}, "UPDATE t SET v = upper(v)"),
        (
            {"becomes": {"v": "upper(v)"}, "drops": ["n"]},
            "UPDATE t SET v = upper(v); ALTER TABLE t DROP COLUMN n",
        ),
        ({"grows_above": "id"}, "INSERT INTO t VALUES (101, 'new', 1)"),
        ({"rows_become": "SELECT count(*) + 1 FROM t"}, "INSERT INTO t VALUES (0, 'new', 1)"),
    ],
)
def test_the_restored_backup_shows_what_the_snapshot_does_not(
    start_small: StartSmall,
    named: dict[str, str],
    tmp_path: Path,
    declared: dict[str, Any],
    happened: str,
) -> None:
    database = start(start_small, tmp_path, backup=True)
    database.run_statements(happened)
    database.declare_tables(t={**declared, **named})
    counts = database.rows.assess_counts()
    assert_passed(counts)
    if "rows_become" not in declared:
        assert_passed(database.rows.assess_contents())
        database.run_statements(HARM)
        assert list_breaches(database.rows.assess_contents()) == [(rules.CONTENT, "t")]
    else:
        database.run_statements("DELETE FROM t WHERE id = 50")
        assert list_breaches(database.rows.assess_counts()) == [(rules.ROW_COUNT, "t")]
    (listed,) = counts.figures["declared after the snapshot"]
    assert (listed["table"], listed["by"], listed["shown_by"]) == (
        "t",
        "Ada Example",
        "the restored backup",
    )


@pytest.mark.parametrize(
    ("declared", "happened"),
    [
        ({"drops": ["n"]}, "ALTER TABLE t DROP COLUMN n"),
        ({"ignores": ["n"], "reason": "it counts"}, "UPDATE t SET n = n + 1"),
    ],
)
def test_the_sums_of_columns_show_what_is_left_without_a_backup(
    start_small: StartSmall,
    named: dict[str, str],
    tmp_path: Path,
    declared: dict[str, Any],
    happened: str,
) -> None:
    database = start(start_small, tmp_path, backup=False)
    database.run_statements(happened)
    database.declare_tables(t={**declared, **named})
    found = database.rows.assess_contents()
    assert_passed(found)
    (listed,) = found.figures["declared after the snapshot"]
    assert listed["shown_by"] == "the sums of the snapshot"
    database.run_statements(HARM)
    assert list_breaches(database.rows.assess_contents()) == [(rules.CONTENT, "t")]
    exchange = "UPDATE t SET v = 'v' || CASE id WHEN 50 THEN 51 WHEN 51 THEN 50 ELSE id END"
    database.run_statements(exchange)
    assert list_breaches(database.rows.assess_contents()) == [(rules.CONTENT, "t")]


def test_a_declaration_that_is_taken_away_reads_the_sums_otherwise(
    start_small: StartSmall, tmp_path: Path
) -> None:
    database = start(start_small, tmp_path, backup=False, t={"drops": ["n"]})
    database.declare_tables()
    assert_passed(database.rows.assess_contents())
    database.run_statements(HARM)
    assert list_breaches(database.rows.assess_contents()) == [(rules.CONTENT, "t")]


def test_without_a_backup_that_table_alone_is_not_proven(
    start_small: StartSmall, named: dict[str, str], tmp_path: Path
) -> None:
    database = start(start_small, tmp_path, backup=False)
    database.declare_tables(t={"becomes": {"v": "upper(v)"}, **named})
    found = database.rows.assess_contents()
    assert list_gaps(found) == [(snapshot_rules.SAME_DECLARATIONS, "t")]
    assert "u" in found.checked


def test_a_backup_with_other_rows_shows_nothing(
    start_small: StartSmall, named: dict[str, str], tmp_path: Path
) -> None:
    """Else a script that ran before the backup could be declared to be right."""
    database = start_small(*TABLE, backup={"path": str(tmp_path / "*.dump")})
    database.run_statements(HARM)
    dump_files.archive(database.dsn, tmp_path)
    database.declare_tables(t={"becomes": {"n": "n + 0"}, **named})
    (gap,) = database.rows.assess_contents().not_proven
    assert (gap.rule, gap.subject) == (snapshot_rules.SAME_DECLARATIONS, "t")
    assert "its rows are not those of the snapshot" in gap.actual


@pytest.mark.parametrize(
    "lacking", [{}, {"by": "Ada Example"}, {"by": "Ada Example", "at": "2020-01-01"}]
)
def test_a_later_declaration_of_nobody_is_not_proven(
    start_small: StartSmall, tmp_path: Path, lacking: dict[str, str]
) -> None:
    database = start(start_small, tmp_path, backup=True)
    database.run_statements("ALTER TABLE t DROP COLUMN n")
    database.declare_tables(t={"drops": ["n"], **lacking})
    found = database.rows.assess_contents()
    assert list_gaps(found) == [(snapshot_rules.SAME_DECLARATIONS, "t")]


def test_content_that_is_opened_later_needs_a_person(
    start_small: StartSmall, named: dict[str, str], tmp_path: Path
) -> None:
    database = start(start_small, tmp_path, backup=False)
    database.run_statements(HARM)
    opened = {"content": "any", "reason": "a cache"}
    database.declare_tables(t=opened)
    gaps = list_gaps(database.rows.assess_contents())
    assert gaps == [(snapshot_rules.SAME_DECLARATIONS, "t")]
    database.declare_tables(t={**opened, **named})
    assert_passed(database.rows.assess_contents())


MOVED = {"from": "SELECT id, v FROM t WHERE id > 50", "key": ["id"]}
SPLIT = "CREATE TABLE w AS SELECT id, v FROM t WHERE id > 50"


def test_a_query_declared_later_is_evaluated_on_the_restored_backup(
    start_small: StartSmall, tmp_path: Path
) -> None:
    database = start(start_small, tmp_path, backup=True)
    database.run_statements(SPLIT)
    database.declare_tables(w=MOVED)
    assert_passed(database.rows.assess_contents())


def test_a_query_declared_later_is_not_evaluated_on_another_database(
    start_small: StartSmall, tmp_path: Path
) -> None:
    """A row that the backup lost, too, would not be missed."""
    database = start(start_small, tmp_path, backup=True)
    database.run_statements("DELETE FROM t WHERE id = 60")
    dump_files.archive(database.dsn, tmp_path)
    database.run_statements("INSERT INTO t VALUES (60, 'v60', 600)", SPLIT)
    database.run_statements("DELETE FROM w WHERE id = 60")
    database.declare_tables(w=MOVED)
    assert (snapshot_rules.TABLES_MEASURED, "w") in list_gaps(database.rows.assess_contents())
