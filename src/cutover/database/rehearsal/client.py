"""One client of the workload: a connection on which statements are due at fixed moments, each in a
transaction that is rolled back.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import psycopg

from cutover.database.rehearsal.statements import Statement
from cutover.database.rehearsal.words import refused
from cutover.database.session import APPLICATION_NAME

GONE = (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable)


@dataclass(frozen=True)
class Done:
    """One statement: due and ended at these `time.monotonic()`.

    `why` is set where PostgreSQL refused it.

    `held` is from when to when its client was held up most since it was last on time: by this
    statement, or by one before it in the queue.
    """

    statement: str
    due: float
    ended: float
    held: tuple[float, float]
    why: str | None = None
    unfinished: bool = False


@dataclass
class Client:
    """One connection with its own share of the schedule.

    What it saw is read by others only after its thread has ended.
    """

    dsn: str
    statements: deque[Statement]
    every: float
    offset: float
    stop: threading.Event
    done: list[Done] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    lost: str | None = None
    due: float = 0.0
    begun: float = 0.0
    held: tuple[float, float] = (0.0, 0.0)
    current: str | None = None
    connection: psycopg.Connection | None = None

    def run(self) -> None:
        self.due = time.monotonic() + self.offset
        try:
            with connected(self.dsn) as self.connection:
                while self.statements and not self.stop.wait(max(0.0, self.due - time.monotonic())):
                    self._one()
                    self.due += self.every
        except psycopg.Error as error:
            self.lost = refused(error)

    def waits(self, ended: float) -> Done | None:
        """What this client was still waiting for when the work ended at `ended`.

        One that lost its connection waits for nothing any more.
        """
        if self.current is None or self.lost or self.due >= ended:
            return None
        now = time.monotonic()
        return Done(self.current, self.due, now, (self.begun, now), unfinished=True)

    def _one(self) -> None:
        """Run the next statement in turn; one whose columns are gone is put in other words, or left
        out when there are none.
        """
        statement = self.statements[0]
        self.current, self.begun = statement.name, time.monotonic()
        why = self._refused(statement)
        ended = time.monotonic()
        on_time = self.begun - self.due < self.every
        if on_time or ended - self.begun > self.held[1] - self.held[0]:
            self.held = (self.begun, ended)
        self.done.append(
            Done(statement.name, self.due, ended, self.held, why, unfinished=self.stop.is_set())
        )
        self.statements.rotate(-1)
        self.current = self.statements[0].name if self.statements else None

    def _refused(self, statement: Statement) -> str | None:
        """Run a statement; why PostgreSQL refused it."""
        assert self.connection is not None
        try:
            run(self.connection, statement)
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            if statement.made_up and isinstance(error, GONE):
                self._reword(statement, error)
            elif (
                not self.stop.is_set()
            ):  # when all is over, statements that still wait are cancelled
                return refused(error)
        return None

    def _reword(self, statement: Statement, error: psycopg.Error) -> None:
        """Another column when one is gone; nothing when the table is."""
        self.statements.popleft()
        others = () if isinstance(error, psycopg.errors.UndefinedTable) else statement.texts[1:]
        if others:
            self.statements.appendleft(Statement(statement.name, others, statement.keys))
        else:
            self.dropped.append(f"{statement.name}: {refused(error)}")


def connected(dsn: str) -> psycopg.Connection:
    """Without prepared statements: after a change of its table such a one fails once, and only for
    the connection that had it.
    """
    return psycopg.connect(
        dsn, application_name=f"{APPLICATION_NAME} workload", prepare_threshold=None
    )


def run(connection: psycopg.Connection, statement: Statement) -> None:
    """One statement in a short transaction, rolled back at its end."""
    try:
        connection.execute(
            statement.texts[0], random.choice(statement.keys) if statement.keys else None
        )
    finally:
        if not connection.closed:
            connection.rollback()
