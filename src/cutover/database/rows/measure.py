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

from cutover.database.rows import statements
from cutover.database.rows.figures import Figures, Sums
from cutover.database.rows.fingerprint import MODULUS
from cutover.database.rows.reading import Reading, reading
from cutover.database.rows.statements import Piece
from cutover.database.rows.tables import Connection, TableSpec
from cutover.database.rows.tallies import Seen, Tally, figures_of
from cutover.database.session import DatabaseSilent, first_line

TICK = 0.2
"""Seconds between two looks at the clock."""
PATIENCE = 5.0
"""Seconds in which a statement that was cancelled ends."""
OUT_OF_TIME = (
    "the time that the gate may take (budget_seconds) was up before it was read to its end"
)
RANGES_SINCE = 140000
"""`server_version_num` of the first release that can read a range of blocks alone."""


Watch = Callable[[Seen], None]
_Task = tuple[Tally, Piece]


def measure(
    dsn: str,
    tables: Sequence[TableSpec],
    *,
    ends: float,
    connections: int = 4,
    contents: bool = True,
    schemas: tuple[str, ...] = (),
    statement_seconds: float | None = None,
    watch: Watch = lambda _seen: None,
) -> Figures:
    """Figures of tables at one moment, on at most so many connections, until `ends` (a
    `time.time()`). Raises `DatabaseSilent`.
    """
    with reading(dsn, ends, schemas, statement_seconds) as session:
        return measure_in(session, tables, connections=connections, contents=contents, watch=watch)


def measure_in(
    session: Reading,
    tables: Sequence[TableSpec],
    *,
    connections: int = 4,
    contents: bool = True,
    watch: Watch = lambda _seen: None,
) -> Figures:
    """The same at the moment of a reading that is open already."""
    began = time.monotonic()
    cheapest = sorted(tables, key=lambda spec: spec.size)
    whole = (
        session.first.info.server_version < RANGES_SINCE
    )  # a range of blocks would be looked for in the whole table
    sessions = [
        session.first,
        *_more(session, min(connections, sum(1 for _ in _all_pieces(cheapest, whole))) - 1),
    ]
    _parallel(sessions, "DEFAULT")
    counted = _Round("counted", session, [Tally(spec) for spec in cheapest], watch)
    counted.run(sessions, lambda spec: statements.pieces(spec, whole=True), _count)
    sessions = [connection for connection in sessions if not connection.closed]
    _parallel(sessions, "0")  # from here on the pieces are what runs in parallel
    summed = _Round(
        "compared",
        session,
        [Tally(spec, why=spec.cannot) for spec in cheapest if contents and not spec.only_counted],
        watch,
    )
    summed.run(
        sessions,
        lambda spec: statements.pieces(spec, whole=whole, divided=spec.division is not None),
        _sum,
    )
    return figures_of(counted.tallies, summed.tallies, time.monotonic() - began)


class _Round:
    """One pass over all tables: every connection takes the next piece until none is left.

    A table that fails is left, the others go on.
    """

    def __init__(self, what: str, session: Reading, tallies: list[Tally], watch: Watch) -> None:
        self.what, self.session, self.tallies, self.watch = what, session, tallies, watch
        self.lock, self.began = threading.Lock(), time.monotonic()
        self.tasks: list[_Task] = []
        self.all, self.read = 0, 0

    def run(
        self,
        sessions: Sequence[Connection],
        divide: Callable[[TableSpec], Iterable[Piece]],
        ask: Callable[[Connection, Tally, Piece], Callable[[], None]],
    ) -> None:
        for tally in self.tallies:
            own = [(tally, piece) for piece in divide(tally.spec)] if tally.why is None else []
            tally.waiting = len(own)
            self.tasks += own
            self.all += sum(piece.size for _, piece in own)
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
                self.watch(self._seen())
        except BaseException:
            self._give_up(threads)
            raise
        for tally in self.tallies:
            if tally.waiting and tally.why is None:
                tally.why = (
                    OUT_OF_TIME
                    if self.session.stopped
                    else "no connection to the database was left to read it"
                )
        self.watch(self._seen())

    def _wait(self, threads: Sequence[threading.Thread]) -> None:
        next((thread for thread in threads if thread.is_alive()), threads[0]).join(TICK)
        if self.session.stopped:
            self.session.stop()

    def _give_up(self, threads: Sequence[threading.Thread]) -> None:
        """Cancel what runs, again and again: a statement that had not begun when it was cancelled
        begins nevertheless.
        """
        patience = time.monotonic() + PATIENCE
        while any(thread.is_alive() for thread in threads) and time.monotonic() < patience:
            self.session.stop()
            self._wait(threads)

    def _work(
        self, connection: Connection, ask: Callable[[Connection, Tally, Piece], Callable[[], None]]
    ) -> None:
        while task := self._next():
            tally, piece = task
            try:
                with connection.transaction():
                    note = ask(connection, tally, piece)
                with self.lock:
                    note()
                    tally.waiting -= 1
                    self.read += piece.size
            except psycopg.Error as error:
                with self.lock:
                    tally.why = tally.why or (
                        OUT_OF_TIME if self.session.stopped else first_line(error)
                    )
                if connection.closed or connection.broken:
                    return

    def _next(self) -> _Task | None:
        with self.lock:
            while self.tasks and not self.session.stopped:
                task = self.tasks.pop()
                if task[0].why is None:
                    return task
            return None

    def _seen(self) -> Seen:
        with self.lock:
            done = [tally for tally in self.tallies if not tally.waiting]
            return Seen(
                self.what,
                len(self.tallies),
                len(done),
                sum(tally.rows for tally in self.tallies),
                self.read / max(1, self.all),
                time.monotonic() - self.began,
            )


def _count(connection: Connection, tally: Tally, piece: Piece) -> Callable[[], None]:
    found = connection.execute(statements.count(tally.spec, piece)).fetchone()
    rows, newer = found or (0, 0)

    def note() -> None:
        tally.rows += rows
        tally.newer += newer

    return note


def _sum(connection: Connection, tally: Tally, piece: Piece) -> Callable[[], None]:
    found = connection.execute(statements.content(tally.spec, piece))
    own = {
        number: Sums(
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
            tally.segments[number] = tally.segments.get(number, Sums()) + sums
            tally.rows += sums.rows

    return note


def _more(session: Reading, number: int) -> list[Connection]:
    """Up to so many further connections; a server that has no more to give is read with those that
    there are.
    """
    found: list[Connection] = []
    for _ in range(number):
        try:
            found.append(session.another())
        except (DatabaseSilent, psycopg.Error):
            break
    return found


def _parallel(sessions: Sequence[Connection], workers: str) -> None:
    """How many processes of the server may help with one statement."""
    for connection in sessions:
        connection.execute(f"SET max_parallel_workers_per_gather TO {workers}".encode())


def _all_pieces(tables: Sequence[TableSpec], whole: bool) -> Iterable[Piece]:
    return (piece for spec in tables for piece in statements.pieces(spec, whole=whole))
