"""The sessions of the watcher, renewed beside the probes, so that no probe waits for a sign-in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Mapping

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
    Credentials,
    Driver,
    MappingError,
    ProtocolViolation,
    Rejected,
    Role,
    Session,
    Unsupported,
)
from cutover_gates.util.text import first_error_line

ROUND_SECONDS = 0.25
REJECTED_SECONDS = 30.0
"""Seconds between two sign-ins of an account that was refused: it must not be locked."""
_ERRORS = (Rejected, ProtocolViolation, Unsupported, MappingError)


class NoSession(Exception):
    """There is no session to ask with. The text is the reason."""


class SessionKeeper:
    """Living sessions by role, renewed by a thread of its own until `close`."""

    def __init__(
        self,
        driver: Driver,
        users: Mapping[Role, Credentials],
        roles: Collection[Role],
        redactor: Redactor,
        answered_by: Callable[[], str] = lambda: "",
    ) -> None:
        """Keep sessions. `answered_by` names the release of this thread's last answer."""
        self._driver, self._users, self._redactor = driver, users, redactor
        self._answered_by = answered_by
        self._issuers: dict[Role, str] = {}
        self.roles = tuple(roles)
        self._pools = {role: self._new_pool() for role in roles}
        self._sessions: dict[Role, Session] = {}
        self._problems: dict[Role, str] = {}
        self._pause: dict[Role, float] = dict.fromkeys(roles, 0.0)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True, name="watch-sessions")

    def start(self) -> None:
        """Sign in once with each role, and keep the sessions from then on."""
        for role in self.roles:
            self._renew(role)
        self._thread.start()

    def session(self, role: Role) -> Session:
        """Return the living session of a role. Raises `NoSession`."""
        session = self._sessions.get(role)
        if session is None:
            why = self._problems.get(role, "not yet")
            raise NoSession(f"{role.value} could not sign in: {why}")
        return session

    def issuer(self, role: Role) -> str:
        """Return the release that opened the session of a role; empty where it is not known."""
        return self._issuers.get(role, "")

    def forget(self, role: Role) -> None:
        """Drop a session that the target does not take any more; the next round signs in anew."""
        with contextlib.suppress(KeyError):
            del self._sessions[role]
        self._pools[role].forget(role)

    def close(self) -> None:
        """End the thread, and sign out."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(5)
        for pool in self._pools.values():
            with contextlib.suppress(*_ERRORS):
                pool.close()

    def _new_pool(self) -> SessionPool:
        return SessionPool(self._driver, self._users, redactor=self._redactor)

    def _keep(self) -> None:
        while not self._ended.wait(ROUND_SECONDS):
            for role in self.roles:
                self._pause[role] -= ROUND_SECONDS
                if self._pause[role] <= 0:
                    self._renew(role)

    def _renew(self, role: Role) -> None:
        """Take the session that the pool has, which renews it before its end."""
        try:
            session = self._pools[role].session(role)
            if session is not self._sessions.get(role):
                self._issuers[role] = self._answered_by()
            self._sessions[role] = session
            self._problems.pop(role, None)
        except Rejected as rejection:
            self._problems[role] = str(rejection)
            self._sessions.pop(role, None)
            # The pool never asks again with a refused account; a new one does, later.
            self._pools[role], self._pause[role] = self._new_pool(), REJECTED_SECONDS
        # Whatever a target answers in the middle of its cutover must not end the thread.
        except Exception as error:
            self._problems[role] = first_error_line(error)
