"""The reason why a table cannot be read: who holds its lock, or what hides its rows."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from cutover_gates.util.text import first_error_line

# Only ACCESS EXCLUSIVE keeps a reader out. The time may be hidden from a role without pg_monitor.
_HOLDERS = """
SELECT l.pid, a.usename, a.application_name, n.nspname || '.' || c.relname,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8
FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
WHERE l.granted AND l.mode = 'AccessExclusiveLock' AND l.locktype = 'relation'
AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
AND l.pid <> pg_backend_pid() AND c.relkind IN ('r', 'p', 'm')
AND n.nspname NOT IN ('pg_catalog', 'pg_toast')
ORDER BY l.pid, 4 LIMIT 5
"""
_GONE = "another session held a lock on it, and has given it up since; run the gate again"
_UNKNOWN = "another session holds a lock on it"
HIDDEN_ROWS = (
    "row security hides rows from the role of database_dsn, so what it reads proves nothing: give"
    " it the right to see every row (ALTER ROLE NAME BYPASSRLS), or name another role"
)
"""The beginning of the reason where a policy makes the read fail."""


def describe_locks(connection: psycopg.Connection[Any], table: str | None = None) -> str:
    """Return which sessions hold a lock that keeps readers out, on which tables, and what to do.

    `table` (`schema.name`): only its locks are told, where there are any.
    """
    try:
        cursor = connection.cursor(row_factory=tuple_row)
        holders = cursor.execute(_HOLDERS.encode()).fetchall()
    except psycopg.Error:
        return _UNKNOWN
    named = [holder for holder in holders if holder[3] == table] or holders
    if not named:
        return _GONE
    sessions = "; ".join(_describe_holder(*holder) for holder in named)
    return f"{sessions}. Let that session end its transaction, or end it, and run the gate again"


def describe_failure(
    error: psycopg.Error, connection: psycopg.Connection[Any], table: str | None = None
) -> str:
    """Return why a table cannot be read: who holds its lock, or the first line of the error."""
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return describe_locks(connection, table)
    return describe_read_error(error)


def describe_read_error(error: psycopg.Error) -> str:
    """Return the first line of the error, and before it what to do about hidden rows.

    The sessions have `row_security = off`: a policy makes the read fail instead of hiding rows.
    """
    text = first_error_line(error)
    if isinstance(error, psycopg.errors.InsufficientPrivilege) and "row-level security" in text:
        return f"{HIDDEN_ROWS} ({text})"
    return text


def _describe_holder(
    pid: int, role: str | None, application: str | None, table: str, seconds: float | None
) -> str:
    name = f" ({application})" if application else ""
    lasts = f", in a transaction of {seconds:.0f} s" if seconds is not None else ""
    return f"session {pid} of {role or 'an unknown role'}{name} holds a lock on {table}{lasts}"
