"""A day's ordinary corrections, told from damage by what the settings name."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.rows import rules
from tests.findings import list_breaches
from tests.integration.database.false_alarms.conftest import StartSmall

TABLES = (
    "CREATE TABLE t (id int PRIMARY KEY, v text, at timestamptz NOT NULL, by text)",
    "INSERT INTO t SELECT g, 'v' || g, now() - interval '1 day', 'loader'"
    " FROM generate_series(1, 100) g",
    "CREATE TABLE log (id int GENERATED ALWAYS AS IDENTITY, t int, at timestamptz DEFAULT now())",
)
BY_TIME = {"changed_at": "at"}
BY_ROLE = {"changed_by": "by", "roles": ["ward"]}
BY_AUDIT = {"audit": "SELECT t FROM log WHERE at > {since}"}
CORRECTED = (
    "UPDATE t SET v = 'better', at = now(), by = 'ward' WHERE id = 7",
    "INSERT INTO log (t) VALUES (7)",
    "UPDATE t SET v = 'better', at = now(), by = 'ward' WHERE id = 8",
    "INSERT INTO log (t) VALUES (8)",
)
# A script that leaves no sign, one that sets the time, and one that writes many rows at once.
SILENT = "UPDATE t SET v = 'lost' WHERE id = 50"
TIMED = "UPDATE t SET v = 'lost', at = now() WHERE id BETWEEN 50 AND 60"
LOG_SETTINGS: dict[str, Any] = {"log": {"rows": "any", "content": "any", "reason": "it grows"}}


def settings(**signs: Any) -> dict[str, Any]:
    return {"t": {"corrections": {"reason": "the ward works on", **signs}}, **LOG_SETTINGS}


@pytest.mark.parametrize("signs", [BY_TIME, BY_ROLE, BY_AUDIT, {**BY_TIME, **BY_ROLE, **BY_AUDIT}])
def test_corrections_pass_and_damage_beside_them_does_not(
    start_small: StartSmall, signs: dict[str, Any]
) -> None:
    database = start_small(*TABLES, tables=settings(**signs))
    database.run_statements(*CORRECTED)
    found = database.rows.assess_contents()
    assert_passed(found)
    corrected = found.figures["rows that people corrected since the snapshot"]["t"]
    assert (corrected["rows"], corrected["keys"]) == (2, ["7", "8"])
    for harm in (SILENT, TIMED):
        database.run_statements(harm)
        found = database.rows.assess_contents()
        assert list_breaches(found) == [(rules.CONTENT, "t")]
    assert "corrected" in found.findings[0].actual or "at one time" in found.findings[0].actual


def test_more_rows_than_people_correct_are_damage(start_small: StartSmall) -> None:
    database = start_small(*TABLES, tables=settings(**BY_ROLE, most=1))
    database.run_statements(*CORRECTED)
    (finding,) = database.rows.assess_contents().findings
    assert "2 corrected rows, more than corrections.most: keys 7, 8" in finding.actual


def test_a_row_that_is_gone_is_no_correction(start_small: StartSmall) -> None:
    database = start_small(*TABLES, tables=settings(**BY_TIME))
    database.run_statements(*CORRECTED, "DELETE FROM t WHERE id = 9")
    assert list_breaches(database.rows.assess_contents()) == [(rules.ROW_COUNT, "t")]


def test_without_a_declaration_corrections_are_differences(start_small: StartSmall) -> None:
    database = start_small(*TABLES, tables=LOG_SETTINGS)
    database.run_statements(*CORRECTED)
    assert list_breaches(database.rows.assess_contents()) == [(rules.CONTENT, "t")]


@pytest.mark.parametrize("reset", ["now()", "NULL"])
def test_a_column_that_is_ignored_hides_no_other(start_small: StartSmall, reset: str) -> None:
    ignored = {"t": {"ignores": ["at"], "reason": "the script sets it anew"}}
    database = start_small(
        *TABLES, "ALTER TABLE t ALTER at DROP NOT NULL", tables={**ignored, **LOG_SETTINGS}
    )
    database.run_statements(f"UPDATE t SET at = {reset}")
    found = database.rows.assess_contents()
    assert_passed(found)
    assert "at not compared" in found.figures["left_out"]["t"]
    database.run_statements(SILENT)
    assert list_breaches(database.rows.assess_contents()) == [(rules.CONTENT, "t")]
    database.run_statements("ALTER TABLE t DROP COLUMN at")
    assert list_breaches(database.rows.assess_contents()) == [(rules.COLUMN_KEPT, "t.at")]


def test_a_restored_database_must_hold_what_is_ignored(start_small: StartSmall) -> None:
    ignored = {"t": {"ignores": ["at"], "reason": "the script sets it anew"}}
    database = start_small(*TABLES, tables={**ignored, **LOG_SETTINGS})
    database.run_statements("UPDATE t SET at = now()")
    assert list_breaches(database.rows.assess_equality_with_snapshot()) == [(rules.CONTENT, "t")]
