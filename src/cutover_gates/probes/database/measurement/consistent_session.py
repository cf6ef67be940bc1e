"""Sessions that all see one moment, however long they read.

One connection exports its snapshot, and the others adopt it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import (
    DatabaseUnreachable,
    connect_read_only,
)
from cutover_gates.probes.database.lock_holders import describe_locks
from cutover_gates.probes.database.measurement.table_specs import TupleConnection
from cutover_gates.util.text import first_error_line

_SESSION_SETTINGS = {
    # A cast to text depends on these.
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    # With it off, a policy that hides rows makes the read fail instead of giving wrong sums.
    "row_security": "off",
    # Compiling each statement anew would cost more than it saves.
    "jit": "off",
    # Memory for the sums of 65,536 segments; with less they go through files.
    "work_mem": "32MB",
    # The session that holds the snapshot is idle meanwhile.
    "idle_in_transaction_session_timeout": "0",
}
# Settings that newer servers have, by `server_version_num`.
# The first one ends a query soon after the gate was killed.
_VERSIONED_SETTINGS = {
    "client_connection_check_interval": (140000, "2s"),
    "transaction_timeout": (170000, "0"),
}


class ConsistentSession:
    """Read-only sessions on one database, all on one snapshot.

    `ends` is the `time.time()` at which every statement is stopped. In `schemas` a declared
    expression finds its tables and functions.
    """

    def __init__(
        self,
        dsn: str,
        ends: float,
        schemas: tuple[str, ...] = (),
        statement_seconds: float | None = None,
    ) -> None:
        self._dsn, self._ends, self._schemas, self._statement_seconds = (
            dsn,
            ends,
            schemas,
            statement_seconds,
        )
        self._lock = threading.Lock()
        self._open: list[TupleConnection] = []
        self._stopped = False
        self.first = self._connect()
        self.first.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        exported = self.first.execute("SELECT pg_export_snapshot()").fetchone()
        self._snapshot = str(exported[0]) if exported else ""

    def open_connection(self) -> TupleConnection:
        """Open one more session on the same moment. Raise `DatabaseUnreachable`."""
        connection = self._connect()
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(
            sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self._snapshot))
        )
        return connection

    def describe_locks(self, table: str) -> str:
        """Return who holds the lock that keeps a table (`schema.name`) from being read."""
        try:
            # A session of its own: the others may be in a transaction that has failed.
            with connect_read_only(self._dsn, DatabaseSettings()) as connection:
                return describe_locks(connection, table)
        except DatabaseUnreachable:
            return "another session holds a lock on it"

    def cancel(self) -> None:
        """Cancel all running statements: their results are no longer needed."""
        with self._lock:
            self._stopped = True
            for connection in self._open:
                with suppress(psycopg.Error):
                    connection.cancel()

    @property
    def is_stopped(self) -> bool:
        """True once it was cancelled or its time is up."""
        return self._stopped or time.time() >= self._ends

    def close(self) -> None:
        """Close all connections."""
        for connection in self._open:
            connection.close()

    def _connect(self) -> TupleConnection:
        # At least a second, because a statement_timeout of zero means no limit.
        left = max(1.0, self._ends - time.time())
        plain = connect_read_only(
            self._dsn,
            DatabaseSettings(statement_seconds=min(self._statement_seconds or left, left)),
        )
        try:
            _apply_settings(plain, self._schemas)
        except psycopg.Error as error:
            plain.close()
            raise DatabaseUnreachable(
                f"the database takes no session for reading: {first_error_line(error)}"
            ) from None
        # A table may have 65,536 segments, and a dict for each row costs too much.
        plain.row_factory = tuple_row  # type: ignore[assignment]  # it was dict_row
        with self._lock:
            self._open.append(plain)
        return plain


@contextmanager
def open_consistent_session(
    dsn: str, ends: float, schemas: tuple[str, ...] = (), statement_seconds: float | None = None
) -> Iterator[ConsistentSession]:
    """Open a `ConsistentSession`, and close it at the end of the block.

    Its statements are cancelled when the block ends by an exception, such as Ctrl-C.
    """
    opened = ConsistentSession(dsn, ends, schemas, statement_seconds)
    try:
        yield opened
    except BaseException:
        opened.cancel()
        raise
    finally:
        opened.close()


def _apply_settings(
    connection: psycopg.Connection[dict[str, object]], schemas: tuple[str, ...]
) -> None:
    version = connection.info.server_version
    known = {
        name: value for name, (since, value) in _VERSIONED_SETTINGS.items() if version >= since
    }
    pinned = {**_SESSION_SETTINGS, **known}
    if schemas:
        names = sql.SQL(", ").join(map(sql.Identifier, schemas))
        pinned["search_path"] = names.as_string(connection)
    every = [
        sql.SQL("set_config({}, {}, false)").format(sql.Literal(name), sql.Literal(value))
        for name, value in pinned.items()
    ]
    connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(every)))
