"""How many rows a table may have: what nobody declared stays, what was declared comes, and nothing
else passes.
"""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.hospital.matchers.expectations import assert_passed
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
    nights: StartCutover, declared: dict[str, Any], happened: tuple[str, ...]
) -> None:
    night = nights(*TABLE, tables={"t": declared})
    night.run_statements(*happened)
    assert_passed(night.rows.assess_counts())


@pytest.mark.parametrize(
    ("declared", "happened", "said"),
    [
        (
            {},
            (ONE_LESS,),
            "9 rows, expected 10 (nothing else is declared); it had 10, so 1 row is missing",
        ),
        ({}, (ONE_MORE,), "1 row is there in addition"),
        ({}, ("DROP TABLE t",), "The table t is gone, and its 10 rows with it"),
        ({}, ("CREATE TABLE extra (id int)",), "extra is a table that the snapshot does not know"),
        ({"rows": "+2"}, (ONE_MORE,), "11 rows, expected 12 (declared +2)"),
        ({"rows": "±1"}, ("DELETE FROM t WHERE id > 8",), "8 rows, expected 9 to 11"),
        ({"rows": "9..12"}, ("DELETE FROM t",), "0 rows, expected 9 to 12"),
        ({"rows": "dropped"}, (), "is declared as dropped, and it is still there"),
        ({"rows": "new"}, (), "is declared as new, and it was there before"),
        (
            {"rows_become": "SELECT count(*) / 2 FROM t"},
            (),
            "10 rows, expected 5 (as rows_become gave it on the old database)",
        ),
        (
            {"grows_above": "id"},
            (ONE_MORE, "DELETE FROM t WHERE id = 3"),
            "9 rows, expected 10 (nothing else is declared), beside 1 that came since",
        ),
        (
            {"grows_above": "id", "rows": "+2"},
            (ONE_MORE,),
            "1 rows came since, expected 2 at least",
        ),
    ],
)
def test_what_was_not_declared_is_found(
    nights: StartCutover, declared: dict[str, Any], happened: tuple[str, ...], said: str
) -> None:
    night = nights(*TABLE, tables={"t": declared})
    night.run_statements(*happened)
    assert said in " ".join(night.rows.assess_counts().findings)


def test_nothing_that_became_of_nothing_is_no_proof(nights: StartCutover) -> None:
    night = nights(EMPTY)
    for question in (
        night.rows.assess_counts,
        night.rows.assess_contents,
        night.rows.assess_retained_rows,
    ):
        found = question()
        assert not found.findings
        assert "proves nothing" in " ".join(
            found.not_proven
        ) or "none that could have remained" in " ".join(found.not_proven)


def test_a_view_is_left_out_and_said(nights: StartCutover) -> None:
    assert nights("CREATE VIEW seen AS SELECT 1").rows.assess_counts().figures["left_out"] == {
        "public.seen": "a view"
    }


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
    nights: StartCutover, declared: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        nights(*TABLE, tables={"t": declared})


def test_a_table_that_is_declared_as_new_and_is_not_there_is_found(nights: StartCutover) -> None:
    """The release should have brought it."""
    night = nights(tables={"wards": {"rows": "new"}})
    assert night.rows.assess_counts().findings == (
        "The table wards is declared as new, and it is not there.",
    )


def test_a_declaration_of_no_table_is_found(nights: StartCutover) -> None:
    """A misspelt name would leave the real table undeclared, and nobody would know why."""
    findings = nights(tables={"visit": {"rows": "+1"}}).rows.assess_counts().findings
    assert [
        finding
        for finding in findings
        if "neither the snapshot nor the database" in finding
        and "Did you mean 'visits'?" in finding
    ]
