"""The pool of sessions: one for each role, renewed before its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

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


@dataclass
class _Slot:
    """The session of one role. `until` is when it is to be renewed, on the pool's clock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    session: Session | None = None
    until: float = 0.0
    rejection: Rejected | None = None


class SessionPool:
    """A pool of signed-in sessions, safe under threads, by role or by another name of accounts.

    `margin` is the number of seconds before the end of a token at which it is renewed; None takes
    the driver's (`DriverFeatures.refresh_margin`). The driver keeps to the target's limit of
    sign-ins.

    A rejected sign-in is not tried again: a wrong password in the settings must not lock a real
    account.
    """

    def __init__(
        self,
        driver: Driver,
        credentials: Mapping[Role, Credentials] | Mapping[str, Credentials],
        *,
        redactor: Redactor,
        margin: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._driver, self._redactor = driver, redactor
        self._credentials: dict[str, Credentials] = dict(credentials.items())
        self._margin = driver.features.refresh_margin if margin is None else margin
        self._clock = clock
        self._slots: dict[str, _Slot] = {role: _Slot() for role in (*Role, *credentials)}
        for role, account in self._credentials.items():
            for one in (account, *account.deputies.values()):
                redactor.learn(f"password of {role}", one.password)

    def session(self, role: str) -> Session:
        """Return a session of `role` that lives for at least the margin.

        Raises `MappingError` without credentials, else what `Driver.sign_in` raises.
        """
        if role not in self._credentials:
            raise MappingError(
                f"there are no credentials for the role {str(role)!r} in the settings of this"
                " target"
            )
        slot = self._slots[role]
        # Without the lock: most calls find a living session, and many threads call at once.
        if slot.session is not None and self._clock() < slot.until:
            return slot.session
        with slot.lock:
            if slot.rejection is not None:
                raise slot.rejection
            if slot.session is None:
                self._store(slot, self._sign_in(role, slot))
            elif self._clock() >= slot.until:
                self._store(slot, self._renew(role, slot, slot.session))
            assert slot.session is not None
            return slot.session

    def current(self, session: Session) -> Session:
        """Return the living session of the user to whom `session` was given.

        Work that lasts longer than a token uses it. Raises as `session` does.
        """
        for role, account in self._credentials.items():
            if (account.username, account.deputies.keys()) == (
                session.username,
                session.deputies.keys(),
            ):
                return self.session(role)
        return session

    def forget(self, role: str) -> None:
        """Drop the session of a role, so that the next request for it signs in anew.

        Needed where a check ended the session, or the target was restarted.
        """
        with self._slots[role].lock:
            self._slots[role].session = None

    def remaining_seconds(self, role: str) -> float | None:
        """Return for how many seconds the session is not renewed; None where it never ends."""
        until = self._slots[role].until
        return None if until == inf else max(0.0, until - self._clock())

    def close(self) -> None:
        """Sign out everywhere. A target that refuses to sign out is not worth an error here."""
        for slot in self._slots.values():
            with slot.lock:
                session, slot.session = slot.session, None
            if session is not None:
                self._sign_out(session)

    def _sign_out(self, session: Session) -> None:
        try:
            self._driver.sign_out(session)
        except (Rejected, Unsupported, MappingError, AssertionError):
            return

    def _store(self, slot: _Slot, session: Session) -> None:
        for one in (session, *session.deputies.values()):
            self._redactor.learn(f"access token of {one.username}", one.access)
            self._redactor.learn(f"refresh token of {one.username}", one.refresh)
        slot.session, slot.until = session, self._clock() + self._usable_seconds(session)

    def _sign_in(self, role: str, slot: _Slot) -> Session:
        try:
            return self._driver.sign_in(self._credentials[role])
        except Rejected as rejection:
            slot.rejection = rejection
            raise

    def _renew(self, role: str, slot: _Slot, session: Session) -> Session:
        if session.refresh is None:
            return self._sign_in(role, slot)
        try:
            return self._driver.refresh(session)
        except (Rejected, Unsupported):
            return self._sign_in(role, slot)

    def _usable_seconds(self, session: Session) -> float:
        if session.expires_in is None:
            return inf
        # A token that lives hardly longer than the margin would be renewed at every use.
        return session.expires_in - min(self._margin, session.expires_in / 2)
