"""The columns that differ from the snapshot are named, each with the number of its keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.probes.database.measurement.column_sums import (
    ColumnSums,
    choose_groups,
    find_differing_columns,
)
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.snapshot.store import load_snapshot
from tests.integration.database.backup import dump_files
from tests.integration.database.rows.conftest import CutoverDatabase, StartCutover

PEOPLE = (
    "CREATE TABLE t (id int PRIMARY KEY, name text, city text, updated_at timestamptz, seen date)",
    "INSERT INTO t SELECT g, 'n' || g, 'c' || g, '2026-01-01', NULL"
    " FROM generate_series(1, 20000) g",
)
KEYLESS = (
    "CREATE TABLE t (name text, city text)",
    "INSERT INTO t SELECT 'n' || g, 'c' || g FROM generate_series(1, 500) g",
)


def test_a_new_time_of_change_does_not_look_like_damaged_rows(start_cutover: StartCutover) -> None:
    """All 20,000 rows have another time, and three of them another city: both are told apart."""
    cutover = start_cutover(*PEOPLE)
    cutover.run_statements(
        "UPDATE t SET updated_at = now()", "UPDATE t SET city = '' WHERE id IN (7, 8, 9)"
    )
    actual = _only_finding(cutover)
    assert "columns city (about 3 keys), updated_at (at least 256 keys)" in actual


@pytest.mark.parametrize(
    ("harm", "columns"),
    [
        ("UPDATE t SET seen = '2026-01-01' WHERE id = 4", "seen (1 key)"),
        ("UPDATE t SET name = NULL WHERE id = 4", "name (1 key)"),
        (
            "UPDATE t SET name = CASE id WHEN 4 THEN 'n5' ELSE 'n4' END WHERE id IN (4, 5)",
            "name (about 2 keys)",
        ),
        ("UPDATE t SET name = city, city = name WHERE id = 4", "city (1 key), name (1 key)"),
    ],
)
def test_a_column_is_named(start_cutover: StartCutover, harm: str, columns: str) -> None:
    cutover = start_cutover(*PEOPLE)
    cutover.run_statements(harm)
    assert f"columns {columns};" in _only_finding(cutover)


def test_columns_of_rows_that_stayed_are_named_beside_a_lost_row(
    start_cutover: StartCutover,
) -> None:
    cutover = start_cutover(*PEOPLE)
    cutover.run_statements("DELETE FROM t WHERE id = 9", "UPDATE t SET city = '' WHERE id = 4")
    assert "columns city (1 key);" in _only_finding(cutover)


def test_a_table_without_a_key_names_its_columns(start_cutover: StartCutover) -> None:
    cutover = start_cutover(*KEYLESS)
    cutover.run_statements("UPDATE t SET city = '' WHERE name = 'n4'")
    assert _only_finding(cutover).endswith("columns city")


def test_a_declared_column_that_was_filled_wrongly_is_named(start_cutover: StartCutover) -> None:
    cutover = start_cutover(
        *PEOPLE, tables={"t": {"becomes": {"city": "upper(city)"}, "drops": ["seen"]}}
    )
    cutover.run_statements(
        "UPDATE t SET city = upper(city)",
        "UPDATE t SET city = 'c4' WHERE id = 4",
        "ALTER TABLE t DROP COLUMN seen",
    )
    assert "columns city (1 key);" in _only_finding(cutover)


def test_sums_of_columns_are_kept_in_the_snapshot(start_cutover: StartCutover) -> None:
    stats = _stats(start_cutover(*PEOPLE))
    assert stats.column_sums is not None
    assert len(stats.column_sums.keys) == choose_groups(1 << 20, has_key=True)
    assert stats.column_sums.columns.keys() == {"id", "name", "city", "updated_at", "seen"}
    assert sum(stats.column_sums.keys) % (1 << 64) == (stats.sums and stats.sums.keys)
    assert stats.expected_column_sums is None


def test_a_snapshot_from_before_these_sums_is_read(start_cutover: StartCutover) -> None:
    plain = _stats(start_cutover(*KEYLESS)).to_plain()
    del plain["column_sums"], plain["expected_column_sums"]
    assert TableStats.from_plain(plain).column_sums is None


def test_sums_in_other_groups_are_not_compared() -> None:
    one = ColumnSums((1,), {"a": (1,)})
    assert find_differing_columns(one, ColumnSums((1, 2), {"a": (1, 2)})) == []


def _only_finding(cutover: CutoverDatabase) -> str:
    (finding,) = cutover.rows.assess_contents().findings
    return finding.actual


def _stats(cutover: CutoverDatabase) -> TableStats:
    (path,) = Path(cutover.context.snapshots).glob("*.gz")
    return load_snapshot(path).figures.tables["public.t"]


def test_the_counts_name_the_keys_that_were_lost(
    start_cutover: StartCutover, tmp_path: Path
) -> None:
    """A reader of the count must not have to look for the keys in another check."""
    cutover = start_cutover(*PEOPLE, backup={"path": "a.*"})
    dump_files.archive(cutover.dsn, tmp_path)
    cutover.run_statements(
        "DELETE FROM t WHERE id IN (9, 700)", "UPDATE t SET city = '' WHERE id = 4"
    )
    (finding,) = cutover.rows.assess_counts().findings
    assert (
        finding.actual == "19998 rows; missing keys 700, 9; columns city (1 key: 4); changed keys 4"
    )
