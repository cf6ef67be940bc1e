"""A difference is located down to keys and columns, and never shows the content of a row."""

from __future__ import annotations

import time

import pytest

from cutover_gates.config.table_changes import TableChange
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.key_comparison import find_differing_keys
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import TableSpec, read_tables
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.rows.conftest import StartCutover

INTEGERS = (
    "CREATE TABLE t (id int PRIMARY KEY, v text)",
    "INSERT INTO t SELECT g, 'secret ' || g FROM generate_series(1, 1000) g",
)
UUIDS = (
    "CREATE TABLE t (id uuid PRIMARY KEY, v text)",
    "INSERT INTO t SELECT md5(g::text)::uuid, 'secret ' || g FROM generate_series(1, 1000) g",
    "ANALYZE t",
)
TWO = (
    "CREATE TABLE t (a int, b text, v text, PRIMARY KEY (a, b))",
    "INSERT INTO t SELECT g % 7, 'k' || g, 'secret' FROM generate_series(1, 1000) g",
)


@pytest.mark.parametrize(
    ("table", "happened", "place"),
    [
        (
            INTEGERS,
            "UPDATE t SET v = '' WHERE id = 500",
            "id 497 to 512 (16 rows then, 16 now; same keys",
        ),
        (
            INTEGERS,
            "DELETE FROM t WHERE id = 500",
            "id 497 to 512 (16 rows then, 15 now; the key with the hash",
        ),
        (INTEGERS, "INSERT INTO t VALUES (1001, '')", "one key was added: 1001"),
        (
            UUIDS,
            "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001', '')",
            "one key was added: 00000000-0000-0000-0000-000000000001",
        ),
        (TWO, "INSERT INTO t VALUES (9, 'k', '')", "by the hash of a, b"),
        (TWO, "INSERT INTO t VALUES (9, 'k', '')", "one key was added: 9/k"),
    ],
)
def test_the_place_is_named(
    start_cutover: StartCutover, table: tuple[str, ...], happened: str, place: str
) -> None:
    cutover_database = start_cutover(*table)
    cutover_database.run_statements(happened)
    (finding,) = cutover_database.rows.assess_contents().findings
    assert place in finding.actual
    assert "secret" not in finding.actual


@pytest.mark.parametrize("table", [INTEGERS, UUIDS])
def test_on_both_sides_exactly_the_keys_that_differ_are_named(
    spare: CopyDatabase, table: tuple[str, ...]
) -> None:
    whole = spare(BEFORE, *table)
    harmed = spare(
        BEFORE,
        *table,
        "UPDATE t SET v = 'x' WHERE v IN ('secret 10', 'secret 900')",
        "DELETE FROM t WHERE v = 'secret 77'",
    )
    found = find_differing_keys(harmed, _spec(harmed), whole, _spec(whole), ends=time.time() + 30)
    with open_consistent_session(whole, time.time() + 30) as session:
        wanted = {
            v: key for key, v in session.first.execute("SELECT id::text, v FROM t").fetchall()
        }
    assert sorted(found.changed) == sorted([wanted["secret 10"], wanted["secret 900"]])
    assert (found.missing, found.added) == ((wanted["secret 77"],), ())
    assert (found.number, found.complete) == (3, True)
    assert {name: column.number for name, column in found.columns.items()} == {"v": 2}


def _spec(dsn: str) -> TableSpec:
    with open_consistent_session(dsn, time.time() + 30) as session:
        return build_table_spec(
            session.first, read_tables(session.first, ("public",))[0]["public.t"], TableChange()
        )


def test_the_columns_that_differ_are_named(spare: CopyDatabase) -> None:
    """A numeric with another scale is a difference, and so is a null that became an empty text."""
    table = (
        "CREATE TABLE t (id int PRIMARY KEY, family text, given text, dose numeric, note text)",
        "INSERT INTO t SELECT g, 'f' || g, 'g' || g, 1.50, NULL FROM generate_series(1, 100) g",
    )
    harmed = spare(
        BEFORE,
        *table,
        "UPDATE t SET dose = 1.5 WHERE id = 7",
        "UPDATE t SET note = '' WHERE id = 8",
    )
    whole = spare(BEFORE, *table)
    found = find_differing_keys(harmed, _spec(harmed), whole, _spec(whole), ends=time.time() + 30)
    assert str(found).startswith("columns dose (1 key: 7), note (1 key: 8)")
    assert found.changed == ("7", "8")
