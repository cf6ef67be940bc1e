"""Samples of a database's sessions, taken while the target is under load.

One sample a second is usual; each runs three short queries.

    with closing(ActivitySampler(dsn, database)) as sampler:
        before, after = sampler.sample(), sampler.sample()
        activity_difference(before, after)
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from pydantic import SecretStr

from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.database_activity import DatabaseActivity
from cutover_gates.probes.database.context import (
    APPLICATION_NAME,
    DatabaseUnreachable,
    Row,
    connect_read_only,
)
from cutover_gates.probes.database.health.server_sessions import CONNECTIONS, MONITOR_PRIVILEGE
from cutover_gates.util.text import first_error_line

SAMPLE_SECONDS = 1.5
"""Limit for the queries of one sample. Connecting may take two: libpq has no shorter timeout."""
IDLE_SECONDS = 5.0
"""A request's transaction that is idle for longer was forgotten: no person waits inside one."""

# pg_blocking_pids is not used: it holds up the lock manager. pg_locks is read only for the sessions
# that wait.
_SESSIONS = f"""
SELECT count(*) FILTER (WHERE a.wait_event_type = 'Lock')::int AS waiting,
       coalesce(max(CASE WHEN a.wait_event_type = 'Lock'
                         THEN (SELECT extract(epoch FROM clock_timestamp() - min(l.waitstart))
                               FROM pg_locks l WHERE l.pid = a.pid AND NOT l.granted) END),
                0)::float AS longest_wait,
       count(*) FILTER (WHERE a.state LIKE 'idle in transaction%'
                          AND clock_timestamp() - a.state_change
                              > interval '{IDLE_SECONDS} s')::int AS idle
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend'
  AND a.application_name <> '{APPLICATION_NAME}'
"""
_COUNTERS = """
SELECT s.deadlocks, s.xact_commit AS committed, s.xact_rollback AS rolled_back,
       s.sessions_killed AS killed, s.sessions_abandoned AS abandoned, s.sessions_fatal AS fatal,
       coalesce(s.stats_reset::text, 'never') AS counted_since, pg_is_in_recovery() AS standby
FROM pg_stat_database s WHERE s.datname = current_database()
"""


class ActivitySampler:
    """A read-only connection that is opened for the first sample, and again after it was lost."""

    def __init__(
        self, dsn: str, database: DatabaseSettings, seconds: float = SAMPLE_SECONDS
    ) -> None:
        self._dsn = SecretStr(dsn)
        self._seconds = seconds
        bounds = {
            "statement_seconds": min(seconds, database.statement_seconds),
            "connect_seconds": seconds,
        }
        self._database = database.model_copy(update=bounds)
        self._connection: psycopg.Connection[Row] | None = None

    def sample(self) -> DatabaseActivity:
        """Return what is seen now, after a bounded time.

        A database that does not answer gives a failed sample, which says so without the DSN.
        """
        try:
            connection = self._ensure_connection()
        except DatabaseUnreachable as error:
            return DatabaseActivity.failed_sample(time.time(), str(error))
        try:
            with _limit_socket_time(self._seconds, connection):
                return _read_activity(connection)
        except psycopg.Error as error:
            # The state of the session is unknown now, so the next sample opens another one.
            self.close()
            reason = (
                f"the database gave no answer (a sample may take {self._seconds:g} s):"
                f" {first_error_line(error)}"
            )
            return DatabaseActivity.failed_sample(time.time(), reason)

    def close(self) -> None:
        """Close the connection, where one is open."""
        if self._connection is not None:
            self._connection.close()

    def _ensure_connection(self) -> psycopg.Connection[Row]:
        if self._connection is None or self._connection.closed:
            self._connection = connect_read_only(self._dsn.get_secret_value(), self._database)
        return self._connection


def _read_activity(connection: psycopg.Connection[Row]) -> DatabaseActivity:
    privilege = _fetch_row(connection, MONITOR_PRIVILEGE)
    counters = _fetch_row(connection, _COUNTERS)
    if counters.pop("standby"):
        return DatabaseActivity.failed_sample(
            time.time(), "the DSN leads to a standby, and the target works on the primary"
        )
    connections = {
        row["name"]: (row["taken"], row["most"])
        for row in connection.execute(CONNECTIONS.encode()).fetchall()
    }
    since = counters.pop("counted_since")
    if not privilege["yes"]:
        # Without the privilege the sessions of other roles look as if they waited for nothing.
        return DatabaseActivity(
            time.time(),
            connections,
            counters=counters,
            counted_since=since,
            not_seen_reason=(
                f"the sessions of other roles are not seen; grant pg_monitor to {privilege['role']}"
            ),
        )
    return DatabaseActivity(
        time.time(),
        connections,
        **_fetch_row(connection, _SESSIONS),
        counters=counters,
        counted_since=since,
    )


def _fetch_row(connection: psycopg.Connection[Row], query: str) -> Row:
    (row,) = connection.execute(query.encode()).fetchall()
    return row


@contextmanager
def _limit_socket_time(seconds: float, connection: psycopg.Connection[Row]) -> Iterator[None]:
    """Shut the connection's socket where the block takes longer than `seconds`.

    The server enforces statement_timeout, so a stopped server, or a network that drops all packets,
    enforces nothing.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as duplicate:
        timer = threading.Timer(seconds, _shut_down_socket, [duplicate])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _shut_down_socket(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
