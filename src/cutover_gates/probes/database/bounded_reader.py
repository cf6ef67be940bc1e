"""Questions to one database, each within the time that is left; and what came of them, thing by
thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.abc import Params

from cutover_gates.core.evidence.assessment import NotProven, NotReadable
from cutover_gates.probes.database import rules
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    Row,
    first_error_line,
)

Query = str | sql.SQL | sql.Composed

MAX_KEYS_IN_FINDING = 10
WORK_MEM = (  # for one sort or hash table: those of a large table then spill to disk less often
    "128MB"
)

_HEAP_READ_SETTINGS = {
    # An index may be what is damaged, so nothing is looked up in one …
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "enable_bitmapscan": "off",
    # … and without indexes a nested loop never ends; the planner would take one after a restore,
    # when it has no statistics.
    "enable_nestloop": "off",
    # The planner leaves out what it believes to be impossible because of a constraint; it may not
    # do so when the constraint is asked.
    "constraint_exclusion": "off",
    # A policy must not hide rows from us: PostgreSQL then refuses, and the table is not proven.
    "row_security": "off",
    "work_mem": WORK_MEM,
}
_QUOTABLE_SQLSTATES = ("0A", "25", "42", "53", "54", "55", "57", "58", "XX")
"""Classes of SQLSTATE whose messages name things of the schema and the server; others (22: data)
quote what stands in a row.
"""


class QueryRejected(NotReadable):
    """PostgreSQL cannot carry out this very query, for example an expression in it."""


class StorageCorrupt(NotReadable):
    """PostgreSQL itself says that a table or an index is corrupt."""

    broken_rule = rules.READABLE_STORAGE


class BoundedReader:
    """A read-only session.

    It reads tables from the heap, on the standby where one is named; with `primary` the target
    itself, also by indexes.
    """

    def __init__(self, site: DatabaseContext, *, primary: bool = False) -> None:
        self.site = site
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

    def fetch_all(self, query: Query, parameters: Params | None = None) -> list[Row]:
        """The rows that a query gives. Raises `NotReadable`."""
        return self._execute(query, parameters).fetchall()

    def _execute(self, query: Query, parameters: Params | None = None) -> psycopg.Cursor[Row]:
        connection = self._ensure_connection()
        left = self.site.budget.remaining_seconds
        if left <= 0:
            raise NotReadable(
                f"not looked at: the {self.site.migrations.budget_seconds:g} s that the gate may"
                " take (budget_seconds) were spent"
            )
        try:
            connection.execute(
                sql.SQL("SET statement_timeout = {}").format(
                    sql.Literal(max(1, round(left * 1000)))
                )
            )
            return connection.execute(query, parameters)
        except psycopg.Error as error:
            raise _to_not_readable(error, left) from None

    def fetch_one(self, query: Query, parameters: Params | None = None) -> Row:
        """The one row that a query gives. Raises `NotReadable`."""
        return self.fetch_all(query, parameters)[0]

    def query_catalog(self, query: str) -> list[Row]:
        """A question to the catalog, about the target's schemas (`%(schemas)s`).

        Names in expressions come out with their schema. Raises `NotReadable`.
        """
        self.set_parameters(search_path="pg_catalog")
        try:
            return self.fetch_all(query, {"schemas": list(self.site.migrations.schemas)})
        finally:
            self._restore_session("RESET search_path")

    @contextmanager
    def open_snapshot(self) -> Iterator[None]:
        """What is asked in the block sees one state of the database."""
        self._execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._restore_session("ROLLBACK")

    def set_parameters(self, **settings: str) -> None:
        """Set parameters of the session, or of the snapshot that is open."""
        for name, value in settings.items():
            self._execute("SELECT set_config(%s, %s, false)", (name, value))

    def _restore_session(self, statement: str) -> None:
        """Go back to how it was; a session that was lost has nothing to go back to."""
        with suppress(psycopg.Error):
            self._ensure_connection().execute(statement)

    def _ensure_connection(self) -> psycopg.Connection[Row]:
        """The session; a new one where the last was lost, so that one table's trouble is not the
        others'.
        """
        if self._connection is None or self._connection.closed:
            left = (
                self.site.budget.remaining_seconds or None
            )  # None: `connect` says that the budget is spent
            try:
                self._connection = (
                    self.site.connect(left)
                    if self._primary
                    else self._connect_for_heavy_reads(left)
                )
            except DatabaseUnreachable as silent:
                raise NotProven(str(silent)) from None
            for name, value in (
                {"row_security": "off"} if self._primary else _HEAP_READ_SETTINGS
            ).items():
                self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        return self._connection

    def _connect_for_heavy_reads(self, seconds: float | None) -> psycopg.Connection[Row]:
        """On a standby what is asked is only proven of the target when it holds what the target
        holds by now.
        """
        from cutover_gates.probes.database.identity import wait_for_standby

        wait_for_standby(self.site)
        return self.site.connect_for_heavy_reads(seconds)


def _to_not_readable(error: psycopg.Error, seconds: float) -> NotReadable:
    state = error.sqlstate or ""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return NotReadable(f"not seen to the end within the {seconds:.1f} s that were left")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return NotReadable("cannot be read now: somebody holds a lock on it")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return NotReadable(
            f"cannot be read: {first_error_line(error)} (grant the role of the DSN the right to read it)"
        )
    said = (
        first_error_line(error)
        if state.startswith(_QUOTABLE_SQLSTATES) or not state
        else f"{type(error).__name__} (SQLSTATE {state})"
    )
    if state.startswith("XX00"):
        return StorageCorrupt(f"is damaged, PostgreSQL says: {said}")
    return QueryRejected(f"cannot be read: {said}")
