"""Rules for sign-in and refresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from reference.auth import passwords, sessions, throttle, tokens
from reference.pool import Pool, Rows
from reference.problems import Problem
from reference.settings import Settings

Tokens = dict[str, Any]
OpenSession = Callable[[Rows, Settings, str], Tokens]


def sign_in(pool: Pool, settings: Settings, username: str, password: str) -> Tokens:
    """Open a session and return its tokens.

    Raises as `check_password` does.
    """
    return check_password(pool, settings, username, password, _open_session)


def check_password(
    pool: Pool, settings: Settings, username: str, password: str, open_session: OpenSession
) -> Tokens:
    """Return what `open_session` gives to the holder of this password.

    Raises `unauthenticated` alike for an unknown name and a wrong password, and `throttled` after
    too many failures.
    """
    with pool.connection() as connection:
        _refuse_if_throttled(connection, settings, username)
        account = connection.execute(
            "SELECT password_hash FROM staff WHERE username = %s", [username]
        ).fetchone()
    # No connection is held here: the hash takes longer than all queries together.
    right = passwords.matches(
        password, account["password_hash"] if account else None, settings.hashing
    )
    with pool.connection() as connection:
        throttle.lock(connection, username)
        _refuse_if_throttled(connection, settings, username)
        if right:
            return open_session(connection, settings, username)
        throttle.record_failure(connection, username, settings.throttle_window)
    raise Problem("unauthenticated", "Username or password is wrong.")


def refresh(pool: Pool, settings: Settings, refresh_token: str) -> Tokens:
    """Return new tokens for the same session; the old refresh token is no longer valid."""
    with pool.connection() as connection:
        session_id = sessions.use_refresh_token(connection, refresh_token)
        holder = session_id and sessions.find(connection, session_id)
        if session_id and holder:
            return _tokens(connection, settings, holder["username"], session_id)
    # Raised outside the block: inside it the end of a session with a reused token would roll back.
    raise Problem("unauthenticated", "The refresh token is not valid.")


def _refuse_if_throttled(connection: Rows, settings: Settings, username: str) -> None:
    seconds = throttle.seconds_left(
        connection, username, settings.throttle_failures, settings.throttle_window
    )
    if seconds:
        raise Problem(
            "throttled",
            "Too many failures for this username; wait.",
            headers={"Retry-After": str(seconds)},
        )


def _open_session(connection: Rows, settings: Settings, username: str) -> Tokens:
    session_id = sessions.open_session(connection, username)
    return _tokens(connection, settings, username, session_id)


def _tokens(connection: Rows, settings: Settings, username: str, session_id: UUID) -> Tokens:
    refresh_token = sessions.issue_refresh_token(
        connection, session_id, settings.refresh_token_lifetime
    )
    return describe_tokens(settings, username, session_id, refresh_token)


def describe_tokens(
    settings: Settings, username: str, session_id: UUID, refresh_token: str
) -> Tokens:
    """Return the answer with this refresh token and a new access token."""
    return {
        "access_token": tokens.issue(
            settings.signing_key, username, session_id, settings.access_token_lifetime
        ),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": settings.access_token_lifetime,
    }
