"""Several accounts that do one person's work: each operation by the one that may."""

from __future__ import annotations

from typing import Any, cast

from cutover_gates.drivers.deputy_driver import DeputyDriver, add_deputies
from cutover_gates.hospital import (
    Credentials,
    Driver,
    DriverBase,
    Session,
    Transition,
    Visit,
    VisitStatus,
)

DOCTOR, NURSE = Credentials("doctor", "d"), Credentials("nurse", "n")
BOTH = Credentials("nurse", "n", {"upload": DOCTOR, "cancel": DOCTOR, "retire_visit": DOCTOR})
VISIT = Visit("v", "p", VisitStatus.OPEN)


class _Listening(DriverBase):
    """Remembers who asked. A token holds the user and the number of the sign-in."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.signed_in: list[str] = []

    def sign_in(self, credentials: Credentials) -> Session:
        self.signed_in.append(credentials.username)
        lifetime = {"nurse": 600.0, "doctor": 300.0}[credentials.username]
        return Session(credentials.username, f"{credentials.username}-1", "r", lifetime)

    def refresh(self, session: Session) -> Session:
        self.asked.append(("refresh", session.username))
        return Session(session.username, f"{session.username}-2", "r", 60.0)

    def sign_out(self, session: Session) -> None:
        self.asked.append(("sign_out", session.username))

    def move(self, session: Session, visit: Visit, move: Transition) -> Visit:
        self.asked.append((move.value, session.username))
        return visit

    def upload(self, session: Session, *_: Any) -> Any:
        self.asked.append(("upload", session.username))

    def retire(self, session: Session, kind: str, *_: Any) -> str:
        self.asked.append((f"retire_{kind}", session.username))
        return "deleted"


def _opened() -> tuple[_Listening, DeputyDriver]:
    inner = _Listening()
    return inner, DeputyDriver(cast(Driver, inner))


def test_each_operation_is_done_by_the_account_that_may() -> None:
    inner, driver = _opened()
    session = driver.sign_in(BOTH)
    driver.move(session, VISIT, Transition.ADMIT)
    driver.move(session, VISIT, Transition.CANCEL)
    driver.upload(session, "p", cast(Any, None))
    driver.retire(session, "patient", "p", None)
    driver.retire(session, "visit", "v", "p")
    assert inner.asked == [
        ("admit", "nurse"),
        ("cancel", "doctor"),
        ("upload", "doctor"),
        ("retire_patient", "nurse"),
        ("retire_visit", "doctor"),
    ]


def test_each_user_signs_in_renews_and_signs_out_once() -> None:
    inner, driver = _opened()
    session = driver.sign_in(BOTH)
    assert inner.signed_in == ["nurse", "doctor"]
    assert session.expires_in == 300.0, "it lasts as long as the shortest of them"
    renewed = driver.refresh(session)
    assert renewed.deputies["upload"].access == "doctor-2"
    driver.sign_out(renewed)
    assert inner.asked == [
        *(("refresh", "nurse"), ("refresh", "doctor")),
        *(("sign_out", "nurse"), ("sign_out", "doctor")),
    ]


def test_nobody_stands_in_for_a_forger() -> None:
    inner, driver = _opened()
    forged = driver.sign_in(BOTH).with_access_token("forged")
    driver.upload(forged, "p", cast(Any, None))
    assert not forged.deputies
    assert inner.asked == [("upload", "nurse")]


def test_a_driver_is_wrapped_only_where_an_account_has_deputies() -> None:
    inner = cast(Driver, _Listening())
    assert add_deputies(inner, [NURSE, DOCTOR]) is inner
    assert isinstance(add_deputies(inner, [NURSE, BOTH]), DeputyDriver)


def test_an_account_with_deputies_travels_whole() -> None:
    again = Credentials.from_plain(BOTH.to_plain())
    assert again == BOTH
    assert dict(again.deputies) == dict(BOTH.deputies)
