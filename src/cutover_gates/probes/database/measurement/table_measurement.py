"""The measurement of many tables at one moment, on several connections, within a time.

All tables are counted before the first one is hashed, and the small ones come first: when the time
is up, most is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import psycopg

from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.column_pass import sum_columns
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.row_conditions import ConditionCounts
from cutover_gates.probes.database.measurement.row_hashes import MODULUS
from cutover_gates.probes.database.measurement.table_accumulators import (
    TableAccumulator,
    build_stats,
)
from cutover_gates.probes.database.measurement.table_pass import (
    OUT_OF_TIME,
    ProgressCallback,
    TablePass,
)
from cutover_gates.probes.database.measurement.table_queries import TablePiece
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, RowSums

__all__ = ["OUT_OF_TIME", "explain_missing_time", "measure_in_session", "measure_tables"]


def measure_tables(
    dsn: str,
    tables: Sequence[TableSpec],
    *,
    ends: float,
    connections: int = 4,
    contents: bool = True,
    schemas: tuple[str, ...] = (),
    statement_seconds: float | None = None,
    watch: ProgressCallback = lambda _progress: None,
) -> DatabaseStats:
    """Measure tables at one moment, until `ends` (a `time.time()`).

    At most `connections` connections are opened. Raise `DatabaseUnreachable`.
    """
    with open_consistent_session(dsn, ends, schemas, statement_seconds) as session:
        return measure_in_session(
            session, tables, connections=connections, contents=contents, watch=watch
        )


def measure_in_session(
    session: ConsistentSession,
    tables: Sequence[TableSpec],
    *,
    connections: int = 4,
    contents: bool = True,
    columns: bool = False,
    conditions: ConditionCounts | None = None,
    watch: ProgressCallback = lambda _progress: None,
) -> DatabaseStats:
    """Measure tables at the moment of a session that is open already.

    `columns`: sum each column by itself, too, once all contents are hashed. `conditions` are
    counted in the pass that hashes.
    """
    began = time.monotonic()
    cheapest = sorted(tables, key=lambda spec: spec.size)
    whole = session.first.info.server_version < table_queries.BLOCK_RANGE_MIN_VERSION
    pieces = sum(len(list(table_queries.divide_table(spec, whole=whole))) for spec in cheapest)
    opened = [session.first, *_open_more_connections(session, min(connections, pieces) - 1)]
    # Whole tables are counted: the server's own parallel workers share one of them.
    _set_parallel_workers(opened, "DEFAULT")
    counted = TablePass("counted", session, [TableAccumulator(spec) for spec in cheapest], watch)
    counted.run(opened, lambda spec: table_queries.divide_table(spec, whole=True), _count_rows)
    opened = [connection for connection in opened if not connection.closed]
    # From here on the pieces run in parallel.
    _set_parallel_workers(opened, "0")
    hashed = [spec for spec in cheapest if contents and not spec.only_counted]
    accumulators = [TableAccumulator(spec, failure=spec.cannot) for spec in hashed]
    summed = TablePass("compared", session, accumulators, watch)
    summed.run(
        opened,
        lambda spec: table_queries.divide_table(
            spec, whole=whole, divided=spec.division is not None
        ),
        partial(_sum_hashes, conditions or ConditionCounts()),
    )
    stats = build_stats(counted.accumulators, summed.accumulators, time.monotonic() - began)
    if not columns:
        return stats
    opened = [connection for connection in opened if not connection.closed]
    return _add_column_sums(session, opened, hashed, stats, watch)


def _add_column_sums(
    session: ConsistentSession,
    connections: Sequence[TupleConnection],
    specs: Sequence[TableSpec],
    stats: DatabaseStats,
    watch: ProgressCallback,
) -> DatabaseStats:
    """Return the figures with the sums of single columns.

    A table whose columns could not be summed in time is whole without them: they only name where
    a difference is.
    """
    began = time.monotonic()
    expected = [
        replace(spec, content=spec.expected, key=spec.expected_key)
        for spec in specs
        if spec.expected is not None
    ]
    now = sum_columns(session, connections, specs, watch)
    later = sum_columns(session, connections, expected, watch)
    tables = {
        name: replace(table, column_sums=now.get(name), expected_column_sums=later.get(name))
        for name, table in stats.tables.items()
    }
    return replace(stats, tables=tables, seconds=stats.seconds + time.monotonic() - began)


def explain_missing_time(context: DatabaseContext, stats: DatabaseStats) -> DatabaseStats:
    """Return the figures with what the time went on, for tables that it did not suffice for."""
    if OUT_OF_TIME not in stats.unproven.values():
        return stats
    reason = f"it was not read to its end: {context.describe_overrun()}"
    unproven = {name: reason if why == OUT_OF_TIME else why for name, why in stats.unproven.items()}
    return replace(stats, unproven=unproven)


def _count_rows(
    connection: TupleConnection, accumulator: TableAccumulator, piece: TablePiece
) -> Callable[[], None]:
    row = connection.execute(table_queries.count_query(accumulator.spec, piece)).fetchone()
    rows, newer = row or (0, 0)

    def add_result() -> None:
        accumulator.rows += rows
        accumulator.newer += newer

    return add_result


def _sum_hashes(
    conditions: ConditionCounts,
    connection: TupleConnection,
    accumulator: TableAccumulator,
    piece: TablePiece,
) -> Callable[[], None]:
    rows, counts = conditions.read_piece(connection, accumulator.spec, piece)
    segments = {number: _build_sums(count, sums) for number, count, *sums in rows}

    def add_result() -> None:
        for number, sums in segments.items():
            known = accumulator.segments.get(number, RowSums())
            accumulator.segments[number] = known + sums
            accumulator.rows += sums.rows
        conditions.add(piece.part, counts)

    return add_result


def _build_sums(rows: int, sums: Sequence[int | None]) -> RowSums:
    """Return the sums of a segment. Without an expected sum, the content's stands for it."""
    keys, content, expected = (*sums, sums[-1])[:3]
    return RowSums(
        rows, int(keys or 0) % MODULUS, int(content or 0) % MODULUS, int(expected or 0) % MODULUS
    )


def _open_more_connections(session: ConsistentSession, number: int) -> list[TupleConnection]:
    """Return up to `number` further connections; a server that has no more is read with fewer."""
    opened: list[TupleConnection] = []
    for _ in range(number):
        try:
            opened.append(session.open_connection())
        except (DatabaseUnreachable, psycopg.Error):
            break
    return opened


def _set_parallel_workers(connections: Sequence[TupleConnection], workers: str) -> None:
    """Set how many processes of the server may help with one statement."""
    for connection in connections:
        connection.execute(f"SET max_parallel_workers_per_gather TO {workers}".encode())
