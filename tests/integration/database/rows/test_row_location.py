"""A difference is followed down to keys, and never to what a row holds."""

from __future__ import annotations

import time

import pytest

from cutover_gates.config.migrations import TableChange
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.segment_comparison import find_differing_keys
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
    ("table", "happened", "said"),
    [
        (
            INTEGERS,
            "UPDATE t SET v = '' WHERE id = 500",
            (
                "id 497 to 512 (16 rows then, 16 now; the same keys, and of one of them at least"
                " the content"
            ),
        ),
        (
            INTEGERS,
            "DELETE FROM t WHERE id = 500",
            "id 497 to 512 (16 rows then, 15 now; the key whose hash is",
        ),
        (INTEGERS, "INSERT INTO t VALUES (1001, '')", "this key was added: 1001"),
        (
            UUIDS,
            "INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001', '')",
            "this key was added: 00000000-0000-0000-0000-000000000001",
        ),
        (TWO, "INSERT INTO t VALUES (9, 'k', '')", "by the hash of a, b"),
        (TWO, "INSERT INTO t VALUES (9, 'k', '')", "this key was added: 9/k"),
    ],
)
def test_the_place_is_named(
    nights: StartCutover, table: tuple[str, ...], happened: str, said: str
) -> None:
    night = nights(*table)
    night.run_statements(happened)
    found = " ".join(night.rows.assess_contents().findings)
    assert said in found
    assert "secret" not in found


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
    assert (found.missing, found.added, found.number, found.complete) == (
        (wanted["secret 77"],),
        (),
        3,
        True,
    )


def _spec(dsn: str) -> TableSpec:
    with open_consistent_session(dsn, time.time() + 30) as session:
        return build_table_spec(
            session.first, read_tables(session.first, ("public",))[0]["public.t"], TableChange()
        )
