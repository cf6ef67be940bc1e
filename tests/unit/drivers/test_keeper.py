"""Rules of the token keeper and of the pace of sign-ins."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from cutover.drivers import TokenKeeper
from cutover.drivers.pace import Pace
from cutover.evidence import Redactor
from cutover.hospital import Answer, Credentials, Hospital, MappingError, Reason, Refused, Role, Session

CREDENTIALS = {role: Credentials(role.value, f"password-{role.value}") for role in (Role.REGISTRAR, Role.CLINICIAN)}


class Counting:
    """Signs anybody in, slowly, and counts."""

    def __init__(self, lifetime: float | None = 600.0) -> None:
        self.sign_ins, self.refreshes, self._lifetime, self._lock = 0, 0, lifetime, threading.Lock()
        self.refuse_sign_in = self.refuse_refresh = False

    def sign_in(self, credentials: Credentials) -> Session:
        time.sleep(0.02)
        with self._lock:
            self.sign_ins += 1
        if self.refuse_sign_in:
            raise Refused(Reason.UNAUTHENTICATED, "no", Answer(401, {}, b""))
        return Session(credentials.username, f"access-{self.sign_ins}-0", f"refresh-{self.sign_ins}", self._lifetime)

    def refresh(self, session: Session) -> Session:
        time.sleep(0.02)
        with self._lock:
            self.refreshes += 1
        if self.refuse_refresh:
            raise Refused(Reason.UNAUTHENTICATED, "no", Answer(401, {}, b""))
        return Session(session.username, f"access-{self.sign_ins}-{self.refreshes}", f"refresh-again-{self.refreshes}", self._lifetime)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def keeper_of(hospital: Counting, clock: Clock, **options: Any) -> TokenKeeper:
    return TokenKeeper(cast(Hospital, hospital), CREDENTIALS, redactor=options.pop("redactor", Redactor()), clock=clock, **options)


def by_sixteen(keeper: TokenKeeper) -> set[str]:
    with ThreadPoolExecutor(16) as pool:
        return {session.access for session in pool.map(lambda _: keeper.session(Role.REGISTRAR), range(16))}


def test_sixteen_threads_share_one_sign_in_and_one_refresh() -> None:
    """Signed in once; refreshed once when the margin before the end begins."""
    hospital, clock = Counting(), Clock()
    keeper = keeper_of(hospital, clock, margin=30)
    assert by_sixteen(keeper) == {"access-1-0"}
    clock.now += 569
    assert by_sixteen(keeper) == {"access-1-0"}
    clock.now += 2
    assert by_sixteen(keeper) == {"access-1-1"}
    assert (hospital.sign_ins, hospital.refreshes) == (1, 1)


def test_roles_have_sessions_of_their_own() -> None:
    """And a role without credentials is the settings' mistake."""
    keeper = keeper_of(Counting(), Clock())
    assert keeper.session(Role.REGISTRAR).username == "registrar"
    assert keeper.session(Role.CLINICIAN).username == "clinician"
    with pytest.raises(MappingError, match="no credentials for the role 'auditor'"):
        keeper.session(Role.AUDITOR)


def test_a_token_that_lives_shorter_than_the_margin_is_still_used() -> None:
    """Otherwise it would be refreshed at every request."""
    hospital, clock = Counting(lifetime=10.0), Clock()
    keeper = keeper_of(hospital, clock, margin=30)
    keeper.session(Role.REGISTRAR)
    clock.now += 4
    keeper.session(Role.REGISTRAR)
    assert hospital.refreshes == 0
    clock.now += 2
    keeper.session(Role.REGISTRAR)
    assert hospital.refreshes == 1


def test_a_refused_refresh_is_a_new_sign_in() -> None:
    """The session ended on the other side."""
    hospital, clock = Counting(), Clock()
    keeper = keeper_of(hospital, clock)
    keeper.session(Role.REGISTRAR)
    hospital.refuse_refresh, clock.now = True, clock.now + 600
    assert keeper.session(Role.REGISTRAR).access == "access-2-0"


def test_a_refused_sign_in_is_not_tried_again() -> None:
    """A wrong password in the settings must not lock a real account."""
    hospital = Counting()
    hospital.refuse_sign_in = True
    keeper = keeper_of(hospital, Clock())
    for _ in range(5):
        with pytest.raises(Refused):
            keeper.session(Role.REGISTRAR)
    assert hospital.sign_ins == 1


def test_every_token_and_password_is_a_learnt_secret() -> None:
    """Before anyone can use it."""
    redactor, clock = Redactor(), Clock()
    keeper = keeper_of(Counting(), clock, redactor=redactor)
    keeper.session(Role.REGISTRAR)
    clock.now += 600
    keeper.session(Role.REGISTRAR)
    for secret in ("password-registrar", "access-1-0", "refresh-1", "access-1-1", "refresh-again-1"):
        assert secret not in redactor.text(f"it is {secret}.")


def test_sign_ins_keep_to_the_targets_limit() -> None:
    """Three a minute: the fourth waits until the first is a minute old."""
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.now += seconds

    pace = Pace(3, clock, sleep)
    at = []
    for _ in range(7):
        pace.wait()
        at.append(clock.now - 1000.0)
    assert at == [0, 0, 0, 60, 60, 60, 120]
