"""Tokens that a target must refuse: changed without a new signature, or without any."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cutover_gates.core.bounded_json import parse_json
from cutover_gates.hospital import Session

SPELLINGS = ("none", "None", "NONE", "nOnE")
"""Spellings of `alg: none`. Libraries that compare without case have accepted each of them."""
FAR_AHEAD = 4102444800
"""The year 2100, in seconds since 1970."""


def tamper_signature(session: Session) -> Session:
    """Return the session with a token that was changed but not signed again.

    A JWT claims more rights; of any other token one character is changed.
    """
    parts = _split_jwt(session.access)
    if parts is None:
        return session.with_access_token(_change_middle(session.access))
    header, payload, signature = parts
    claims = {**_decode_part(payload), "role": "administrator", "scope": "*", "admin": True}
    return session.with_access_token(f"{header}.{_encode_part(claims)}.{signature}")


def strip_signature(session: Session) -> list[Session]:
    """Return the session with tokens that say `alg: none`, in each spelling.

    Each comes without a signature and with the old one. Where the target's tokens are no JWTs, each
    is what a forger would try: a JWT that names the user and has no proof.
    """
    parts = _split_jwt(session.access)
    if parts is None:
        return [session.with_access_token(token) for token in _unsigned_tokens(session.username)]
    header, payload, signature = parts
    headers = [_encode_part({**_decode_part(header), "alg": spelling}) for spelling in SPELLINGS]
    tokens = [f"{head}.{payload}.{end}" for head in headers for end in ("", signature)]
    return [session.with_access_token(token) for token in tokens]


def _change_middle(token: str) -> str:
    middle = len(token) // 2
    changed = "A" if token[middle] != "A" else "B"
    return f"{token[:middle]}{changed}{token[middle + 1 :]}"


def _unsigned_tokens(username: str) -> list[str]:
    payload = _encode_part(
        {"sub": username, "username": username, "role": "administrator", "exp": FAR_AHEAD}
    )
    headers = [_encode_part({"alg": spelling, "typ": "JWT"}) for spelling in SPELLINGS]
    return [f"{header}.{payload}." for header in headers]


def _split_jwt(token: str) -> tuple[str, str, str] | None:
    """Return header, payload and signature of a JWT; None where the token is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    header, payload, signature = parts
    try:
        is_jwt = "alg" in _decode_part(header) and isinstance(_decode_part(payload), dict)
    except (ValueError, binascii.Error, TypeError):
        return None
    return (header, payload, signature) if is_jwt else None


def _decode_part(part: str) -> Any:
    return parse_json(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _encode_part(claims: dict[str, Any]) -> str:
    text = json.dumps(claims, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
