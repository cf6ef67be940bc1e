"""A table has the rows that it had, or those that are declared; every other number is a finding."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from tests.findings import list_breaches
from tests.integration.database.rows.conftest import StartCutover

TABLE = "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 10)"
ONE_MORE, ONE_LESS = "INSERT INTO t VALUES (11)", "DELETE FROM t WHERE id = 10"
EMPTY = (
    "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname ="
    " 'public' LOOP EXECUTE format('TRUNCATE %I CASCADE', t); END LOOP; END $$"
)


@pytest.mark.parametrize(
    ("declared", "happened"),
    [
        ({}, ()),
        ({"rows": "+1"}, (ONE_MORE,)),
        ({"rows": "-1"}, (ONE_LESS,)),
        ({"rows": "±1"}, (ONE_MORE,)),
        ({"rows": "±1"}, (ONE_LESS,)),
        ({"rows": "9..12"}, (ONE_MORE,)),
        ({"rows": "any", "reason": "a cache"}, (ONE_LESS,)),
        ({"rows": "dropped"}, ("DROP TABLE t",)),
        ({"rows_become": "SELECT count(*) / 2 FROM t"}, ("DELETE FROM t WHERE id % 2 = 0",)),
        ({"grows_above": "id"}, (ONE_MORE,)),
        ({"grows_above": "id", "rows": "+1"}, (ONE_MORE,)),
    ],
)
def test_what_was_declared_is_accepted(
    start_cutover: StartCutover, declared: dict[str, Any], happened: tuple[str, ...]
) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": declared})
    cutover_database.run_statements(*happened)
    assert_passed(cutover_database.rows.assess_counts())


@pytest.mark.parametrize(
    ("declared", "happened", "finding"),
    [
        ({}, (ONE_LESS,), (rules.ROW_COUNT, "t", "10 rows", "9 rows")),
        ({}, (ONE_MORE,), (rules.ROW_COUNT, "t", "10 rows", "11 rows")),
        ({}, ("DROP TABLE t",), (rules.TABLE_KEPT, "t", "10 rows", "no such table")),
        (
            {},
            ("CREATE TABLE extra (id int)",),
            (rules.TABLE_DECLARED, "extra", "the tables of the snapshot", "a new table"),
        ),
        (
            {"rows": "+2"},
            (ONE_MORE,),
            (rules.ROW_COUNT, "t", "12 rows (declared +2)", "11 rows"),
        ),
        (
            {"rows": "±1"},
            ("DELETE FROM t WHERE id > 8",),
            (rules.ROW_COUNT, "t", "9 to 11 rows (declared ±1)", "8 rows"),
        ),
        (
            {"rows": "9..12"},
            ("DELETE FROM t",),
            (rules.ROW_COUNT, "t", "9 to 12 rows (declared 9..12)", "0 rows"),
        ),
        ({"rows": "dropped"}, (), (rules.DROPPED_TABLE_GONE, "t", "no table", "the table exists")),
        ({"rows": "new"}, (), (rules.NEW_TABLE_IS_NEW, "t", "", "the table is in the snapshot")),
        (
            {"rows_become": "SELECT count(*) / 2 FROM t"},
            (),
            (rules.ROW_COUNT, "t", "5 rows (rows_become on the old database)", "10 rows"),
        ),
        (
            {"grows_above": "id"},
            (ONE_MORE, "DELETE FROM t WHERE id = 3"),
            (rules.ROW_COUNT, "t", "10 rows", "9 rows, beside 1 that came since"),
        ),
        (
            {"grows_above": "id", "rows": "+2"},
            (ONE_MORE,),
            (rules.ROW_COUNT, "t", "at least 2 new rows (declared +2)", "1 new rows"),
        ),
    ],
)
def test_what_was_not_declared_is_found(
    start_cutover: StartCutover,
    declared: dict[str, Any],
    happened: tuple[str, ...],
    finding: tuple[Rule, str, str, str],
) -> None:
    cutover_database = start_cutover(*TABLE, tables={"t": declared})
    cutover_database.run_statements(*happened)
    rule, subject, expected, actual = finding
    (found,) = cutover_database.rows.assess_counts().findings
    assert (found.rule, found.subject) == (rule, subject)
    # The time of the snapshot follows.
    assert found.expected.startswith(expected)
    assert found.actual.startswith(actual)


def test_nothing_that_became_of_nothing_is_no_proof(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(EMPTY)
    for question in (
        cutover_database.rows.assess_counts,
        cutover_database.rows.assess_contents,
        cutover_database.rows.assess_retained_rows,
    ):
        found = question()
        assert not found.findings
        assert snapshot_rules.ROWS_EXIST in [gap.rule for gap in found.not_proven]


def test_a_view_is_left_out_and_said(start_cutover: StartCutover) -> None:
    assert start_cutover("CREATE VIEW seen AS SELECT 1").rows.assess_counts().figures[
        "left_out"
    ] == {"public.seen": "a view"}


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (
            {"rows_become": "SELECT count(*) FROM nowhere"},
            r"tables\.t\.rows_become cannot be used: relation \"nowhere\" does not exist",
        ),
        ({"rows_become": "SELECT 'ten'"}, r"rows_become must give one number of rows"),
        (
            {"becomes": {"id": "ident + 1"}},
            r"becomes\.id cannot be used: column \"ident\" does not exist",
        ),
        ({"drops": ["gone"]}, r"drops names the column gone, which the table does not have"),
        ({"grows_above": "at"}, r"grows_above names the column at, which the table does not have"),
    ],
)
def test_a_declaration_that_cannot_be_is_a_mistake_of_the_settings(
    start_cutover: StartCutover, declared: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        start_cutover(*TABLE, tables={"t": declared})


def test_a_table_that_is_declared_as_new_and_is_not_there_is_found(
    start_cutover: StartCutover,
) -> None:
    """The release should have created the table."""
    cutover_database = start_cutover(tables={"wards": {"rows": "new"}})
    assert list_breaches(cutover_database.rows.assess_counts()) == [
        (rules.NEW_TABLE_PRESENT, "wards")
    ]


def test_a_declaration_of_no_table_is_found(start_cutover: StartCutover) -> None:
    """A misspelt name leaves the real table undeclared."""
    cutover_database = start_cutover(tables={"visit": {"rows": "+1"}})
    (finding,) = cutover_database.rows.assess_counts().findings
    assert (finding.rule, finding.subject) == (rules.DECLARED_TABLE_KNOWN, "visit")
    assert "'visits'" in finding.actual
