"""Count and fingerprint many tables at one moment, on several connections, until it is done or the
time is up.

All tables are counted before the first one is fingerprinted, and the small ones come first: when
the time is up, the most is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

import psycopg

from cutover_gates.probes.database.context import DatabaseUnreachable, first_error_line
from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.row_hashes import MODULUS
from cutover_gates.probes.database.measurement.table_accumulators import (
    ProgressSnapshot,
    TableAccumulator,
    build_stats,
)
from cutover_gates.probes.database.measurement.table_queries import TablePiece
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats, RowSums

TICK_SECONDS = 0.2
"""Seconds between two looks at the clock."""
CANCEL_SECONDS = 5.0
"""Seconds in which a statement that was cancelled ends."""
OUT_OF_TIME = (
    "the time that the gate may take (budget_seconds) was up before it was read to its end"
)
BLOCK_RANGE_MIN_VERSION = 140000
"""`server_version_num` of the first release that can read a range of blocks alone."""


ProgressCallback = Callable[[ProgressSnapshot], None]
_Task = tuple[TableAccumulator, TablePiece]


def measure_tables(
    dsn: str,
    tables: Sequence[TableSpec],
    *,
    ends: float,
    connections: int = 4,
    contents: bool = True,
    schemas: tuple[str, ...] = (),
    statement_seconds: float | None = None,
    watch: ProgressCallback = lambda _seen: None,
) -> DatabaseStats:
    """Figures of tables at one moment, on at most so many connections, until `ends` (a
    `time.time()`). Raises `DatabaseUnreachable`.
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
    watch: ProgressCallback = lambda _seen: None,
) -> DatabaseStats:
    """The same at the moment of a reading that is open already."""
    began = time.monotonic()
    cheapest = sorted(tables, key=lambda spec: spec.size)
    whole = (
        session.first.info.server_version < BLOCK_RANGE_MIN_VERSION
    )  # a range of blocks would be looked for in the whole table
    sessions = [
        session.first,
        *_open_more_connections(
            session, min(connections, sum(1 for _ in _all_pieces(cheapest, whole))) - 1
        ),
    ]
    _set_parallel_workers(sessions, "DEFAULT")
    counted = _TablePass("counted", session, [TableAccumulator(spec) for spec in cheapest], watch)
    counted.run(sessions, lambda spec: table_queries.divide_table(spec, whole=True), _count_rows)
    sessions = [connection for connection in sessions if not connection.closed]
    _set_parallel_workers(sessions, "0")  # from here on the pieces are what runs in parallel
    summed = _TablePass(
        "compared",
        session,
        [
            TableAccumulator(spec, failure=spec.cannot)
            for spec in cheapest
            if contents and not spec.only_counted
        ],
        watch,
    )
    summed.run(
        sessions,
        lambda spec: table_queries.divide_table(
            spec, whole=whole, divided=spec.division is not None
        ),
        _sum_hashes,
    )
    return build_stats(counted.tallies, summed.tallies, time.monotonic() - began)


class _TablePass:
    """One pass over all tables: every connection takes the next piece until none is left.

    A table that fails is left, the others go on.
    """

    def __init__(
        self,
        what: str,
        session: ConsistentSession,
        tallies: list[TableAccumulator],
        watch: ProgressCallback,
    ) -> None:
        self.what, self.session, self.tallies, self.report = what, session, tallies, watch
        self.lock, self.began = threading.Lock(), time.monotonic()
        self.tasks: list[_Task] = []
        self.total_size, self.read_size = 0, 0

    def run(
        self,
        sessions: Sequence[TupleConnection],
        divide: Callable[[TableSpec], Iterable[TablePiece]],
        ask: Callable[[TupleConnection, TableAccumulator, TablePiece], Callable[[], None]],
    ) -> None:
        for tally in self.tallies:
            own = [(tally, piece) for piece in divide(tally.spec)] if tally.failure is None else []
            tally.pending = len(own)
            self.tasks += own
            self.total_size += sum(piece.size for _, piece in own)
        self.tasks.reverse()  # they are taken from the end
        threads = [
            threading.Thread(target=self._work, args=(connection, ask), name="rows", daemon=True)
            for connection in sessions
        ]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                self._wait(threads)
                self.report(self._current_progress())
        except BaseException:
            self._cancel_statements(threads)
            raise
        for tally in self.tallies:
            if tally.pending and tally.failure is None:
                tally.failure = (
                    OUT_OF_TIME
                    if self.session.is_stopped
                    else "no connection to the database was left to read it"
                )
        self.report(self._current_progress())

    def _wait(self, threads: Sequence[threading.Thread]) -> None:
        next((thread for thread in threads if thread.is_alive()), threads[0]).join(TICK_SECONDS)
        if self.session.is_stopped:
            self.session.cancel()

    def _cancel_statements(self, threads: Sequence[threading.Thread]) -> None:
        """Cancel what runs, again and again: a statement that had not begun when it was cancelled
        begins nevertheless.
        """
        patience = time.monotonic() + CANCEL_SECONDS
        while any(thread.is_alive() for thread in threads) and time.monotonic() < patience:
            self.session.cancel()
            self._wait(threads)

    def _work(
        self,
        connection: TupleConnection,
        ask: Callable[[TupleConnection, TableAccumulator, TablePiece], Callable[[], None]],
    ) -> None:
        while task := self._take_task():
            tally, piece = task
            try:
                with connection.transaction():
                    note = ask(connection, tally, piece)
                with self.lock:
                    note()
                    tally.pending -= 1
                    self.read_size += piece.size
            except psycopg.Error as error:
                with self.lock:
                    tally.failure = tally.failure or (
                        OUT_OF_TIME if self.session.is_stopped else first_error_line(error)
                    )
                if connection.closed or connection.broken:
                    return

    def _take_task(self) -> _Task | None:
        with self.lock:
            while self.tasks and not self.session.is_stopped:
                task = self.tasks.pop()
                if task[0].failure is None:
                    return task
            return None

    def _current_progress(self) -> ProgressSnapshot:
        with self.lock:
            done = [tally for tally in self.tallies if not tally.pending]
            return ProgressSnapshot(
                self.what,
                len(self.tallies),
                len(done),
                sum(tally.rows for tally in self.tallies),
                self.read_size / max(1, self.total_size),
                time.monotonic() - self.began,
            )


def _count_rows(
    connection: TupleConnection, tally: TableAccumulator, piece: TablePiece
) -> Callable[[], None]:
    found = connection.execute(table_queries.count_query(tally.spec, piece)).fetchone()
    rows, newer = found or (0, 0)

    def note() -> None:
        tally.rows += rows
        tally.newer += newer

    return note


def _sum_hashes(
    connection: TupleConnection, tally: TableAccumulator, piece: TablePiece
) -> Callable[[], None]:
    found = connection.execute(table_queries.content_query(tally.spec, piece))
    own = {
        number: RowSums(
            rows,
            *(
                int(value or 0) % MODULUS
                for value in (sums if len(sums) == 3 else (*sums, sums[-1]))
            ),
        )
        for number, rows, *sums in found
    }

    def note() -> None:
        for number, sums in own.items():
            tally.segments[number] = tally.segments.get(number, RowSums()) + sums
            tally.rows += sums.rows

    return note


def _open_more_connections(session: ConsistentSession, number: int) -> list[TupleConnection]:
    """Up to so many further connections; a server that has no more to give is read with those that
    there are.
    """
    found: list[TupleConnection] = []
    for _ in range(number):
        try:
            found.append(session.open_connection())
        except (DatabaseUnreachable, psycopg.Error):
            break
    return found


def _set_parallel_workers(sessions: Sequence[TupleConnection], workers: str) -> None:
    """How many processes of the server may help with one statement."""
    for connection in sessions:
        connection.execute(f"SET max_parallel_workers_per_gather TO {workers}".encode())


def _all_pieces(tables: Sequence[TableSpec], whole: bool) -> Iterable[TablePiece]:
    return (piece for spec in tables for piece in table_queries.divide_table(spec, whole=whole))
