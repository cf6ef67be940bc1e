"""Connections to PostgreSQL.

Each wait for a connection is bounded. After it `psycopg.OperationalError` is raised, which the API
answers with 503.
"""

from __future__ import annotations

from typing import TypeAlias

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from reference.settings import Settings

Rows: TypeAlias = Connection[DictRow]
Pool: TypeAlias = ConnectionPool[Rows]

# Seconds. The pool waits longer after each failed attempt. After this time it gives up, and the
# next request starts a new attempt at once: so recovery is quick.
_GIVE_UP_CONNECTING = 1.0


def create(settings: Settings) -> Pool:
    """Create a pool that is still closed; rows are dictionaries, times are in UTC.

    A connection is checked before it is handed out.
    """
    milliseconds = round(settings.statement_timeout * 1000)
    return ConnectionPool(
        settings.database,
        connection_class=Rows,
        min_size=2,
        max_size=settings.pool_size,
        timeout=settings.pool_wait,
        reconnect_timeout=_GIVE_UP_CONNECTING,
        max_waiting=10 * settings.pool_size,
        check=ConnectionPool.check_connection,
        kwargs={
            "row_factory": dict_row,
            "connect_timeout": settings.connect_timeout,
            "application_name": f"hospital-backend {settings.release}",
            "options": f"-c statement_timeout={milliseconds} -c timezone=UTC",
        },
        open=False,
    )
