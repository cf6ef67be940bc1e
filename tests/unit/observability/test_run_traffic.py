"""What the run does at the target for its signals: the ids that the answers carry are noted, and
what may stand in no log is known.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from cutover_gates.core.evidence.exchange import Exchange
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import (
    Answer,
    Credentials,
    PatientDraft,
    PatientQuery,
    Reason,
    Rejected,
    Role,
    Session,
)
from cutover_gates.hospital.synthetic import PatientFactory
from cutover_gates.plugin.fixtures.actors import SetupFailed
from cutover_gates.plugin.fixtures.run_traffic import ExchangeRecorder, RunTraffic


class Hospital:
    """Answers whatever is asked, with an id; refuses whoever is nobody."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self.asked, self.number = recorder, list[PatientQuery](), 0

    def _answer(self, status: int = 200) -> None:
        self.number += 1
        self._recorder.record_exchange(
            Exchange("GET", "https://h.example/patients", status, 0.01, f"id-{self.number}")
        )

    def search(self, session: Session, query: PatientQuery) -> list[Any]:
        self.asked.append(query)
        self._answer(401 if session.username == "nobody" else 200)
        if session.username == "nobody":
            raise Rejected(Reason.UNAUTHENTICATED, "who are you?", Answer(401, {}, b""))
        return []

    def sign_in(self, credentials: Credentials) -> Session:
        self._answer()
        return Session(credentials.username, "access-token-of-mine", "refresh-token-of-mine")

    def sign_out(self, session: Session) -> None:
        self._answer()

    def register(self, session: Session, draft: PatientDraft) -> None:
        self._answer(201)


def deeds(recorder: Recorder, *, account: bool = True) -> tuple[RunTraffic, Hospital]:
    noting = ExchangeRecorder(recorder)
    hospital = Hospital(noting)

    def session(role: Role) -> Session:
        if not account:
            raise SetupFailed(f"no session of a {role.value}")
        return Session("registrar", "living-token")

    made: Any = hospital  # it has as much of a hospital as is used here
    return (
        RunTraffic(
            made,
            noting,
            session,
            lambda role: Credentials(role.value, "a-password"),
            PatientFactory("cut1"),
            recorder.redactor,
        ),
        hospital,
    )


def test_the_ids_of_ones_own_requests_are_noted_and_nobody_elses() -> None:
    """They also stand in the evidence of the check, as all others do."""
    recorder = Recorder(Redactor())
    mine, hospital = deeds(recorder)
    recorder.begin("a check")
    mine.exchange_recorder.record_exchange(
        Exchange("GET", "https://h.example/before", 200, 0.01, "before")
    )
    began = time.time()
    done = mine.search(3)
    assert (done.ids, done.sent) == (("id-1", "id-2", "id-3"), 3)
    assert began <= done.began <= done.ended <= time.time()
    assert len({query.mrn for query in hospital.asked}) == 3
    assert len(recorder.end()) == 4


@pytest.mark.parametrize("account", [True, False])
def test_a_mark_is_left_also_where_nobody_can_sign_in(account: bool) -> None:
    mine, _ = deeds(Recorder(Redactor()), account=account)
    assert mine.probe_request().ids == ("id-1",)


def test_a_sign_in_makes_its_tokens_known() -> None:
    redactor = Redactor()
    mine, _ = deeds(Recorder(redactor))
    assert mine.sign_in().sent == 3
    assert {"access-token-of-mine", "refresh-token-of-mine"} <= redactor.learned_secrets().keys()


def test_a_patient_is_confided_with_what_may_stand_in_no_log() -> None:
    """The name has signs that are written otherwise in an address; she is looked for by all that a
    search may say of her.
    """
    mine, hospital = deeds(Recorder(Redactor()))
    done = mine.register_canary_patient()
    assert done.sent == len(done.ids) == 4
    name = done.private["a patient's family name"]
    assert not name.isascii()
    assert {query.name for query in hospital.asked} == {name, None}
    assert all(len(value) >= 6 for value in done.private.values())
