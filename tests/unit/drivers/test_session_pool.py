"""Rules of the token keeper and of the pace of sign-ins."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.drivers.sign_in_rate_limit import SignInRateLimit
from cutover_gates.hospital import (
    Answer,
    Credentials,
    Driver,
    DriverFeatures,
    MappingError,
    Reason,
    Rejected,
    Role,
    Session,
)

CREDENTIALS = {
    role: Credentials(role.value, f"password-{role.value}")
    for role in (Role.REGISTRAR, Role.CLINICIAN)
}


class Counting:
    """Signs anybody in, slowly, and counts."""

    def __init__(self, lifetime: float | None = 600.0) -> None:
        self.sign_ins, self.refreshes, self._lifetime, self._lock = 0, 0, lifetime, threading.Lock()
        self.refuse_sign_in = self.refuse_refresh = False
        self.features = DriverFeatures()

    def sign_in(self, credentials: Credentials) -> Session:
        time.sleep(0.02)
        with self._lock:
            self.sign_ins += 1
        if self.refuse_sign_in:
            raise Rejected(Reason.UNAUTHENTICATED, "no", Answer(401, {}, b""))
        return Session(
            credentials.username,
            f"access-{self.sign_ins}-0",
            f"refresh-{self.sign_ins}",
            self._lifetime,
        )

    def refresh(self, session: Session) -> Session:
        time.sleep(0.02)
        with self._lock:
            self.refreshes += 1
        if self.refuse_refresh:
            raise Rejected(Reason.UNAUTHENTICATED, "no", Answer(401, {}, b""))
        return Session(
            session.username,
            f"access-{self.sign_ins}-{self.refreshes}",
            f"refresh-again-{self.refreshes}",
            self._lifetime,
        )


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def keeper_of(hospital: Counting, clock: Clock, **options: Any) -> SessionPool:
    return SessionPool(
        cast(Driver, hospital),
        CREDENTIALS,
        redactor=options.pop("redactor", Redactor()),
        clock=clock,
        **options,
    )


def by_sixteen(keeper: SessionPool) -> set[str]:
    with ThreadPoolExecutor(16) as pool:
        return {
            session.access
            for session in pool.map(lambda _: keeper.session(Role.REGISTRAR), range(16))
        }


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
        with pytest.raises(Rejected):
            keeper.session(Role.REGISTRAR)
    assert hospital.sign_ins == 1


def test_every_token_and_password_is_a_learnt_secret() -> None:
    """Before anyone can use it."""
    redactor, clock = Redactor(), Clock()
    keeper = keeper_of(Counting(), clock, redactor=redactor)
    keeper.session(Role.REGISTRAR)
    clock.now += 600
    keeper.session(Role.REGISTRAR)
    for secret in (
        "password-registrar",
        "access-1-0",
        "refresh-1",
        "access-1-1",
        "refresh-again-1",
    ):
        assert secret not in redactor.redact_text(f"it is {secret}.")


@pytest.fixture
def own_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The times of sign-ins are kept in a folder of this test's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def signing_in(pace: SignInRateLimit, clock: Clock, times: int, takes: float = 0.0) -> list[float]:
    """When each of so many sign-ins began; each takes so many seconds."""
    at = []
    for _ in range(times):
        with pace.wait_for_slot():
            at.append(clock.now - 1000.0)
            clock.now += takes
    return at


def pace_of(clock: Clock, most: int | None, seconds: float = 60.0) -> SignInRateLimit:
    def sleep(seconds: float) -> None:
        clock.now += seconds

    return SignInRateLimit("http://target", most, seconds, clock=clock, sleep=sleep)


@pytest.mark.usefixtures("own_times")
def test_sign_ins_keep_to_the_targets_limit() -> None:
    """Three a minute: the fourth waits until the first is a minute old."""
    clock = Clock()
    assert signing_in(pace_of(clock, 3), clock, 7) == [0, 0, 0, 60, 60, 60, 120]


@pytest.mark.usefixtures("own_times")
def test_a_sign_in_counts_from_its_end() -> None:
    """When the target counts it is somewhere between request and answer."""
    clock = Clock()
    assert signing_in(pace_of(clock, 2, 10), clock, 3, takes=1.0) == [0, 1, 11]


@pytest.mark.usefixtures("own_times")
def test_all_who_ask_one_target_keep_one_limit() -> None:
    """Another worker, another process, the next run: what one has used the other has not."""
    clock = Clock()
    assert signing_in(pace_of(clock, 3), clock, 2) == [0, 0]
    assert signing_in(pace_of(clock, 3), clock, 2) == [0, 60]


@pytest.mark.usefixtures("own_times")
def test_threads_never_sign_in_more_often_than_allowed() -> None:
    """With real time and real threads: of eight at once no three are nearer to each other than the
    window.
    """
    at: list[float] = []

    def sign_in(_: int) -> None:
        with SignInRateLimit("http://target", 2, 0.3).wait_for_slot():
            at.append(time.time())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sign_in, range(8)))
    at.sort()
    assert len(at) == 8
    assert all(later - earlier >= 0.3 for earlier, later in zip(at, at[2:], strict=False)), at


@pytest.mark.usefixtures("own_times")
def test_a_file_that_was_cut_or_a_clock_that_was_set_back_holds_nobody_up_for_ever(
    tmp_path: Path,
) -> None:
    clock = Clock()
    signing_in(pace_of(clock, 1), clock, 1)
    (times,) = tmp_path.glob("*/*.json")
    times.write_text("[99", encoding="ascii")
    assert signing_in(pace_of(clock, 1), clock, 1) == [0]
    times.write_text("[99999999]", encoding="ascii")
    assert signing_in(pace_of(clock, 1), clock, 1) == [60]


@pytest.mark.usefixtures("own_times")
def test_nothing_is_kept_in_a_folder_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """He could have put a link to any file of ours there."""
    clock, us = Clock(), os.getuid()
    signing_in(pace_of(clock, 1), clock, 1)
    monkeypatch.setattr(Path, "lstat", lambda _path: SimpleNamespace(st_uid=us + 1))
    with pytest.raises(MappingError, match="belongs to another user"):
        signing_in(pace_of(clock, 1), clock, 1)


def test_without_a_limit_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    clock = Clock()
    assert signing_in(pace_of(clock, None), clock, 3) == [0, 0, 0]
    assert not list(tmp_path.iterdir())


def test_the_driver_says_when_a_token_is_renewed() -> None:
    """The margin comes from the driver's features, also behind a ledger."""
    hospital, clock = Counting(lifetime=100.0), Clock()
    hospital.features = DriverFeatures(refresh_margin=40.0)
    keeper = keeper_of(hospital, clock)
    keeper.session(Role.REGISTRAR)
    clock.now += 61
    assert keeper.session(Role.REGISTRAR).access == "access-1-1"
    ledger = cast(Ledger, object())
    wrapped = LedgerDriver(cast(Driver, hospital), ledger, production=False, run_tag="r")
    assert wrapped.features.refresh_margin == 40.0


def test_work_that_lasts_longer_than_a_token_shows_the_one_of_now() -> None:
    """Whoever holds a session that was handed out is given the living one of the same account; a
    stranger's stays what it is.
    """
    hospital, clock = Counting(), Clock()
    keeper = keeper_of(hospital, clock)
    held = keeper.session(Role.REGISTRAR)
    assert keeper.current(held) is held
    clock.now += 590
    assert keeper.current(held).access == "access-1-1"
    stranger = Session("somebody", "else")
    assert keeper.current(stranger) is stranger


def test_who_hands_a_token_on_can_say_how_long_it_is_good() -> None:
    """Less the margin; a token without an end is good for ever."""
    clock = Clock()
    keeper = keeper_of(Counting(), clock, margin=30)
    keeper.session(Role.REGISTRAR)
    clock.now += 70
    assert keeper.remaining_seconds(Role.REGISTRAR) == 500
    endless = keeper_of(Counting(lifetime=None), clock)
    endless.session(Role.REGISTRAR)
    assert endless.remaining_seconds(Role.REGISTRAR) is None
