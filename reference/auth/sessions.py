"""Sessions and their refresh tokens.

A refresh token is used once. Its second use means that it was stolen, and ends the session.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any
from uuid import UUID

from reference.pool import Rows


def open_session(connection: Rows, username: str) -> UUID:
    """Open a session, and return its id."""
    row = connection.execute(
        "INSERT INTO sessions (username) VALUES (%s) RETURNING id", [username]
    ).fetchone()
    assert row is not None
    return UUID(str(row["id"]))


def find(connection: Rows, session_id: UUID) -> dict[str, Any] | None:
    """Return `{"username", "role", "facility"}` of the holder of an open session."""
    return connection.execute(
        """
        SELECT staff.username, staff.role, staff.facility
        FROM sessions JOIN staff USING (username)
        WHERE sessions.id = %s AND sessions.ended_at IS NULL
        """,
        [session_id],
    ).fetchone()


def end(connection: Rows, session_id: UUID) -> None:
    """End the session: its access and refresh tokens are rejected from now on."""
    connection.execute(
        "UPDATE sessions SET ended_at = now() WHERE id = %s AND ended_at IS NULL", [session_id]
    )


def issue_refresh_token(connection: Rows, session_id: UUID, lifetime: int) -> str:
    """Return a new refresh token for `lifetime` seconds. Only its hash is stored."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (%s, %s, now() +"
        " make_interval(secs => %s))",
        [_hash(token), session_id, lifetime],
    )
    return token


def use_refresh_token(connection: Rows, token: str) -> UUID | None:
    """Use a token up; return its session, or None if the token is not valid.

    A token that was used before ends its session.
    """
    found = connection.execute(
        """
        SELECT session_id, used_at IS NOT NULL AS used,
            refresh_tokens.expires_at > now() AND ended_at IS NULL AS holds
        FROM refresh_tokens JOIN sessions ON sessions.id = session_id
        WHERE token_hash = %s
        FOR UPDATE OF refresh_tokens
        """,
        [_hash(token)],
    ).fetchone()
    if found is None:
        return None
    if found["used"]:
        end(connection, found["session_id"])
        return None
    connection.execute(
        "UPDATE refresh_tokens SET used_at = now() WHERE token_hash = %s", [_hash(token)]
    )
    return UUID(str(found["session_id"])) if found["holds"] else None


def _hash(token: str) -> bytes:
    """Return a plain hash; a salt is not needed, because the token is 32 random bytes."""
    return hashlib.sha256(token.encode()).digest()
