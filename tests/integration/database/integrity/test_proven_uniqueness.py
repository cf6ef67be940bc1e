"""A unique index that equals its table, in strictly rising order, proves that no value repeats."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from tests.findings import list_breaches
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context

T = "CREATE TABLE t (id int PRIMARY KEY, a text, b numeric, c timestamptz)"
ROWS = (
    "INSERT INTO t SELECT n, 'a' || n, n, now() + n * interval '1 s' FROM generate_series(1, 500) n"
)
PROVEN = "proven by the walk over the index"
# A row enters while the index is not unique, and then nobody can see that there was such a time.
FLAG = "UPDATE pg_index SET indisunique = {} WHERE indexrelid = 'u'::regclass"
AGAIN = "INSERT INTO t SELECT 501, a, b, c FROM t WHERE id = 7"


def _assess(spare: CopyDatabase, folder: Path, *statements: str) -> Assessment:
    dsn = spare(BEFORE, T, ROWS, *statements)
    return IntegrityAssessments(make_database_context(dsn, folder)).assess_duplicates()


@pytest.mark.parametrize(
    ("index", "is_proven"),
    [
        ("CREATE UNIQUE INDEX u ON t (b DESC, a)", True),
        ("CREATE UNIQUE INDEX u ON t (c) WHERE id > 100", True),
        ("CREATE UNIQUE INDEX u ON t (lower(a))", True),
        # With nulls in it, order proves nothing: the rows themselves are compared.
        ("CREATE UNIQUE INDEX u ON t (nullif(id, 3))", False),
    ],
)
def test_an_index_of_any_form_is_judged(
    spare: CopyDatabase, tmp_path: Path, index: str, *, is_proven: bool
) -> None:
    without = _assess(spare, tmp_path / "without")
    found = _assess(spare, tmp_path / "with", index)
    assert "t.u" in found.checked
    assert not found.findings
    assert found.figures[PROVEN] - without.figures[PROVEN] == int(is_proven)
    assert without.figures[PROVEN] > 0


@pytest.mark.parametrize(
    "index",
    [
        "CREATE UNIQUE INDEX u ON t (a)",
        "CREATE UNIQUE INDEX u ON t (b DESC, a)",
        "CREATE UNIQUE INDEX u ON t (c) WHERE id < 100 OR id > 500",
    ],
)
def test_a_repeated_value_is_found_where_the_index_holds_it_twice(
    spare: CopyDatabase, tmp_path: Path, index: str
) -> None:
    found = _assess(spare, tmp_path, index, FLAG.format("false"), AGAIN, FLAG.format("true"))
    assert list_breaches(found) == [(rules.UNIQUE_VALUES, "t.u")]


def test_the_figures_of_the_indexes_show_no_numbers_of_the_catalog(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    context = make_database_context(spare(BEFORE, T, ROWS), tmp_path)
    found = IntegrityAssessments(context).assess_indexes()
    assert set(found.figures) == {"amcheck", "not walked"}
    assert "t.t_pkey" in found.checked


AMCHECK = (
    "CREATE SCHEMA tools",
    "INSERT INTO pg_extension VALUES (99999, 'amcheck', 10, 'tools'::regnamespace, false,"
    " '1.5', NULL, NULL)",
)
CHECKS = (
    "CREATE FUNCTION tools.bt_index_check(regclass, boolean{more}) RETURNS void LANGUAGE plpgsql"
    " AS $$ BEGIN IF $1::text = 't_pkey' THEN RAISE EXCEPTION USING ERRCODE = 'XX002',"
    " MESSAGE = 'index uniqueness is violated'; END IF; END $$"
)


@pytest.mark.parametrize(("more", "proves"), [(", boolean", True), ("", False)])
def test_amcheck_proves_uniqueness_where_it_can(
    spare: CopyDatabase, tmp_path: Path, more: str, *, proves: bool
) -> None:
    """From PostgreSQL 17 it can. The index of which it complains is compared with its rows."""
    found = _assess(spare, tmp_path, *AMCHECK, CHECKS.format(more=more))
    assert (found.figures[PROVEN] > 0) == proves
    assert not found.findings
    assert "t.t_pkey" in found.checked


def test_a_server_with_few_connections_is_read_with_fewer(
    spare: CopyDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, connect = list[BoundedReader](), BoundedReader.open

    def open_one(reader: BoundedReader) -> None:
        if opened:
            raise NotProven("too many connections")
        opened.append(reader)
        connect(reader)

    monkeypatch.setattr(BoundedReader, "open", open_one)
    found = _assess(spare, tmp_path, "CREATE UNIQUE INDEX u ON t (a)")
    assert found.figures[PROVEN] > 0
    assert not found.findings
    assert not found.not_proven
