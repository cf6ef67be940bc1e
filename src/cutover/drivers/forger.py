"""Makes tokens that a target must refuse."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cutover.hospital import Session

SPELLINGS = ("none", "None", "NONE", "nOnE")
FAR_AHEAD = 4102444800  # the year 2100, in seconds since 1970


def tampered(session: Session) -> Session:
    """The same session with a token that was changed but not signed again: a JWT claims more,
    another token has one character flipped.
    """
    parts = _jwt(session.access)
    if parts is None:
        middle = len(session.access) // 2
        flipped = "A" if session.access[middle] != "A" else "B"
        return session.presenting(session.access[:middle] + flipped + session.access[middle + 1 :])
    header, payload, signature = parts
    claims = {**_read(payload), "role": "administrator", "scope": "*", "admin": True}
    return session.presenting(f"{header}.{_written(claims)}.{signature}")


def unsigned(session: Session) -> list[Session]:
    """The same session with tokens that say `alg: none`, in each spelling, without a signature and
    with the old one.

    Where the target's tokens are no JWT, what a forger would try all the same: one that says who he
    is, and nothing to prove it.
    """
    parts = _jwt(session.access)
    if parts is None:
        claims = {
            "sub": session.username,
            "username": session.username,
            "role": "administrator",
            "exp": FAR_AHEAD,
        }
        return [
            session.presenting(f"{_written({'alg': spelling, 'typ': 'JWT'})}.{_written(claims)}.")
            for spelling in SPELLINGS
        ]
    header, payload, signature = parts
    heads = [_written({**_read(header), "alg": spelling}) for spelling in SPELLINGS]
    return [
        session.presenting(f"{head}.{payload}.{end}") for head in heads for end in ("", signature)
    ]


def _jwt(token: str) -> tuple[str, str, str] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return (
            (parts[0], parts[1], parts[2])
            if "alg" in _read(parts[0]) and isinstance(_read(parts[1]), dict)
            else None
        )
    except (ValueError, binascii.Error, TypeError):
        return None


def _read(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _written(claims: dict[str, Any]) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode())
        .rstrip(b"=")
        .decode()
    )
