"""One pass over many tables: every connection takes the next piece until none is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

import psycopg

from cutover_gates.probes.database.lock_holders import describe_read_error
from cutover_gates.probes.database.measurement.consistent_session import ConsistentSession
from cutover_gates.probes.database.measurement.table_accumulators import (
    ProgressSnapshot,
    TableAccumulator,
)
from cutover_gates.probes.database.measurement.table_queries import TablePiece
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection

# Seconds between two looks at the clock.
TICK_SECONDS = 0.2
# Seconds in which a cancelled statement ends.
CANCEL_SECONDS = 5.0
OUT_OF_TIME = "the time of the gate (budget_seconds) was spent before it was read to its end"
NO_CONNECTION = "no connection to the database was left to read it"

ProgressCallback = Callable[[ProgressSnapshot], None]
# Read one piece; the function that it returns adds the result, and is called under a lock.
ReadPiece = Callable[[TupleConnection, TableAccumulator, TablePiece], Callable[[], None]]
_Task = tuple[TableAccumulator, TablePiece]


class TablePass:
    """One pass over all tables. A table that fails is left, the others go on.

    `kind` is shown in the progress: `counted` or `compared`.
    """

    def __init__(
        self,
        kind: str,
        session: ConsistentSession,
        accumulators: list[TableAccumulator],
        report: ProgressCallback,
    ) -> None:
        self.kind, self.session = kind, session
        self.accumulators, self.report = accumulators, report
        self._lock, self._began = threading.Lock(), time.monotonic()
        self._tasks: list[_Task] = []
        self._total_size, self._read_size = 0, 0

    def run(
        self,
        connections: Sequence[TupleConnection],
        divide: Callable[[TableSpec], Iterable[TablePiece]],
        read: ReadPiece,
    ) -> None:
        """Read all pieces of all tables on these connections, until the session's end."""
        self._plan(divide)
        threads = [
            threading.Thread(target=self._work, args=(connection, read), name="rows", daemon=True)
            for connection in connections
        ]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                self._wait(threads)
                self.report(self._current_progress())
        except BaseException:  # also Ctrl-C: statements must not go on in the target
            self._cancel_statements(threads)
            raise
        self._fail_unfinished()
        self.report(self._current_progress())

    def _plan(self, divide: Callable[[TableSpec], Iterable[TablePiece]]) -> None:
        for accumulator in self.accumulators:
            if accumulator.failure is not None:
                continue
            pieces = list(divide(accumulator.spec))
            accumulator.pending = len(pieces)
            self._tasks += [(accumulator, piece) for piece in pieces]
            self._total_size += sum(piece.size for piece in pieces)
        self._tasks.reverse()  # they are taken from the end

    def _fail_unfinished(self) -> None:
        reason = OUT_OF_TIME if self.session.is_stopped else NO_CONNECTION
        for accumulator in self.accumulators:
            if accumulator.pending and accumulator.failure is None:
                accumulator.failure = reason

    def _wait(self, threads: Sequence[threading.Thread]) -> None:
        running = next((thread for thread in threads if thread.is_alive()), threads[0])
        running.join(TICK_SECONDS)
        if self.session.is_stopped:
            self.session.cancel()

    def _cancel_statements(self, threads: Sequence[threading.Thread]) -> None:
        """Cancel repeatedly, because a statement may begin after it was cancelled."""
        deadline = time.monotonic() + CANCEL_SECONDS
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline:
            self.session.cancel()
            self._wait(threads)

    def _work(self, connection: TupleConnection, read: ReadPiece) -> None:
        while task := self._take_task():
            accumulator, piece = task
            try:
                with connection.transaction():
                    add_result = read(connection, accumulator, piece)
            except psycopg.Error as error:
                self._record_failure(accumulator, error)
                if connection.closed or connection.broken:
                    return
                continue
            with self._lock:
                add_result()
                accumulator.pending -= 1
                self._read_size += piece.size

    def _record_failure(self, accumulator: TableAccumulator, error: psycopg.Error) -> None:
        reason = OUT_OF_TIME if self.session.is_stopped else describe_read_error(error)
        if isinstance(error, psycopg.errors.LockNotAvailable):
            reason = self.session.describe_locks(accumulator.spec.name)
        with self._lock:
            accumulator.failure = accumulator.failure or reason

    def _take_task(self) -> _Task | None:
        with self._lock:
            while self._tasks and not self.session.is_stopped:
                task = self._tasks.pop()
                if task[0].failure is None:
                    return task
            return None

    def _current_progress(self) -> ProgressSnapshot:
        with self._lock:
            return ProgressSnapshot(
                self.kind,
                tables=len(self.accumulators),
                done=sum(not accumulator.pending for accumulator in self.accumulators),
                rows=sum(accumulator.rows for accumulator in self.accumulators),
                fraction=self._read_size / max(1, self._total_size),
                seconds=time.monotonic() - self._began,
            )
