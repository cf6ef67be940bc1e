"""Queries to one database, each within the time that is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.abc import Params

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database import rules
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable, Row
from cutover_gates.probes.database.identity import wait_for_standby
from cutover_gates.probes.database.lock_holders import (
    HIDDEN_ROWS,
    describe_locks,
    describe_read_error,
)
from cutover_gates.util.text import first_error_line

Query = str | sql.SQL | sql.Composed

MAX_KEYS_IN_FINDING = 10
WORK_MEM = "128MB"
"""Memory for one sort or hash table: those of a large table then spill to disk less often."""

_HEAP_READ_SETTINGS = {
    # An index may be what is damaged, so nothing is looked up in one …
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "enable_bitmapscan": "off",
    # … and without indexes a nested loop never ends. The planner would choose one after a restore,
    # when it has no statistics.
    "enable_nestloop": "off",
    # The planner skips what a constraint makes impossible; it must not when the constraint itself
    # is checked.
    "constraint_exclusion": "off",
    # A policy must not hide rows: PostgreSQL then raises an error, and the table is not proven.
    "row_security": "off",
    "work_mem": WORK_MEM,
}
_PRIMARY_SETTINGS = {"row_security": "off"}
_QUOTABLE_SQLSTATES = ("0A", "25", "42", "53", "54", "55", "57", "58", "XX")
"""Classes of SQLSTATE whose messages name objects of the schema and the server.

The others (22: data) quote the content of a row.
"""


class QueryRejected(NotReadable):
    """PostgreSQL cannot execute this query, for example an expression in it."""


class OutOfTime(NotReadable):
    """The time that was left did not suffice."""


class StorageCorrupt(NotReadable):
    """PostgreSQL itself reports that a table or an index is corrupt."""

    broken_rule = rules.READABLE_STORAGE


class BoundedReader:
    """A read-only session with a limit of time for each query.

    It reads tables from the heap, on the standby where one is named; with `primary` it reads the
    target itself, also through indexes.
    """

    def __init__(self, context: DatabaseContext, *, primary: bool = False) -> None:
        self.context = context
        self._primary = primary
        self._connection: psycopg.Connection[Row] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection:
            self._connection.close()

    def open(self) -> None:
        """Connect now, and not at the first query. Raises `NotProven`."""
        self._ensure_connection()

    def fetch_all(self, query: Query, parameters: Params | None = None) -> list[Row]:
        """Return the rows that a query gives. Raises `NotReadable`."""
        return self._execute(query, parameters).fetchall()

    def fetch_one(self, query: Query, parameters: Params | None = None) -> Row:
        """Return the one row that a query gives. Raises `NotReadable`."""
        return self.fetch_all(query, parameters)[0]

    def query_catalog(self, query: str) -> list[Row]:
        """Return the rows of a query to the catalog about the target's schemas (`%(schemas)s`).

        Names in expressions have their schema. Raises `NotReadable`.
        """
        self.set_parameters(search_path="pg_catalog")
        try:
            return self.fetch_all(query, {"schemas": list(self.context.migrations.schemas)})
        finally:
            self._restore_session("RESET search_path")

    @contextmanager
    def open_snapshot(self, moment: str | None = None) -> Iterator[None]:
        """Let all queries of the block see one state of the database: that of `moment`, if given.

        `export_moment` of another session, whose own block must still be open, gives a moment.
        """
        self._execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            if moment:
                self._execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(moment)))
            yield
        finally:
            self._restore_session("ROLLBACK")

    def export_moment(self) -> str:
        """Return the name of the state that the open snapshot sees. Raises `NotReadable`."""
        return str(self.fetch_one("SELECT pg_export_snapshot() AS moment")["moment"])

    def cancel(self) -> None:
        """Cancel the running query, from another thread."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.cancel()

    def set_parameters(self, **settings: str) -> None:
        """Set parameters of the session, or of the open snapshot."""
        for name, value in settings.items():
            self._execute("SELECT set_config(%s, %s, false)", (name, value))

    def _execute(self, query: Query, parameters: Params | None = None) -> psycopg.Cursor[Row]:
        connection = self._ensure_connection()
        left = self.context.budget.remaining_seconds
        if left <= 0:
            raise OutOfTime(f"not read: {self.context.describe_overrun()}")
        # Zero would switch the timeout off.
        timeout = sql.Literal(max(1, round(left * 1000)))
        try:
            connection.execute(sql.SQL("SET statement_timeout = {}").format(timeout))
            return connection.execute(query, parameters)
        except psycopg.Error as error:
            raise self._to_not_readable(error, left) from None

    def _restore_session(self, statement: str) -> None:
        # A session that was lost has no state to restore.
        with suppress(psycopg.Error):
            self._ensure_connection().execute(statement)

    def _ensure_connection(self) -> psycopg.Connection[Row]:
        """Return the session, or a new one where it was lost.

        The failure of one table thus does not affect the others.
        """
        if self._connection is None or self._connection.closed:
            self._connection = self._connect()
            settings = _PRIMARY_SETTINGS if self._primary else _HEAP_READ_SETTINGS
            for name, value in settings.items():
                self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        return self._connection

    def _connect(self) -> psycopg.Connection[Row]:
        # None instead of 0: `connect` then raises the error that the budget is spent.
        left = self.context.budget.remaining_seconds or None
        try:
            if self._primary:
                return self.context.connect(left)
            # An answer of a standby is true of the target only once the standby has caught up.
            wait_for_standby(self.context)
            return self.context.connect_for_heavy_reads(left)
        except DatabaseUnreachable as error:
            raise gap_error(rules.SERVER_ANSWERS, "the database", str(error)) from None

    def _to_not_readable(self, error: psycopg.Error, seconds: float) -> NotReadable:
        if isinstance(error, psycopg.errors.QueryCanceled):
            reason = f"not seen to the end within the {seconds:.1f} s that were left"
            if self.context.budget.remaining_seconds <= 0:
                reason = f"{reason}: {self.context.describe_overrun()}"
            return OutOfTime(reason)
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return NotReadable(f"cannot be read now: {self._describe_locks()}")
        return _describe_error(error)

    def _describe_locks(self) -> str:
        """Return who holds the lock. The own session's transaction may be over, so ask anew."""
        try:
            with self._connect() as connection:
                return describe_locks(connection)
        except NotProven:
            return "another session holds a lock on it"


def _describe_error(error: psycopg.Error) -> NotReadable:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        if (reason := describe_read_error(error)).startswith(HIDDEN_ROWS):
            return NotReadable(reason)
        return NotReadable(
            f"cannot be read: {first_error_line(error)}"
            " (grant the role of the DSN the right to read it)"
        )
    state = error.sqlstate or ""
    text = f"{type(error).__name__} (SQLSTATE {state})"
    if not state or state.startswith(_QUOTABLE_SQLSTATES):
        text = first_error_line(error)
    if state.startswith("XX00"):
        return StorageCorrupt(f"corrupt, PostgreSQL reports: {text}")
    return QueryRejected(f"cannot be read: {text}")
