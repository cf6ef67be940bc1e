"""Slows down whoever guesses passwords: so many failures for one username within a window, and that
name is refused for a window.

The window slides, only failures count, and names that do not exist are counted like any other. The
counts lie in the database, so that they hold for all processes of the application together.
"""

from __future__ import annotations

import math

from reference.pool import Rows


def seconds_left(connection: Rows, username: str, failures: int, window: int) -> int:
    """How long the name is still refused; 0 if it is not.

    It is refused for `window` seconds after its latest failure, if that was the last of `failures`
    within `window` seconds.
    """
    latest = connection.execute(
        """
        SELECT extract(epoch FROM clock_timestamp() - failed_at)::float AS age
        FROM sign_in_failures WHERE username = %s ORDER BY failed_at DESC LIMIT %s
        """,
        [username, failures],
    ).fetchall()
    if len(latest) < failures or latest[-1]["age"] - latest[0]["age"] > window:
        return 0
    return max(0, math.ceil(window - float(latest[0]["age"])))


def lock(connection: Rows, username: str) -> None:
    """Until the transaction ends, nobody else decides about this name: parallel guesses cannot slip
    past the count.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [username])


def record_failure(connection: Rows, username: str, window: int) -> None:
    """Count a failure, and forget those that no longer matter."""
    connection.execute(
        "INSERT INTO sign_in_failures (username, failed_at) VALUES (%s, clock_timestamp())",
        [username],
    )
    connection.execute(
        "DELETE FROM sign_in_failures WHERE failed_at < now() - make_interval(secs => %s)",
        [3 * window],
    )
