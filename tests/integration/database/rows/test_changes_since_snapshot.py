"""Content that a migration is declared to change, and content that grows while people work."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest

from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.rows import new_rows_record, rules
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from tests.findings import list_breaches, list_gaps
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
    start_cutover: StartCutover, declared: dict[str, Any], happened: tuple[str, ...]
) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": declared})
    cutover_database.run_statements(*happened)
    assert_passed(cutover_database.rows.assess_contents())


@pytest.mark.parametrize(
    ("declared", "happened", "rule", "subject", "actual"),
    [
        ({}, (OLD_CHANGED,), rules.CONTENT, "t", "100 rows with other content"),
        ({}, ("ALTER TABLE t DROP COLUMN n",), rules.COLUMN_KEPT, "t.n", "no such column"),
        (
            {},
            ("ALTER TABLE t ALTER n TYPE text",),
            rules.CONTENT,
            "t",
            "100 rows with other content; n was integer and is text",
        ),
        (
            {},
            ("UPDATE t SET v = 'renamed' || id",),
            rules.CONTENT,
            "t",
            "100 rows with other content",
        ),
        ({}, ("DROP TABLE t",), rules.TABLE_KEPT, "t", "no such table"),
        ({"becomes": {"v": "upper(v)"}}, (), rules.CONTENT, "t", "100 rows with other content"),
        (
            {"becomes": {"w": "upper(v)"}},
            (),
            rules.DECLARED_COLUMN_PRESENT,
            "t.w",
            "no such column",
        ),
        (
            {"becomes": {"n": "n / 100.0"}},
            ("ALTER TABLE t ALTER n TYPE text USING (n / 100.0)::text",),
            rules.CONTENT,
            "t",
            "100 rows with other content; n was numeric and is text",
        ),
        ({"grows_above": "id"}, (NEW, OLD_LOST), rules.ROW_COUNT, "t", "99 old rows"),
        (
            {"grows_above": "id"},
            (NEW, OLD_CHANGED),
            rules.CONTENT,
            "t",
            "100 old rows with other content",
        ),
        (
            {"grows_above": "id"},
            (OLD_LOST, "INSERT INTO t VALUES (0, 'v50', 500)"),
            rules.KEYS,
            "t",
            "100 old rows under other keys",
        ),
        (
            {"grows_above": "n"},
            ("UPDATE t SET n = NULL WHERE id = 3",),
            rules.CONTENT,
            "t",
            "100 old rows with other content",
        ),
    ],
)
def test_what_was_not_declared_is_found(
    start_cutover: StartCutover,
    declared: dict[str, Any],
    happened: tuple[str, ...],
    rule: Rule,
    subject: str,
    actual: str,
) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": declared})
    cutover_database.run_statements(*happened)
    (finding,) = cutover_database.rows.assess_contents().findings
    assert (finding.rule, finding.subject) == (rule, subject)
    assert finding.actual.startswith(actual)  # the place follows


def test_rows_that_came_without_a_column_that_tells_them_are_not_proven(
    start_cutover: StartCutover,
) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": {"rows": "+1"}})
    cutover_database.run_statements(NEW)
    found = cutover_database.rows.assess_contents()
    assert list_gaps(found) == [(rules.OLD_ROWS_DISTINCT, "t")]
    assert "t" not in found.checked


def test_old_rows_may_be_worked_with_as_long_as_they_are_there(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": {"grows_above": "id"}})
    cutover_database.run_statements(NEW, OLD_CHANGED)
    assert_passed(cutover_database.rows.assess_retained_rows())
    cutover_database.run_statements(OLD_LOST)
    (finding,) = cutover_database.rows.assess_retained_rows().findings
    assert (finding.rule, finding.subject) == (rules.ROWS_RETAINED, "t")
    assert finding.actual == "99 rows"
    cutover_database.run_statements("INSERT INTO t VALUES (0, 'v50', 500)")
    assert list_breaches(cutover_database.rows.assess_retained_rows()) == [(rules.KEYS, "t")]


def test_rows_that_may_hide_a_loss_are_not_proven(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(*TABLE)
    cutover_database.run_statements(NEW)
    assert list_gaps(cutover_database.rows.assess_retained_rows()) == [
        (rules.OLD_ROWS_DISTINCT, "t")
    ]


def test_a_new_column_is_not_compared_and_is_said(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(*TABLE)
    cutover_database.run_statements("ALTER TABLE t ADD COLUMN came int DEFAULT 7")
    assert cutover_database.rows.assess_contents().figures[
        "columns that came and were not compared"
    ] == {"t": ["came"]}


def test_after_a_rollback_every_table_is_what_it_was(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": {"becomes": {"v": "upper(v)"}}})
    assert_passed(cutover_database.rows.assess_equality_with_snapshot())
    cutover_database.run_statements(
        "UPDATE t SET v = upper(v)", "CREATE TABLE left_behind (id int)"
    )
    assert list_breaches(cutover_database.rows.assess_equality_with_snapshot()) == [
        (rules.CONTENT, "t"),
        (rules.NO_TABLE_LEFT_BEHIND, "left_behind"),
    ]


def test_what_a_restore_loses_is_known_after_it(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": {"grows_above": "id"}})
    cutover_database.run_statements(NEW)
    assert cutover_database.rows.assess_writes_since_snapshot().figures["came since"]["t"] == {
        "rows": 1,
        "keys": ["101"],
    }
    assert_passed(
        cutover_database.rows.assess_counts()
    )  # a gate that looks, and writes down what it saw
    cutover_database.run_statements("DELETE FROM t WHERE id = 101")  # the restore
    found = cutover_database.rows.assess_writes_since_snapshot()
    assert_passed(found)
    assert found.figures["lost by the restore"] == {"t": 1}
    assert found.figures["seen last"]["came"]["t"]["keys"] == ["101"]


def test_a_row_that_was_under_way_when_the_snapshot_was_taken_is_waited_for(
    start_cutover: StartCutover,
) -> None:
    """The row has the time at which its transaction began, so it would look like an old row."""
    cutover_database = start_cutover(
        "CREATE TABLE t (id int PRIMARY KEY, at timestamptz DEFAULT now())",
        "INSERT INTO t VALUES (1)",
        tables={"t": {"grows_above": "at"}},
    )
    with psycopg.connect(cutover_database.dsn) as other:
        other.execute("INSERT INTO t VALUES (2)")  # under way
        cutover_database.run_statements(
            "INSERT INTO t VALUES (3)"
        )  # later, and done earlier: its time is the mark
        threading.Timer(0.5, other.commit).start()
        take_snapshot(cutover_database.context)
    assert_passed(cutover_database.rows.assess_counts())
    assert (
        find_newest_snapshot(cutover_database.context).figures.tables["public.t"].old_row_count == 3
    )


def test_a_column_of_a_domain_is_no_column_of_another_type(start_cutover: StartCutover) -> None:
    """What differs is the values: a query gives the type under the domain, a table the domain."""
    cutover_database = start_cutover(
        "CREATE DOMAIN amount AS numeric(12, 2); CREATE DOMAIN price AS amount",
        "CREATE TABLE paid (id int PRIMARY KEY, a amount, p price, l amount[])",
        "INSERT INTO paid SELECT n, n, n, ARRAY[n] FROM generate_series(1, 50) n",
        tables={"back": {"from": "SELECT * FROM paid", "key": ["id"]}},
    )
    cutover_database.run_statements(
        "CREATE TABLE back (id int PRIMARY KEY, a amount, p price, l amount[])",
        "INSERT INTO back SELECT id, a, p, l FROM paid",
        "UPDATE back SET a = a + 1, p = p + 1, l = NULL WHERE id = 7",
    )
    (finding,) = cutover_database.rows.assess_contents().findings
    assert finding.rule == rules.CONTENT
    assert " was " not in finding.actual
    assert "columns a, l, p" in finding.actual


def test_the_rows_of_people_are_told_gate_by_gate(
    start_cutover: StartCutover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one gate counts in several checks is one moment; the next gate is another."""
    cutover_database = start_cutover(*TABLE, tables={"t": {"grows_above": "id"}})
    cutover_database.run_statements(NEW)
    for _ in range(2):
        assert_passed(cutover_database.rows.assess_counts())
    monkeypatch.setattr(new_rows_record, "SAME_GATE_SECONDS", 0.0)
    told = cutover_database.rows.assess_retained_rows()
    assert_passed(told)
    moments = told.figures["rows of people since the snapshot, by gate"]
    assert [moment["rows"] for moment in moments] == [{"t": 1}, {"t": 1}]
