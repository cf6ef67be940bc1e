"""Keeps one living session a role: signs in once, refreshes before the end, hands out the same
session to every thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from cutover.evidence import Redactor
from cutover.hospital import Credentials, Hospital, MappingError, NotOffered, Refused, Role, Session

MARGIN = 30.0
"""Seconds before the end of a token's life at which it is renewed, where nobody says otherwise."""


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    until: float = 0.0  # then its life has all but ended
    refused: Refused | None = None


class TokenKeeper:
    """`margin` is in seconds before the end of a token's life; None: the driver's
    (`refresh_margin`), or `MARGIN` where it has none. How often it may sign in is held by the
    driver (`sign_in_limit`).

    A refused sign-in is not tried again: a wrong password in the settings must not lock a real
    account.
    """

    def __init__(
        self,
        hospital: Hospital,
        credentials: Mapping[Role, Credentials],
        *,
        redactor: Redactor,
        margin: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hospital, self._credentials, self._redactor = hospital, dict(credentials), redactor
        self._margin = getattr(hospital, "refresh_margin", MARGIN) if margin is None else margin
        self._clock = clock
        self._kept = {role: _Kept() for role in Role}
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
                self._keep(kept, self._signed_in(role, kept))
            elif self._clock() >= kept.until:
                self._keep(kept, self._renewed(role, kept, kept.session))
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
                self._leave(session)

    def _leave(self, session: Session) -> None:
        try:
            self._hospital.sign_out(session)
        except (Refused, NotOffered, MappingError, AssertionError):
            return

    def _keep(self, kept: _Kept, session: Session) -> None:
        self._redactor.learn(f"access token of {session.username}", session.access)
        self._redactor.learn(f"refresh token of {session.username}", session.refresh)
        kept.session, kept.until = session, self._clock() + self._seconds(session)

    def _signed_in(self, role: Role, kept: _Kept) -> Session:
        try:
            return self._hospital.sign_in(self._credentials[role])
        except Refused as refused:
            kept.refused = refused
            raise

    def _renewed(self, role: Role, kept: _Kept, session: Session) -> Session:
        if session.refresh is None:
            return self._signed_in(role, kept)
        try:
            return self._hospital.refresh(session)
        except (Refused, NotOffered):
            return self._signed_in(role, kept)

    def remaining(self, role: Role) -> float | None:
        """For how many seconds the session of `role` is handed out as it is; None: for ever."""
        until = self._kept[role].until
        return None if until == inf else max(0.0, until - self._clock())

    def _seconds(self, session: Session) -> float:
        """For how long it can be used."""
        if session.expires_in is None:
            return inf
        # A token that lives hardly longer than the margin would be refreshed at every use.
        return session.expires_in - min(self._margin, session.expires_in / 2)
