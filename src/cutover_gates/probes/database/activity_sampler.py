"""What the database server sees of a target's sessions while it is under load.

Asked once a second: each look is three short queries.

with closing(Gauge(dsn, database)) as gauge:
    before, after = gauge.look(), gauge.look()
    difference(before, after)
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg
from pydantic import SecretStr

from cutover_gates.config.target import DatabaseSettings
from cutover_gates.probes.database.context import (
    APPLICATION_NAME,
    DatabaseUnreachable,
    Row,
    connect_read_only,
    first_error_line,
)
from cutover_gates.probes.database.health.server_sessions import CONNECTIONS, MONITOR_PRIVILEGE

SAMPLE_SECONDS = 1.5
"""That the questions of a look may take. Connecting may take two: libpq knows no shorter bound."""
IDLE_SECONDS = 5.0
"""Nobody thinks that long inside of a transaction of a request: its session was forgotten."""

# Who is blocked by whom is not asked: pg_blocking_pids holds up the lock manager. pg_locks is read
# only for those who wait.
_SESSIONS = f"""
SELECT count(*) FILTER (WHERE a.wait_event_type = 'Lock')::int AS waiting,
       coalesce(max(CASE WHEN a.wait_event_type = 'Lock' THEN (SELECT extract(epoch FROM clock_timestamp() - min(l.waitstart)) FROM pg_locks l
                                                               WHERE l.pid = a.pid AND NOT l.granted) END), 0)::float AS longest_wait,
       count(*) FILTER (WHERE a.state LIKE 'idle in transaction%' AND clock_timestamp() - a.state_change > interval '{IDLE_SECONDS} s')::int AS idle
FROM pg_stat_activity a
WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.application_name <> '{APPLICATION_NAME}'
"""
_COUNTERS = """
SELECT s.deadlocks, s.xact_commit AS committed, s.xact_rollback AS rolled_back, s.sessions_killed AS killed, s.sessions_abandoned AS abandoned,
       s.sessions_fatal AS fatal, coalesce(s.stats_reset::text, 'never') AS counted_since, pg_is_in_recovery() AS standby
FROM pg_stat_database s WHERE s.datname = current_database()
"""


@dataclass(frozen=True)
class DatabaseActivity:
    """One look, at `at` (seconds since the epoch).

    What could not be seen is None or empty, and `not_seen_reason` holds why: a sentence without its dot.

    `connections`: for the server, and for the database and the roles that have a limit of their
    own, how many are taken and how many there may be. `waiting` sessions of the target's database
    wait for a lock, the longest for `longest_wait` seconds; `idle` ones have left a transaction
    open. `counters` are totals since `counted_since`: deadlocks; transactions committed and
    rolled_back; sessions killed, abandoned, fatal. PostgreSQL counts with a delay: a second for a
    session that works, up to ten for one that has just fallen idle.
    """

    at: float
    connections: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    waiting: int | None = None
    longest_wait: float | None = None
    idle: int | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    counted_since: str | None = None
    not_seen_reason: str | None = None

    @classmethod
    def failed_sample(cls, at: float, why: str) -> DatabaseActivity:
        """A look that failed."""
        return cls(at, not_seen_reason=why)


class ActivitySampler:
    """A read-only connection, opened at the first look and again after it was lost."""

    def __init__(
        self, dsn: str, database: DatabaseSettings, seconds: float = SAMPLE_SECONDS
    ) -> None:
        self._dsn, self._seconds = SecretStr(dsn), seconds
        self._database = database.model_copy(
            update={
                "statement_seconds": min(seconds, database.statement_seconds),
                "connect_seconds": seconds,
            }
        )
        self._connection: psycopg.Connection[Row] | None = None

    def sample(self) -> DatabaseActivity:
        """Raises `DatabaseSilent`, after a bounded time."""
        if self._connection is None or self._connection.closed:
            self._connection = connect_read_only(self._dsn.get_secret_value(), self._database)
        try:
            with _limit_socket_time(self._seconds, self._connection):
                return _read_activity(self._connection)
        except psycopg.Error as error:
            self.close()  # whatever state it is in now, the next look begins anew
            raise DatabaseUnreachable(
                f"the database gave no answer (a look may take {self._seconds:g} s):"
                f" {first_error_line(error)}"
            ) from None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def activity_difference(first: DatabaseActivity, last: DatabaseActivity) -> dict[str, int] | None:
    """What was counted between two looks; None where the counters began anew, or one of the looks
    is blind.
    """
    counted = {
        name: last.counters[name] - value
        for name, value in first.counters.items()
        if name in last.counters
    }
    anew = first.counted_since != last.counted_since or any(value < 0 for value in counted.values())
    return None if anew or not counted else counted


def _read_activity(connection: psycopg.Connection[Row]) -> DatabaseActivity:
    may, counters = _fetch_row(connection, MONITOR_PRIVILEGE), _fetch_row(connection, _COUNTERS)
    if counters.pop("standby"):
        return DatabaseActivity.failed_sample(
            time.time(), "the DSN leads to a standby, and the target works on the primary"
        )
    connections = {
        row["name"]: (row["taken"], row["most"])
        for row in connection.execute(CONNECTIONS.encode()).fetchall()
    }
    since = counters.pop("counted_since")
    if not may["yes"]:  # the sessions of others would look as if they waited for nothing
        return DatabaseActivity(
            time.time(),
            connections,
            counters=counters,
            counted_since=since,
            not_seen_reason=f"the sessions of other roles are not seen; grant pg_monitor to {may['role']}",
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
    """statement_timeout is kept by the server.

    One that stands still, or a network that swallows all, keeps nothing: then the socket is shut.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as held:
        timer = threading.Timer(seconds, _shut_down_socket, [held])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _shut_down_socket(held: socket.socket) -> None:
    with suppress(OSError):
        held.shutdown(socket.SHUT_RDWR)
