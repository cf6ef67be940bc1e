"""The constraints of single rows are evaluated in the pass over the content, with equal results."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from cutover_gates.probes.database.integrity.row_constraints import SHARED
from cutover_gates.probes.database.measurement import row_conditions, table_queries
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.row_conditions import ConditionCounts
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_spec_factory import read_columns
from cutover_gates.probes.database.measurement.table_specs import TableSpec, read_tables
from tests.findings import list_breaches, list_gaps
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.rows.conftest import CutoverDatabase, StartCutover

NOT_NULL = (
    "UPDATE pg_attribute SET attnotnull = {} WHERE attrelid = 't'::regclass AND attname = 'b'"
)
T = (
    "CREATE FUNCTION spelt(int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'old ' || $1 $$",
    "CREATE DOMAIN score AS int CHECK (VALUE < 100)",
    (
        "CREATE TABLE t (id int PRIMARY KEY, a score, b text NOT NULL, at timestamptz, day date,"
        " c text GENERATED ALWAYS AS (spelt(id)) STORED, CONSTRAINT low CHECK (a < 50))"
    ),
    "INSERT INTO t SELECT n, n, 'b' || n FROM generate_series(1, 9) n",
    "CREATE TABLE q (id int PRIMARY KEY) PARTITION BY RANGE (id)",
    "CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (10)",
    "INSERT INTO q VALUES (1)",
)
EACH_KIND = (
    NOT_NULL.format("false"),
    "UPDATE t SET b = NULL WHERE id = 3",
    NOT_NULL.format("true"),
    "ALTER TABLE t DROP CONSTRAINT low",
    "UPDATE t SET a = 60 WHERE id = 4",
    "ALTER TABLE t ADD CONSTRAINT low CHECK (a < 50) NOT VALID",
    "ALTER DOMAIN score ADD CONSTRAINT lower CHECK (VALUE <> 5 AND 'VALUE' <> 'x') NOT VALID",
    # Row 6 alone has another value then.
    "CREATE OR REPLACE FUNCTION spelt(int) RETURNS text IMMUTABLE LANGUAGE sql"
    " AS $$ SELECT CASE $1 WHEN 6 THEN 'new ' ELSE 'old ' END || $1 $$",
    "UPDATE pg_class SET relispartition = false WHERE relname = 'q1'",
    "INSERT INTO q1 VALUES (99)",
    "UPDATE pg_class SET relispartition = true WHERE relname = 'q1'",
)
NOT_EVALUABLE = ("ALTER TABLE t ADD CONSTRAINT even CHECK (1 / (a - 3) < 5) NOT VALID",)
KINDS: tuple[Callable[[IntegrityAssessments], Assessment], ...] = (
    IntegrityAssessments.assess_nulls,
    IntegrityAssessments.assess_check_constraints,
    IntegrityAssessments.assess_generated_columns,
    IntegrityAssessments.assess_partitions,
)


def _assess(cutover: CutoverDatabase, *, shared: bool) -> list[Assessment]:
    rows, context = cutover.rows, cutover.context
    read = rows.list_unbroken_conditions if shared else dict
    integrity = IntegrityAssessments(context, read)
    return [question(integrity) for question in KINDS]


def _shape(assessment: Assessment) -> tuple[object, ...]:
    return sorted(assessment.checked), assessment.findings, assessment.not_proven


@pytest.mark.parametrize(
    ("breaches", "found"),
    [
        ((), [[], [], [], []]),
        (NOT_EVALUABLE, [[], [], [], []]),
        (
            EACH_KIND,
            [
                [("t.b", "1 row: id 3")],
                [("t.a (lower)", "1 row: id 5"), ("t.low", "1 row: id 4")],
                [("t.c", "1 row: id 6")],
                [("q1.q1", "1 row: id 99")],
            ],
        ),
    ],
)
def test_what_the_shared_pass_finds_is_what_a_pass_of_its_own_finds(
    start_cutover: StartCutover, breaches: Sequence[str], found: list[list[tuple[str, str]]]
) -> None:
    cutover = start_cutover(*T)
    cutover.run_statements(*breaches)
    alone, together = (_assess(cutover, shared=shared) for shared in (False, True))
    assert [_shape(each) for each in together] == [_shape(each) for each in alone]
    assert not any(SHARED in each.figures for each in alone)
    assert together[0].figures[SHARED] > 10
    assert [[(one.subject, one.actual) for one in each.findings] for each in together] == found


def test_a_condition_that_cannot_be_evaluated_hides_no_row(start_cutover: StartCutover) -> None:
    cutover = start_cutover(*T)
    cutover.run_statements(*NOT_EVALUABLE, "DELETE FROM t WHERE id = 9")
    rows = cutover.rows
    assert "public.t" not in rows.list_unbroken_conditions()
    assert "public.q1" in rows.list_unbroken_conditions()
    assert [subject for _, subject in list_breaches(rows.assess_contents())] == ["t"]
    (gap,) = list_gaps(_assess(cutover, shared=True)[1])
    assert gap == (rules.CHECK_CONSTRAINTS, "t.even")


@pytest.mark.parametrize(("hour", "is_broken"), [(13, False), (17, True)])
def test_a_check_is_evaluated_in_the_databases_own_time_zone(
    start_cutover: StartCutover, hour: int, *, is_broken: bool
) -> None:
    """Hashes are computed in UTC, where 17:00 is still the same day. In Tokyo it is the next."""
    zone = (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Tokyo''',"
        " current_database()); END $$"
    )
    cutover = start_cutover(zone, *T)
    cutover.run_statements(
        f"UPDATE t SET at = '2026-11-30 {hour}:00+00', day = '2026-11-30' WHERE id = 1",
        "ALTER TABLE t ADD CONSTRAINT same CHECK (at::date = day) NOT VALID",
    )
    checks = _assess(cutover, shared=True)[1]
    assert list_breaches(checks) == [(rules.CHECK_CONSTRAINTS, "t.same")] * is_broken
    assert checks.figures[SHARED]


def test_only_hashes_that_depend_on_no_setting_share_the_pass(start_cutover: StartCutover) -> None:
    types = ("numeric(8, 2)", "jsonb", "float8", "interval", "timestamptz[]")
    cutover = start_cutover(
        *(f"CREATE TABLE u{n} (id int PRIMARY KEY, v {kind})" for n, kind in enumerate(types))
    )
    shared = cutover.rows.list_unbroken_conditions()
    assert [f"public.u{n}" in shared for n in range(5)] == [True, True, False, False, False]
    nulls = _assess(cutover, shared=True)[0]
    assert {f"u{n}.id" for n in range(5)} <= {*nulls.checked}


def test_rows_above_the_mark_are_checked_too(start_cutover: StartCutover) -> None:
    """They are in no sum, so the table is read once more for its constraints."""
    cutover = start_cutover(*T, tables={"t": {"grows_above": "id"}})
    cutover.run_statements(
        NOT_NULL.format("false"), "INSERT INTO t (id) VALUES (99)", NOT_NULL.format("true")
    )
    assert list_breaches(_assess(cutover, shared=True)[0]) == [(rules.NOT_NULL, "t.b")]


def test_without_a_snapshot_each_table_is_read_for_its_constraints(
    start_cutover: StartCutover,
) -> None:
    cutover = start_cutover(*T)
    for path in cutover.context.snapshots.rglob("*"):
        if path.is_file():
            path.unlink()
    nulls = _assess(cutover, shared=True)[0]
    assert SHARED not in nulls.figures
    assert "t.b" in nulls.checked


CONDITIONS = (
    "num_nulls(a) = 1",
    "NOT (a < 5)",
    "NOT (b <> '')",
    "NOT ((a IS NULL) = (b IS NULL))",
    "record_image_ne(ROW (b), ROW (lower(b)))",
)
_ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-9, 9),
        st.none() | st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=3),
    ),
    max_size=30,
)


@pytest.fixture
def pieced(spare: CopyDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    """The DSN of a database with a table `w`, which is read in many pieces."""
    monkeypatch.setattr(table_queries, "_PIECE_BYTES", 1)
    return spare(BEFORE, "CREATE TABLE w (id serial PRIMARY KEY, a int, b text)")


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=_ROWS, copies=st.sampled_from([1, 300]))
def test_the_shared_pass_counts_what_single_passes_count(
    pieced: str, rows: list[tuple[int | None, str | None]], copies: int
) -> None:
    plain = json.dumps(rows)
    with psycopg.connect(pieced, autocommit=True) as owner:
        owner.execute("TRUNCATE w RESTART IDENTITY")
        owner.execute(
            "INSERT INTO w (a, b) SELECT (r ->> 0)::int, r ->> 1 FROM jsonb_array_elements(%s) r,"
            " generate_series(1, %s)",
            [plain, copies],
        )
        expected = {
            condition
            for condition in CONDITIONS
            if owner.execute(f"SELECT count(*) FROM w WHERE {condition}".encode()).fetchone()
            == (0,)
        }
    assert _count_in_one_pass(pieced) == expected


def _count_in_one_pass(dsn: str) -> set[str]:
    """Return the conditions that no row meets, and check that the sums are those without them."""
    counts = ConditionCounts({"public.w": [sql.SQL(each) for each in CONDITIONS]})
    with open_consistent_session(dsn, time.time() + 60, ("public",)) as session:
        table = read_tables(session.first, ("public",))[0]["public.w"]
        spec = TableSpec(table, read_columns(session.first, table, table.columns), table.key)
        assert row_conditions.is_free_of_settings(spec)
        together = measure_in_session(session, [spec], conditions=counts)
        alone = measure_in_session(session, [spec])
    assert not together.unproven
    assert together.tables == alone.tables
    return set(counts.list_unbroken([spec])["public.w"])
