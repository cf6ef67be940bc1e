"""Throttle of sign-ins: after many failures for one username, that name is rejected for a window.

The window slides, only failures count, and names that do not exist are counted like any other. The
counts are in the database, so they hold for all processes of the application together.
"""

from __future__ import annotations

import math

from reference.pool import Rows


def seconds_left(connection: Rows, username: str, failures: int, window: int) -> int:
    """Return how many seconds the name is still rejected; 0 if it is not.

    It is rejected for `window` seconds after its latest failure, if that was the last of `failures`
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
    """Lock the decision about this name until the transaction ends.

    Without it parallel guesses would get past the count.
    """
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [username])


def record_failure(connection: Rows, username: str, window: int) -> None:
    """Count a failure, and remove those that no longer matter."""
    connection.execute(
        "INSERT INTO sign_in_failures (username, failed_at) VALUES (%s, clock_timestamp())",
        [username],
    )
    connection.execute(
        "DELETE FROM sign_in_failures WHERE failed_at < now() - make_interval(secs => %s)",
        [3 * window],
    )
