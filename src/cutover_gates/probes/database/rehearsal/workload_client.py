"""One client of the workload: a connection on which statements are due at fixed moments.

Each statement runs in a transaction that is rolled back.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from dataclasses import dataclass, field

import psycopg

from cutover_gates.probes.database.context import APPLICATION_NAME
from cutover_gates.probes.database.rehearsal.rehearsal_result import describe_error
from cutover_gates.probes.database.rehearsal.workload_statements import WorkloadStatement

GONE_ERRORS = (psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedTable)


@dataclass(frozen=True)
class StatementResult:
    """One statement that was due and ended at these `time.monotonic()`s.

    `why` is PostgreSQL's error where it refused the statement. `held` is the interval in which the
    client was held up most since it was last on time: by this statement, or by one before it in the
    queue. `unfinished`: it was still waiting at the end.
    """

    statement: str
    due: float
    ended: float
    held: tuple[float, float]
    why: str | None = None
    unfinished: bool = False

    @property
    def wait(self) -> float:
        """Seconds from the moment at which it was due to its end."""
        return self.ended - self.due


@dataclass
class WorkloadClient:
    """One connection with its own share of the schedule.

    `every` and `offset` are seconds: between two statements, and before the first one. The results
    are read by other threads only after the client's thread has ended.
    """

    dsn: str
    statements: deque[WorkloadStatement]
    every: float
    offset: float
    stop: threading.Event
    done: list[StatementResult] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    lost: str | None = None
    due: float = 0.0
    begun: float = 0.0
    held: tuple[float, float] = (0.0, 0.0)
    current: str | None = None
    connection: psycopg.Connection | None = None

    def run(self) -> None:
        """Run statements until `stop` is set or none is left."""
        self.due = time.monotonic() + self.offset
        try:
            with connect_workload(self.dsn) as self.connection:
                while self.statements and not self.stop.wait(max(0.0, self.due - time.monotonic())):
                    self._run_next()
                    self.due += self.every
        except psycopg.Error as error:
            self.lost = describe_error(error)

    def find_pending_result(self, ended: float) -> StatementResult | None:
        """Return what the client was still waiting for when the work ended at `ended`.

        A client that lost its connection waits for nothing any more.
        """
        if self.current is None or self.lost or self.due >= ended:
            return None
        now = time.monotonic()
        return StatementResult(self.current, self.due, now, (self.begun, now), unfinished=True)

    def _run_next(self) -> None:
        """Run the next statement in turn.

        A generated one whose columns are gone is replaced, or dropped when there is no other.
        """
        statement = self.statements[0]
        self.current, self.begun = statement.name, time.monotonic()
        why = self._try_statement(statement)
        ended = time.monotonic()
        on_time = self.begun - self.due < self.every
        if on_time or ended - self.begun > self.held[1] - self.held[0]:
            self.held = (self.begun, ended)
        self.done.append(
            StatementResult(
                statement.name, self.due, ended, self.held, why, unfinished=self.stop.is_set()
            )
        )
        self.statements.rotate(-1)
        self.current = self.statements[0].name if self.statements else None

    def _try_statement(self, statement: WorkloadStatement) -> str | None:
        """Run a statement, and return PostgreSQL's error where it refused it."""
        assert self.connection is not None
        try:
            run_statement(self.connection, statement)
        except psycopg.Error as error:
            if self.connection.closed:
                raise
            if statement.is_generated and isinstance(error, GONE_ERRORS):
                self._replace_statement(statement, error)
            # At the end, statements that still wait are cancelled, which is no refusal.
            elif not self.stop.is_set():
                return describe_error(error)
        return None

    def _replace_statement(self, statement: WorkloadStatement, error: psycopg.Error) -> None:
        """Use another column where one is gone; drop the statement where the table is."""
        self.statements.popleft()
        others = () if isinstance(error, psycopg.errors.UndefinedTable) else statement.texts[1:]
        if others:
            self.statements.appendleft(WorkloadStatement(statement.name, others, statement.keys))
        else:
            self.dropped.append(f"{statement.name}: {describe_error(error)}")


def connect_workload(dsn: str) -> psycopg.Connection:
    """Connect without prepared statements.

    After a change of its table a prepared statement fails once, for the connection that had it
    only.
    """
    return psycopg.connect(
        dsn, application_name=f"{APPLICATION_NAME} workload", prepare_threshold=None
    )


def run_statement(connection: psycopg.Connection, statement: WorkloadStatement) -> None:
    """Run a statement in a short transaction that is rolled back."""
    # Random keys: a script that changes some rows meets some of the statements.
    parameters = random.choice(statement.keys) if statement.keys else None
    try:
        connection.execute(statement.texts[0], parameters)
    finally:
        if not connection.closed:
            connection.rollback()
