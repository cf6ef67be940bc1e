"""Access tokens: JWT, HS256, `{"sub": username, "sid": session id, "iat": …, "exp": …}`.

A token alone is not enough: its session must be open, see `sessions`.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import jwt

ALGORITHM = "HS256"


class Refused(Exception):
    """The token is not one of ours, or no longer valid."""


def issue(signing_key: str, username: str, session_id: UUID, lifetime: int) -> str:
    """Return a token that is valid for `lifetime` seconds; below zero it has expired already."""
    now = int(time.time())
    claims = {
        "sub": username,
        "sid": str(session_id),
        "iat": now + min(lifetime, 0),
        "exp": now + lifetime,
    }
    return jwt.encode(claims, signing_key, ALGORITHM)


def verify(signing_key: str, token: str) -> UUID:
    """Return the session of the token. Raises `Refused` if it is forged, damaged, or expired."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token, signing_key, [ALGORITHM], options={"require": ["sub", "sid", "exp", "iat"]}
        )
        return UUID(claims["sid"])
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise Refused from error
