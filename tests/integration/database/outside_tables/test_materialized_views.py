"""Materialised views beside their queries: equal up to the order in which floats are added."""

from __future__ import annotations

from pathlib import Path

import psycopg

from cutover_gates.probes.database.outside_tables.model import MaterializedViewState
from cutover_gates.probes.database.outside_tables.outside_capture import read_views
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context

VIEW = (
    "CREATE TABLE doses (id int PRIMARY KEY, amount float8)",
    "INSERT INTO doses SELECT n, 2 + sin(n) FROM generate_series(1, 5000) AS n",
    "CREATE MATERIALIZED VIEW totals AS SELECT sum(amount) AS total FROM doses",
)
IN_ANOTHER_ORDER = (
    "CREATE TEMP TABLE kept AS SELECT * FROM doses",
    "TRUNCATE doses",
    "INSERT INTO doses SELECT * FROM kept ORDER BY amount",
)


def read_totals(dsn: str, folder: Path) -> MaterializedViewState:
    """Return the view `totals` with its query."""
    unproven: dict[str, str] = {}
    views = read_views(make_database_context(dsn, folder), unproven)
    assert not unproven
    return views["public.totals"]


def run(dsn: str, *statements: str) -> None:
    """Run statements in one session."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_another_order_of_the_rows_makes_no_other_sum(spare: CopyDatabase, tmp_path: Path) -> None:
    """A restore, CLUSTER or a parallel plan adds the same floats in another order."""
    dsn = spare(BEFORE, *VIEW)
    run(dsn, *IN_ANOTHER_ORDER)
    with psycopg.connect(dsn) as connection:
        query = "SELECT total = (SELECT sum(amount) FROM doses) FROM totals"
        assert connection.execute(query).fetchone() == (False,), "the sums are equal in any order"
    view = read_totals(dsn, tmp_path)
    assert view.content == view.query_content


def test_another_value_makes_another_sum(spare: CopyDatabase, tmp_path: Path) -> None:
    dsn = spare(BEFORE, *VIEW)
    run(dsn, "UPDATE doses SET amount = amount + 0.0001 WHERE id = 7")
    view = read_totals(dsn, tmp_path)
    assert view.content != view.query_content
