"""Sessions that all see one moment, however long they read: one connection exports its snapshot,
the others adopt it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from cutover_gates.config.target import DatabaseSettings
from cutover_gates.probes.database.context import (
    DatabaseUnreachable,
    connect_read_only,
    first_error_line,
)
from cutover_gates.probes.database.measurement.table_specs import TupleConnection

_SESSION_SETTINGS = {
    # What a cast to text depends on.
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "lc_monetary": "C",
    # A policy that hides rows makes the read fail instead of making it wrong.
    "row_security": "off",
    # Compiling each statement anew would cost more than it saves.
    "jit": "off",
    # Room for the sums of 65,536 segments, which would otherwise go through files.
    "work_mem": "32MB",
    # The one that holds the snapshot has nothing else to do meanwhile.
    "idle_in_transaction_session_timeout": "0",
}
_VERSIONED_SETTINGS = {
    "client_connection_check_interval": (140000, "2s"),
    "transaction_timeout": (170000, "0"),
}
"""Settings that came later, by `server_version_num`.

The first lets a query end soon after the gate was killed.
"""


class ConsistentSession:
    """Read-only sessions on one database, all on one snapshot.

    `ends` is the `time.time()` at which every statement is stopped.

    `schemas` is where a declared expression finds its tables and functions.
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
        """One more session on the same moment. Raises `DatabaseUnreachable`."""
        connection = self._connect()
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(
            sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(self._snapshot))
        )
        return connection

    def cancel(self) -> None:
        """Cancel whatever runs: what was asked for is no longer wanted, and the target has other
        work to do.
        """
        with self._lock:
            self._stopped = True
            for connection in self._open:
                with suppress(psycopg.Error):
                    connection.cancel()

    @property
    def is_stopped(self) -> bool:
        return self._stopped or time.time() >= self._ends

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def _connect(self) -> TupleConnection:
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
        plain.row_factory = tuple_row  # type: ignore[assignment]  # a table may have 65,536 segments, and a dict for each is dear
        with self._lock:
            self._open.append(plain)
        return plain


@contextmanager
def open_consistent_session(
    dsn: str, ends: float, schemas: tuple[str, ...] = (), statement_seconds: float | None = None
) -> Iterator[ConsistentSession]:
    """A `ConsistentSession` whose statements are cancelled when its block is left in a hurry, as by Ctrl-C."""
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
    pinned = {
        **_SESSION_SETTINGS,
        **{name: value for name, (since, value) in _VERSIONED_SETTINGS.items() if version >= since},
    }
    if schemas:
        pinned["search_path"] = (
            sql.SQL(", ").join(map(sql.Identifier, schemas)).as_string(connection)
        )
    every = [
        sql.SQL("set_config({}, {}, false)").format(sql.Literal(name), sql.Literal(value))
        for name, value in pinned.items()
    ]
    connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(every)))
