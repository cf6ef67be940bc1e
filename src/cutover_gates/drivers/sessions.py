"""Makes tokens that a target must refuse."""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import (
    Credentials,
    Driver,
    MappingError,
    Rejected,
    Role,
    Session,
    Unsupported,
)

SPELLINGS = ("none", "None", "NONE", "nOnE")
FAR_AHEAD = 4102444800  # the year 2100, in seconds since 1970


def tamper_signature(session: Session) -> Session:
    """The same session with a token that was changed but not signed again: a JWT claims more,
    another token has one character flipped.
    """
    parts = _split_jwt(session.access)
    if parts is None:
        middle = len(session.access) // 2
        flipped = "A" if session.access[middle] != "A" else "B"
        return session.with_access_token(
            session.access[:middle] + flipped + session.access[middle + 1 :]
        )
    header, payload, signature = parts
    claims = {**_decode_part(payload), "role": "administrator", "scope": "*", "admin": True}
    return session.with_access_token(f"{header}.{_encode_claims(claims)}.{signature}")


def strip_signature(session: Session) -> list[Session]:
    """The same session with tokens that say `alg: none`, in each spelling, without a signature and
    with the old one.

    Where the target's tokens are no JWT, what a forger would try all the same: one that says who he
    is, and nothing to prove it.
    """
    parts = _split_jwt(session.access)
    if parts is None:
        claims = {
            "sub": session.username,
            "username": session.username,
            "role": "administrator",
            "exp": FAR_AHEAD,
        }
        return [
            session.with_access_token(
                f"{_encode_claims({'alg': spelling, 'typ': 'JWT'})}.{_encode_claims(claims)}."
            )
            for spelling in SPELLINGS
        ]
    header, payload, signature = parts
    heads = [_encode_claims({**_decode_part(header), "alg": spelling}) for spelling in SPELLINGS]
    return [
        session.with_access_token(f"{head}.{payload}.{end}")
        for head in heads
        for end in ("", signature)
    ]


def _split_jwt(token: str) -> tuple[str, str, str] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        return (
            (parts[0], parts[1], parts[2])
            if "alg" in _decode_part(parts[0]) and isinstance(_decode_part(parts[1]), dict)
            else None
        )
    except (ValueError, binascii.Error, TypeError):
        return None


def _decode_part(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def _encode_claims(claims: dict[str, Any]) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode())
        .rstrip(b"=")
        .decode()
    )


MARGIN = 30.0
"""Seconds before the end of a token's life at which it is renewed, where nobody says otherwise."""


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    until: float = 0.0  # then its life has all but ended
    refused: Rejected | None = None


class SessionPool:
    """`margin` is in seconds before the end of a token's life; None: the driver's
    (`refresh_margin`), or `MARGIN` where it has none. How often it may sign in is held by the
    driver (`sign_in_limit`).

    A refused sign-in is not tried again: a wrong password in the settings must not lock a real
    account.
    """

    def __init__(
        self,
        hospital: Driver,
        credentials: Mapping[Role, Credentials],
        *,
        redactor: Redactor,
        margin: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hospital, self._credentials, self._redactor = hospital, dict(credentials), redactor
        self._margin = getattr(hospital, "refresh_margin", MARGIN) if margin is None else margin
        self._clock = clock
        self._kept = {role: _Slot() for role in Role}
        for role, one in self._credentials.items():
            redactor.learn(f"password of {role}", one.password)

    def session(self, role: Role) -> Session:
        """A session of `role` that lives for at least the margin.

        Raises `MappingError` without credentials, else as signing in does.
        """
        if role not in self._credentials:
            raise MappingError(
                f"there are no credentials for the role {role.value!r} in the settings of this"
                " target"
            )
        kept = self._kept[role]
        if kept.session is not None and self._clock() < kept.until:
            return kept.session
        with kept.lock:
            if kept.refused is not None:
                raise kept.refused
            if kept.session is None:
                self._store(kept, self._sign_in(role, kept))
            elif self._clock() >= kept.until:
                self._store(kept, self._renew(role, kept, kept.session))
            assert kept.session is not None
            return kept.session

    def current(self, session: Session) -> Session:
        """The living session of whoever `session` was handed out to: for work that lasts longer
        than a token. Raises as `session` does.
        """
        role = next(
            (role for role, one in self._credentials.items() if one.username == session.username),
            None,
        )
        return session if role is None else self.session(role)

    def forget(self, role: Role) -> None:
        """The next one who asks signs in anew: a check ended this session, or the target was
        restarted.
        """
        with self._kept[role].lock:
            self._kept[role].session = None

    def close(self) -> None:
        """Sign out everywhere. A target that refuses that now is not worth an error."""
        for kept in self._kept.values():
            with kept.lock:
                session, kept.session = kept.session, None
            if session is not None:
                self._sign_out(session)

    def _sign_out(self, session: Session) -> None:
        try:
            self._hospital.sign_out(session)
        except (Rejected, Unsupported, MappingError, AssertionError):
            return

    def _store(self, kept: _Slot, session: Session) -> None:
        self._redactor.learn(f"access token of {session.username}", session.access)
        self._redactor.learn(f"refresh token of {session.username}", session.refresh)
        kept.session, kept.until = session, self._clock() + self._usable_seconds(session)

    def _sign_in(self, role: Role, kept: _Slot) -> Session:
        try:
            return self._hospital.sign_in(self._credentials[role])
        except Rejected as refused:
            kept.refused = refused
            raise

    def _renew(self, role: Role, kept: _Slot, session: Session) -> Session:
        if session.refresh is None:
            return self._sign_in(role, kept)
        try:
            return self._hospital.refresh(session)
        except (Rejected, Unsupported):
            return self._sign_in(role, kept)

    def remaining_seconds(self, role: Role) -> float | None:
        """For how many seconds the session of `role` is handed out as it is; None: for ever."""
        until = self._kept[role].until
        return None if until == inf else max(0.0, until - self._clock())

    def _usable_seconds(self, session: Session) -> float:
        """For how long it can be used."""
        if session.expires_in is None:
            return inf
        # A token that lives hardly longer than the margin would be refreshed at every use.
        return session.expires_in - min(self._margin, session.expires_in / 2)
