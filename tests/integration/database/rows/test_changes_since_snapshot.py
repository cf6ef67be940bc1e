"""Content that a migration is declared to change, and content that grows while people work."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from tests.integration.database.rows.conftest import StartCutover

TABLE = (
    "CREATE TABLE t (id int PRIMARY KEY, v text, n int)",
    "INSERT INTO t SELECT g, 'v' || g, g * 10 FROM generate_series(1, 100) g",
)
NEW, OLD_LOST, OLD_CHANGED = (
    "INSERT INTO t VALUES (101, 'new', 1)",
    "DELETE FROM t WHERE id = 50",
    "UPDATE t SET v = 'x' WHERE id = 50",
)


@pytest.mark.parametrize(
    ("declared", "happened"),
    [
        ({}, ("ALTER TABLE t ADD COLUMN came int DEFAULT 7",)),
        ({}, ("ALTER TABLE t ALTER n TYPE bigint, ALTER v TYPE varchar(255)",)),
        (
            {},
            (
                "CREATE TABLE u (n int, v text, id int PRIMARY KEY)",
                "INSERT INTO u SELECT n, v, id FROM t",
                "DROP TABLE t",
                "ALTER TABLE u RENAME TO t",
            ),
        ),
        ({}, ("CLUSTER t USING t_pkey", "VACUUM FULL t")),
        ({"becomes": {"n": "n::text"}}, ("ALTER TABLE t ALTER n TYPE text",)),
        ({"becomes": {"n": "n / 100.0"}}, ("ALTER TABLE t ALTER n TYPE numeric USING n / 100.0",)),
        ({"drops": ["n"]}, ("ALTER TABLE t DROP COLUMN n",)),
        (
            {"becomes": {"w": "upper(v)"}, "drops": ["v"]},
            ("ALTER TABLE t RENAME v TO w", "UPDATE t SET w = upper(w)"),
        ),
        ({"becomes": {"id": "id + 1000"}}, ("UPDATE t SET id = id + 1000",)),
        ({"grows_above": "id"}, (NEW,)),
        ({"grows_above": "id", "becomes": {"v": "upper(v)"}}, ("UPDATE t SET v = upper(v)", NEW)),
        ({"content": "any", "reason": "a cache"}, (OLD_CHANGED,)),
    ],
)
def test_what_was_declared_is_accepted(
    nights: StartCutover, declared: dict[str, Any], happened: tuple[str, ...]
) -> None:
    night = nights(*TABLE, tables={"t": declared})
    night.run_statements(*happened)
    assert_passed(night.rows.assess_contents())


@pytest.mark.parametrize(
    ("declared", "happened", "said"),
    [
        ({}, (OLD_CHANGED,), "t: the same 100 rows as in the snapshot"),
        ({}, ("ALTER TABLE t DROP COLUMN n",), 'where that is meant, write drops = ["n"]'),
        ({}, ("ALTER TABLE t ALTER n TYPE text",), "n was integer and is text"),
        ({}, ("UPDATE t SET v = 'renamed' || id",), "not the same content"),
        ({}, ("DROP TABLE t",), "The table t is gone"),
        ({"becomes": {"v": "upper(v)"}}, (), "not the same content"),
        (
            {"becomes": {"w": "upper(v)"}},
            (),
            "t has no column w, which the migration is declared to fill",
        ),
        (
            {"becomes": {"n": "n / 100.0"}},
            ("ALTER TABLE t ALTER n TYPE text USING (n / 100.0)::text",),
            "n was numeric and is text",
        ),
        ({"grows_above": "id"}, (NEW, OLD_LOST), "99 old rows, and 100 in the snapshot"),
        ({"grows_above": "id"}, (NEW, OLD_CHANGED), "the same 100 old rows"),
        (
            {"grows_above": "id"},
            (OLD_LOST, "INSERT INTO t VALUES (0, 'v50', 500)"),
            "but under other keys",
        ),
        ({"grows_above": "n"}, ("UPDATE t SET n = NULL WHERE id = 3",), "not the same content"),
    ],
)
def test_what_was_not_declared_is_found(
    nights: StartCutover, declared: dict[str, Any], happened: tuple[str, ...], said: str
) -> None:
    night = nights(*TABLE, tables={"t": declared})
    night.run_statements(*happened)
    assert said in " ".join(night.rows.assess_contents().findings)


def test_rows_that_came_without_a_column_that_tells_them_are_not_proven(
    nights: StartCutover,
) -> None:
    night = nights(*TABLE, tables={"t": {"rows": "+1"}})
    night.run_statements(NEW)
    found = night.rows.assess_contents()
    assert "grows_above" in " ".join(found.not_proven)
    assert "t" not in found.checked


def test_old_rows_may_be_worked_with_as_long_as_they_are_there(nights: StartCutover) -> None:
    night = nights(*TABLE, tables={"t": {"grows_above": "id"}})
    night.run_statements(NEW, OLD_CHANGED)
    assert_passed(night.rows.assess_retained_rows())
    night.run_statements(OLD_LOST)
    assert "1 of its 100 rows are gone" in " ".join(night.rows.assess_retained_rows().findings)
    night.run_statements("INSERT INTO t VALUES (0, 'v50', 500)")
    assert "the keys are not the same" in " ".join(night.rows.assess_retained_rows().findings)


def test_rows_that_may_hide_a_loss_are_not_proven(nights: StartCutover) -> None:
    night = nights(*TABLE)
    night.run_statements(NEW)
    assert "which may hide rows that were lost" in " ".join(
        night.rows.assess_retained_rows().not_proven
    )


def test_a_new_column_is_not_compared_and_is_said(nights: StartCutover) -> None:
    night = nights(*TABLE)
    night.run_statements("ALTER TABLE t ADD COLUMN came int DEFAULT 7")
    assert night.rows.assess_contents().figures["columns that came and were not compared"] == {
        "t": ["came"]
    }


def test_after_a_rollback_every_table_is_what_it_was(nights: StartCutover) -> None:
    night = nights(*TABLE, tables={"t": {"becomes": {"v": "upper(v)"}}})
    assert_passed(night.rows.assess_equality_with_snapshot())
    night.run_statements("UPDATE t SET v = upper(v)", "CREATE TABLE left_behind (id int)")
    said = " ".join(night.rows.assess_equality_with_snapshot().findings)
    assert "t: the same 100 rows" in said
    assert "left_behind is not in the snapshot" in said


def test_what_a_restore_loses_is_known_after_it(nights: StartCutover) -> None:
    night = nights(*TABLE, tables={"t": {"grows_above": "id"}})
    night.run_statements(NEW)
    assert night.rows.assess_writes_since_snapshot().figures["came since"]["t"] == {
        "rows": 1,
        "keys": ["101"],
    }
    assert_passed(night.rows.assess_counts())  # a gate that looks, and writes down what it saw
    night.run_statements("DELETE FROM t WHERE id = 101")  # the restore
    found = night.rows.assess_writes_since_snapshot()
    assert_passed(found)
    assert found.figures["lost by the restore"] == {"t": 1}
    assert found.figures["seen last"]["came"]["t"]["keys"] == ["101"]


def test_a_row_that_was_under_way_when_the_snapshot_was_taken_is_waited_for(
    nights: StartCutover,
) -> None:
    """It bears the time at which its transaction began, so it would come up among the old rows."""
    night = nights(
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now())",
        "INSERT INTO t VALUES (1)",
        tables={"t": {"grows_above": "at"}},
    )
    with psycopg.connect(night.dsn) as other:
        other.execute("INSERT INTO t VALUES (2)")  # under way
        night.run_statements(
            "INSERT INTO t VALUES (3)"
        )  # later, and done earlier: its time is the mark
        threading.Timer(0.5, other.commit).start()
        take_snapshot(night.context)
    assert_passed(night.rows.assess_counts())
    assert find_newest_snapshot(night.context).figures.tables["public.t"].old_row_count == 3
