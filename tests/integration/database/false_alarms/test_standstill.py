"""A rollback of a hospital that stood still, declared before or after the snapshot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.rows import rules
from tests.findings import list_breaches, list_gaps
from tests.integration.database.contexts import make_database_context
from tests.integration.database.false_alarms.conftest import StartSmall
from tests.integration.database.rows.conftest import CutoverDatabase

DECLARED = {"reason": "the ward is closed", "by": "Ada Example", "at": "2026-11-20"}
TABLE = ("CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
WRITTEN = "INSERT INTO t VALUES (3, 'c')"


def declare(database: CutoverDatabase, **more: str) -> None:
    """Declare the standstill after the snapshot."""
    settings: dict[str, Any] = {"standstill": {**DECLARED, **more}}
    base = database.base_context
    standstill = make_database_context(database.dsn, base.folder, **settings).migrations.standstill
    changed = base.migrations.model_copy(update={"standstill": standstill})
    database.base_context = replace(base, migrations=changed)


def test_without_a_declaration_a_rollback_is_not_proven(start_small: StartSmall) -> None:
    found = start_small(*TABLE).rows.assess_writes_since_snapshot()
    assert list_gaps(found) == [(rules.WRITES_LISTED, "tried")]


@pytest.mark.parametrize("late", [False, True])
def test_a_hospital_that_stood_still_is_rolled_back(start_small: StartSmall, *, late: bool) -> None:
    database = start_small(*TABLE, **({} if late else {"standstill": DECLARED}))
    if late:
        declare(database)
    assert_passed(database.rows.assess_counts())
    found = database.rows.assess_writes_since_snapshot()
    assert_passed(found)
    assert found.figures["nobody wrote since"]["by"] == "Ada Example"


@pytest.mark.parametrize("grows", [False, True])
def test_rows_that_a_gate_saw_refute_it(start_small: StartSmall, *, grows: bool) -> None:
    tables = {"t": {"grows_above": "id"}} if grows else {}
    database = start_small(*TABLE, tables=tables, standstill=DECLARED)
    database.run_statements(WRITTEN)
    database.rows.assess_counts()
    database.run_statements("DELETE FROM t WHERE id = 3")  # the restore
    found = database.rows.assess_writes_since_snapshot()
    assert list_breaches(found) == [(rules.STANDSTILL, "t")]


def test_rows_that_are_in_the_database_refute_it(start_small: StartSmall) -> None:
    database = start_small(*TABLE, tables={"t": {"grows_above": "id"}}, standstill=DECLARED)
    database.run_statements(WRITTEN)
    found = database.rows.assess_writes_since_snapshot()
    assert list_breaches(found) == [(rules.STANDSTILL, "t")]


def test_rows_of_the_migration_itself_are_explained(start_small: StartSmall) -> None:
    """A script doubled the rows: that is the reason for the rollback, and nobody's work."""
    database = start_small(*TABLE)
    database.run_statements(WRITTEN)
    database.rows.assess_counts()
    database.run_statements("DELETE FROM t WHERE id = 3")
    declare(database, although="V8 made a row too many")
    assert_passed(database.rows.assess_writes_since_snapshot())
