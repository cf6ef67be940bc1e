"""Whether a database can be reached at all."""

from __future__ import annotations

import psycopg

MIN_CONNECT_SECONDS = 2
"""libpq takes less than two seconds for two."""


def find_connection_problem(dsn: str, seconds: float) -> str:
    """Return what is wrong with the way into a database; empty where a connection can be made.

    Only the kind of an error is told: its text may hold the DSN.
    """
    try:
        psycopg.connect(dsn, connect_timeout=max(MIN_CONNECT_SECONDS, round(seconds))).close()
    except psycopg.Error as error:
        return f"the database: {type(error).__name__}"
    return ""
