"""Questions to one database, each within the time that is left; and what came of them, thing by
thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from psycopg.abc import Params

from cutover.database.session import DatabaseSilent, Row, first_line
from cutover.database.site import Site
from cutover.evidence.examination import Gathered, NotProven

Query = str | sql.SQL | sql.Composed

KEYS_SHOWN = 10
WORK_MEM = (  # for one sort or hash table: those of a large table then spill to disk less often
    "128MB"
)

_FROM_THE_HEAP = {
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
_SAFE_TO_QUOTE = ("0A", "25", "42", "53", "54", "55", "57", "58", "XX")
"""Classes of SQLSTATE whose messages name things of the schema and the server; others (22: data)
quote what stands in a row.
"""


class Unseen(Exception):
    """Something could not be read; says why, as the end of a sentence.

    `damaged`: because what is stored there is corrupt.
    """

    damaged = False


class Refused(Unseen):
    """PostgreSQL cannot carry out this very query, for example an expression in it."""


class Damaged(Unseen):
    """PostgreSQL itself says that a table or an index is corrupt."""

    damaged = True


@dataclass
class Seen(Gathered):
    """What came of looking at many things."""

    @contextmanager
    def looking_at(self, name: str) -> Iterator[None]:
        """The block examines this thing to its end; what cannot be read makes it unproven, and what
        is corrupt a finding.
        """
        try:
            yield
        except Unseen as why:
            (self.findings if why.damaged else self.unproven).append(f"{name}: {why}.")
        else:
            self.examined.append(name)


class Reader:
    """A read-only session.

    It reads tables from the heap, on the standby where one is named; with `primary` the target
    itself, also by indexes.
    """

    def __init__(self, site: Site, *, primary: bool = False) -> None:
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

    def rows(self, query: Query, parameters: Params | None = None) -> list[Row]:
        """The rows that a query gives. Raises `Unseen`."""
        return self._execute(query, parameters).fetchall()

    def _execute(self, query: Query, parameters: Params | None = None) -> psycopg.Cursor[Row]:
        connection = self._connected()
        left = self.site.budget.left
        if left <= 0:
            raise Unseen(
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
            raise _unseen(error, left) from None

    def row(self, query: Query, parameters: Params | None = None) -> Row:
        """The one row that a query gives. Raises `Unseen`."""
        return self.rows(query, parameters)[0]

    def catalog(self, query: str) -> list[Row]:
        """A question to the catalog, about the target's schemas (`%(schemas)s`).

        Names in expressions come out with their schema. Raises `Unseen`.
        """
        self.set(search_path="pg_catalog")
        try:
            return self.rows(query, {"schemas": list(self.site.migrations.schemas)})
        finally:
            self._end("RESET search_path")

    @contextmanager
    def one_snapshot(self) -> Iterator[None]:
        """What is asked in the block sees one state of the database."""
        self._execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._end("ROLLBACK")

    def set(self, **settings: str) -> None:
        """Set parameters of the session, or of the snapshot that is open."""
        for name, value in settings.items():
            self._execute("SELECT set_config(%s, %s, false)", (name, value))

    def _end(self, statement: str) -> None:
        """Go back to how it was; a session that was lost has nothing to go back to."""
        with suppress(psycopg.Error):
            self._connected().execute(statement)

    def _connected(self) -> psycopg.Connection[Row]:
        """The session; a new one where the last was lost, so that one table's trouble is not the
        others'.
        """
        if self._connection is None or self._connection.closed:
            left = self.site.budget.left or None  # None: `connect` says that the budget is spent
            try:
                self._connection = (
                    self.site.connect(left) if self._primary else self._for_heavy_reads(left)
                )
            except DatabaseSilent as silent:
                raise NotProven(str(silent)) from None
            for name, value in (
                {"row_security": "off"} if self._primary else _FROM_THE_HEAP
            ).items():
                self._connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        return self._connection

    def _for_heavy_reads(self, seconds: float | None) -> psycopg.Connection[Row]:
        """On a standby what is asked is only proven of the target when it holds what the target
        holds by now.
        """
        from cutover.database.rows.server import await_standby

        await_standby(self.site)
        return self.site.connect_for_heavy_reads(seconds)


def _unseen(error: psycopg.Error, seconds: float) -> Unseen:
    state = error.sqlstate or ""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return Unseen(f"not seen to the end within the {seconds:.1f} s that were left")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return Unseen("cannot be read now: somebody holds a lock on it")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return Unseen(
            f"cannot be read: {first_line(error)} (grant the role of the DSN the right to read it)"
        )
    said = (
        first_line(error)
        if state.startswith(_SAFE_TO_QUOTE) or not state
        else f"{type(error).__name__} (SQLSTATE {state})"
    )
    if state.startswith("XX00"):
        return Damaged(f"is damaged, PostgreSQL says: {said}")
    return Refused(f"cannot be read: {said}")
