"""The marks of tables that grow: the highest value of the column, before anything is measured."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import psycopg

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_queries import read_highest_value
from cutover_gates.probes.database.measurement.table_specs import read_tables
from cutover_gates.probes.database.moves.moved_rows import read_query_marks

# Seconds to wait for transactions that were open when the marks were read.
_WAIT_SECONDS = 10.0
_POLL_SECONDS = 0.05
_OPEN_TRANSACTIONS = """
SELECT count(*) AS open FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend' AND xact_start < %s
"""

# The highest value of the column that grows, as text, by table.
Marks = Mapping[str, str | None]


def read_marks(context: DatabaseContext) -> dict[str, str | None]:
    """Return the highest value, as text, of each column that only grows, by table.

    Rows up to it were there before. A transaction that began earlier may still add a row below it,
    so the open ones are waited for before the snapshot is taken.
    """
    if not any(change.grows_above for change in context.migrations.tables.values()):
        return {}
    schemas, ends = context.migrations.schemas, time.time() + context.budget.remaining_seconds
    with open_consistent_session(context.heavy_dsn, ends, schemas) as session:
        tables, _ = read_tables(session.first, schemas)
        marks = {
            name: read_highest_value(session.first, table, column)
            for name, table in tables.items()
            if (column := context.declared_change(name).grows_above) and column in table.columns
        }
        marks |= read_query_marks(context, session.first)
    _wait_for_open_transactions(context)
    return marks


def _wait_for_open_transactions(context: DatabaseContext) -> None:
    # A tenth of the budget at most: one forgotten transaction must not use up the gate's time.
    seconds = min(_WAIT_SECONDS, context.budget.remaining_seconds / 10)
    with context.connect() as target:
        now = (target.execute("SELECT clock_timestamp() AS now").fetchone() or {})["now"]
        deadline = time.monotonic() + seconds
        while number := _count_open_transactions(target, now):
            if time.monotonic() > deadline:
                context.report_progress(
                    f"snapshot: {number} transactions are still open; rows that they add may be"
                    " counted among the old ones"
                )
                return
            time.sleep(_POLL_SECONDS)


def _count_open_transactions(target: psycopg.Connection[dict[str, Any]], since: Any) -> int:
    row = target.execute(_OPEN_TRANSACTIONS, [since]).fetchone()
    return int(row["open"]) if row else 0
