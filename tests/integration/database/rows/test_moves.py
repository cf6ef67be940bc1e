"""Rows that a migration moves between tables are compared as if they had stayed in one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.moves import rules as moves_rules
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from tests.findings import list_breaches, list_gaps, list_values
from tests.integration.database.rows.conftest import CutoverDatabase, StartCutover
from tests.selection import further

INVOICES = (
    "CREATE TABLE invoices (id int PRIMARY KEY, patient text NOT NULL, amount numeric NOT NULL,"
    " state text)",
    "INSERT INTO invoices SELECT n, 'p' || n % 70, n * 1.5, CASE n % 3 WHEN 0 THEN 'open' WHEN 1"
    " THEN 'paid' END FROM generate_series(1, 1200) AS n",
)
RENAME = "ALTER TABLE invoices RENAME TO bills"
SPLIT = (
    "CREATE TABLE open_bills AS SELECT id, patient, amount FROM invoices WHERE state = 'open'",
    "ALTER TABLE open_bills ADD PRIMARY KEY (id)",
    "CREATE TABLE other_bills AS SELECT id, patient, amount, state FROM invoices WHERE state IS"
    " DISTINCT FROM 'open'",
    "ALTER TABLE other_bills ADD PRIMARY KEY (id)",
    "DROP TABLE invoices",
)
SPLIT_TABLES: Mapping[str, Any] = {
    "invoices": {"rows": "dropped"},
    "open_bills": {
        "from": "SELECT id, patient, amount FROM invoices WHERE state = 'open'",
        "key": ["id"],
    },
    "other_bills": {
        "from": "SELECT id, patient, amount, state FROM invoices WHERE state IS DISTINCT FROM"
        " 'open'",
        "key": ["id"],
    },
}
KEPT: Mapping[str, Any] = {
    "invoices": {
        "rows": "dropped",
        "kept_as": "SELECT id, patient, amount, 'open' AS state FROM open_bills UNION ALL SELECT"
        " id, patient, amount, state FROM other_bills",
    },
    "open_bills": {"rows": "new"},
    "other_bills": {"rows": "new"},
}
MERGE = (
    "CREATE TABLE receipts (id int PRIMARY KEY, patient text NOT NULL, amount numeric NOT NULL)",
    "INSERT INTO receipts SELECT n, 'p' || n % 70, n FROM generate_series(1, 300) AS n",
)
MERGED = (
    "CREATE TABLE papers (kind text, id int, patient text, amount numeric, PRIMARY KEY (kind, id))",
    "INSERT INTO papers SELECT 'i', id, patient, amount FROM invoices UNION ALL SELECT 'r', id,"
    " patient, amount FROM receipts",
    "DROP TABLE invoices, receipts",
)
MERGE_TABLES: Mapping[str, Any] = {
    "invoices": {
        "rows": "dropped",
        "drops": ["state"],
        "reason": "the state was never filled in",
        "kept_as": "SELECT id, patient, amount FROM papers WHERE kind = 'i'",
    },
    "receipts": {
        "rows": "dropped",
        "kept_as": "SELECT id, patient, amount FROM papers WHERE kind = 'r'",
    },
    "papers": {"rows": "new"},
}
COLUMN = (
    "CREATE TABLE contacts (invoice int PRIMARY KEY, person text)",
    "INSERT INTO contacts SELECT id, patient FROM invoices",
    "ALTER TABLE invoices DROP COLUMN patient",
)
COLUMN_TABLES: Mapping[str, Any] = {
    "invoices": {"drops": ["patient"]},
    "contacts": {
        "from": "SELECT id AS invoice, patient AS person FROM invoices",
        "key": ["invoice"],
    },
}


def each_first(names: Iterable[str], *chosen: str) -> list[object]:
    """Return the names; those that are not chosen are tried in the thorough proof only."""
    return [name if name in chosen else further(name) for name in names]


def ask_all(rows: RowAssessments) -> list[Any]:
    """Return the answers to every question about rows after a migration."""
    return [
        question()
        for question in (rows.assess_counts, rows.assess_contents, rows.assess_departures)
    ]


def list_all(rows: RowAssessments) -> set[tuple[Rule, str]]:
    """Return all findings and gaps."""
    return {found for each in ask_all(rows) for found in (*list_breaches(each), *list_gaps(each))}


CASES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Mapping[str, Any]]] = {
    "rename": (INVOICES, (RENAME,), {"bills": {"was": "invoices"}}),
    "rename with a renamed column": (
        INVOICES,
        (RENAME, "ALTER TABLE bills RENAME COLUMN amount TO total"),
        {"bills": {"was": "invoices", "becomes": {"total": "amount"}, "drops": ["amount"]}},
    ),
    "rename under traffic": (
        INVOICES,
        (RENAME, "INSERT INTO bills VALUES (1300, 'p1', 1, 'open')"),
        {"bills": {"was": "invoices", "grows_above": "id"}},
    ),
    "split": (INVOICES, SPLIT, SPLIT_TABLES),
    "split, given back": (INVOICES, SPLIT, KEPT),
    "split without keys": (
        INVOICES,
        SPLIT,
        {
            **{
                name: {"from": SPLIT_TABLES[name]["from"]} for name in ("open_bills", "other_bills")
            },
            "invoices": KEPT["invoices"],
        },
    ),
    "merge": ((*INVOICES, *MERGE), MERGED, MERGE_TABLES),
    "merge into a table that was there": (
        (*INVOICES, *MERGE),
        (
            "INSERT INTO receipts SELECT id + 1000, patient, amount FROM invoices",
            "DROP TABLE invoices",
        ),
        {
            "receipts": {
                "from": "SELECT * FROM receipts UNION ALL SELECT id + 1000, patient, amount FROM"
                " invoices",
                "key": ["id"],
            },
            "invoices": {
                "rows": "dropped",
                "drops": ["state"],
                "reason": "the state was never filled in",
                "kept_as": "SELECT id - 1000 AS id, patient, amount FROM receipts WHERE id > 1000",
            },
        },
    ),
    "moved column": (INVOICES, COLUMN, COLUMN_TABLES),
    "deleted on purpose": (
        INVOICES,
        ("DROP TABLE invoices",),
        {"invoices": {"rows": "dropped", "reason": "kept for ten years, and these are older"}},
    ),
    "copied whole": (
        INVOICES,
        ("CREATE TABLE bills AS TABLE invoices", "DROP TABLE invoices"),
        {
            "invoices": {"rows": "dropped"},
            "bills": {"from": "SELECT * FROM invoices", "key": ["id"]},
        },
    ),
}


def begin(start_cutover: StartCutover, case: str, *harm: str) -> CutoverDatabase:
    """Return a database after the case's migration and this harm."""
    before, migration, tables = CASES[case]
    database = start_cutover(*before, tables=dict(tables))
    database.run_statements(*migration, *harm)
    return database


@pytest.mark.parametrize("case", each_first(CASES, "rename", "split", "merge"))
def test_what_moved_whole_is_accepted(start_cutover: StartCutover, case: str) -> None:
    rows = begin(start_cutover, case).rows
    for answer in (*ask_all(rows), rows.assess_retained_rows()):
        assert_passed(answer)


HARMS: Mapping[str, tuple[str, str, tuple[Rule, str]]] = {
    "a rename loses rows": (
        "rename",
        "DELETE FROM bills WHERE id % 10 = 0",
        (rules.ROW_COUNT, "bills (was invoices)"),
    ),
    "a rename changes rows": (
        "rename",
        "UPDATE bills SET amount = amount + 0.01 WHERE id % 100 = 0",
        (rules.CONTENT, "bills (was invoices)"),
    ),
    "a rename exchanges rows": (
        "rename",
        "UPDATE bills SET id = 5000 WHERE id = 7",
        (rules.KEYS, "bills (was invoices)"),
    ),
    "a renamed column is swapped": (
        "rename with a renamed column",
        "UPDATE bills SET total = CASE id WHEN 1 THEN 3.0 ELSE 1.5 END WHERE id IN (1, 2)",
        (rules.CONTENT, "bills (was invoices)"),
    ),
    "traffic hides a lost row": (
        "rename under traffic",
        "DELETE FROM bills WHERE id = 3",
        (rules.ROW_COUNT, "bills (was invoices)"),
    ),
    "a split loses rows": (
        "split",
        "DELETE FROM other_bills WHERE id = 1",
        (rules.ROW_COUNT, "other_bills"),
    ),
    "a split changes a row": (
        "split",
        "UPDATE open_bills SET patient = 'p0' WHERE id = 3",
        (rules.CONTENT, "open_bills"),
    ),
    "a split puts a row on both sides": (
        "split",
        "INSERT INTO other_bills SELECT id, patient, amount, 'open' FROM open_bills WHERE id = 3",
        (rules.ROW_COUNT, "other_bills"),
    ),
    "a split exchanges two states": (
        "split, given back",
        "UPDATE other_bills SET state = CASE id WHEN 1 THEN NULL ELSE 'paid' END WHERE id IN (1, 2)",
        (rules.CONTENT, "invoices"),
    ),
    "a split without keys changes a row": (
        "split without keys",
        "UPDATE open_bills SET patient = 'p0' WHERE id = 3",
        (rules.CONTENT, "open_bills"),
    ),
    "a merge doubles rows": (
        "merge",
        "INSERT INTO papers SELECT 'i', id + 5000, patient, amount FROM papers WHERE kind = 'i' AND"
        " id < 5",
        (rules.ROW_COUNT, "invoices"),
    ),
    "a merge puts rows under the other kind": (
        "merge",
        "UPDATE papers SET kind = 'r', id = id + 5000 WHERE kind = 'i' AND id = 4",
        (rules.ROW_COUNT, "receipts"),
    ),
    "a merge into a table spoils what was there": (
        "merge into a table that was there",
        "UPDATE receipts SET amount = 0 WHERE id = 5",
        (rules.CONTENT, "receipts"),
    ),
    "a moved column is swapped": (
        "moved column",
        "UPDATE contacts SET person = CASE invoice WHEN 1 THEN 'p2' ELSE 'p1' END WHERE invoice IN"
        " (1, 2)",
        (rules.CONTENT, "contacts"),
    ),
    "a moved column loses values": (
        "moved column",
        "UPDATE contacts SET person = NULL WHERE invoice = 9",
        (rules.CONTENT, "contacts"),
    ),
    "the new table is missing": (
        "split",
        "DROP TABLE open_bills",
        (rules.TABLE_KEPT, "open_bills"),
    ),
    "the query that gives a table back fails": (
        "split, given back",
        "DROP TABLE open_bills",
        (rules.TABLE_KEPT, "invoices"),
    ),
    "the old table stayed": (
        "rename",
        "CREATE TABLE invoices AS TABLE bills",
        (rules.TABLE_DECLARED, "bills"),
    ),
}


@pytest.mark.parametrize(
    "harm",
    each_first(HARMS, "a rename loses rows", "a split loses rows", "a moved column is swapped"),
)
def test_what_was_lost_on_the_way_is_found(start_cutover: StartCutover, harm: str) -> None:
    case, statement, found = HARMS[harm]
    assert found in list_all(begin(start_cutover, case, statement).rows)


def test_the_columns_that_differ_are_named(start_cutover: StartCutover) -> None:
    database = begin(start_cutover, "rename", "UPDATE bills SET patient = 'x' WHERE id = 77")
    ((subject, _, actual),) = list_values(database.rows.assess_contents())
    assert subject == "bills (was invoices)"
    assert "77" in actual


@pytest.mark.parametrize(
    ("tables", "gap"),
    [
        ({"invoices": {"rows": "dropped"}}, "invoices"),
        (
            {"invoices": {"rows": "dropped"}, "bills": {"from": "SELECT * FROM invoices"}},
            "invoices",
        ),
        (
            {
                "invoices": {"rows": "dropped"},
                "bills": {"from": "SELECT id, patient, amount FROM invoices", "key": ["id"]},
            },
            "invoices.state",
        ),
    ],
)
def test_a_dropped_table_must_say_where_its_rows_went(
    start_cutover: StartCutover, tables: dict[str, Any], gap: str
) -> None:
    database = start_cutover(*INVOICES, tables=tables)
    database.run_statements("CREATE TABLE bills AS TABLE invoices", "DROP TABLE invoices")
    found = database.rows.assess_departures()
    assert not found.findings
    assert (moves_rules.GONE_ACCOUNTED, gap) in list_gaps(found)


def test_a_dropped_column_must_say_where_its_values_went(start_cutover: StartCutover) -> None:
    database = start_cutover(*INVOICES, tables={"invoices": {"drops": ["state"]}})
    database.run_statements("ALTER TABLE invoices DROP COLUMN state")
    found = database.rows.assess_departures()
    assert list_gaps(found) == [(moves_rules.GONE_ACCOUNTED, "invoices.state")]


def test_a_row_that_no_condition_of_a_split_takes_is_found(start_cutover: StartCutover) -> None:
    tables = {
        **SPLIT_TABLES,
        "other_bills": {
            "from": "SELECT id, patient, amount, state FROM invoices WHERE state <> 'open'",
            "key": ["id"],
        },
    }
    database = start_cutover(*INVOICES, tables=tables)
    found = database.rows.assess_departures()
    assert list_breaches(found) == [(moves_rules.QUERIES_TAKE_ALL, "invoices")]


def test_a_query_that_was_declared_later_needs_the_backup(start_cutover: StartCutover) -> None:
    database = start_cutover(*INVOICES, tables={"contacts": {"rows": "new"}})
    database.run_statements(*COLUMN[:2])
    database.declare_tables(contacts=COLUMN_TABLES["contacts"])
    gaps = list_gaps(database.rows.assess_contents())
    assert (snapshot_rules.TABLES_MEASURED, "contacts") in gaps


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"a": {"was": "b"}, "b": {"rows": "dropped"}}, "b is declared twice"),
        ({"a": {"was": "b"}, "c": {"was": "b"}}, "b is declared twice"),
        ({"a": {"was": "b", "from": "SELECT 1"}}, "was means the old table"),
        ({"a": {"from": "SELECT 1", "rows": "dropped"}}, "from gives the rows"),
        ({"a": {"key": ["id"]}}, "key belongs to from"),
        ({"a": {"kept_as": "SELECT 1"}}, "kept_as says where"),
    ],
)
def test_contradictions_are_refused(
    start_cutover: StartCutover, tables: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        start_cutover(tables=tables)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"from": "SELECT nothing FROM invoices"}, "nothing"),
        ({"from": "SELECT id, id FROM invoices"}, "several columns id"),
        ({"from": "SELECT id FROM invoices", "key": ["no"]}, "no column no"),
        ({"from": "DELETE FROM invoices RETURNING id"}, "cannot be used"),
    ],
)
def test_a_query_that_cannot_be_used_is_a_mistake(
    start_cutover: StartCutover, declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        start_cutover(*INVOICES, tables={"bills": declared})
