"""Sign-in of the release before: a session holds one refresh token, and keeps it."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from uuid import UUID

from reference.auth import service
from reference.pool import Pool, Rows
from reference.problems import Problem
from reference.settings import Settings


def sign_in(pool: Pool, settings: Settings, username: str, password: str) -> dict[str, Any]:
    """Open a session and return its tokens.

    Raises as `reference.auth.service.check_password` does.
    """
    return service.check_password(pool, settings, username, password, _open_session)


def refresh(pool: Pool, settings: Settings, refresh_token: str) -> dict[str, Any]:
    """Return a new access token, and the same refresh token. It holds until its time is over."""
    with pool.connection() as connection:
        session = connection.execute(
            "SELECT id, username FROM sessions WHERE refresh_token_hash = %s AND ended_at IS NULL"
            " AND expires_at > now()",
            [_hash(refresh_token)],
        ).fetchone()
    if session is None:
        raise Problem("unauthenticated", "The refresh token is not valid.")
    return service.describe_tokens(settings, session["username"], session["id"], refresh_token)


def open_session(connection: Rows, username: str, token: str, lifetime: int) -> UUID:
    """Open a session with this refresh token for `lifetime` seconds, and return its id."""
    row = connection.execute(
        "INSERT INTO sessions (username, refresh_token_hash, expires_at) VALUES (%s, %s, now() +"
        " make_interval(secs => %s)) RETURNING id",
        [username, _hash(token), lifetime],
    ).fetchone()
    assert row is not None  # The statement returns the row that it wrote.
    return UUID(str(row["id"]))


def _open_session(connection: Rows, settings: Settings, username: str) -> dict[str, Any]:
    token = secrets.token_urlsafe(32)
    session_id = open_session(connection, username, token, settings.refresh_token_lifetime)
    return service.describe_tokens(settings, username, session_id, token)


def _hash(token: str) -> bytes:
    """Return the hash that is stored; 2.0.0 looks for the same one."""
    return hashlib.sha256(token.encode()).digest()
