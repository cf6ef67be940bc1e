"""The run's own requests: the ids of their answers are kept, and what no log may hold is known."""

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
    """Answers every request with an id; refuses the user `nobody`."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self.queries, self.number = recorder, list[PatientQuery](), 0

    def _answer(self, status: int = 200) -> None:
        self.number += 1
        self._recorder.record_exchange(
            Exchange("GET", "https://h.example/patients", status, 0.01, f"id-{self.number}")
        )

    def search(self, session: Session, query: PatientQuery) -> list[Any]:
        self.queries.append(query)
        self._answer(401 if session.username == "nobody" else 200)
        if session.username == "nobody":
            raise Rejected(Reason.UNAUTHENTICATED, "who are you?", Answer(401, {}, b""))
        return []

    def sign_in(self, credentials: Credentials) -> Session:
        self._answer()
        return Session(credentials.username, "access-token-of-traffic", "refresh-token-of-traffic")

    def sign_out(self, session: Session) -> None:
        self._answer()

    def register(self, session: Session, draft: PatientDraft) -> None:
        self._answer(201)


def make_traffic(recorder: Recorder, *, account: bool = True) -> tuple[RunTraffic, Hospital]:
    exchanges = ExchangeRecorder(recorder)
    hospital = Hospital(exchanges)

    def session(role: Role) -> Session:
        if not account:
            raise SetupFailed(f"no session of a {role.value}")
        return Session("registrar", "living-token")

    # It has as much of a hospital as is used here.
    driver: Any = hospital
    return (
        RunTraffic(
            driver,
            exchanges,
            session,
            lambda role: Credentials(role.value, "a-password"),
            PatientFactory("cut1"),
            recorder.redactor,
        ),
        hospital,
    )


def test_only_the_ids_of_own_requests_are_kept() -> None:
    """They are also in the evidence of the check, as all others are."""
    recorder = Recorder(Redactor())
    traffic, hospital = make_traffic(recorder)
    recorder.begin("a check")
    traffic.exchange_recorder.record_exchange(
        Exchange("GET", "https://h.example/before", 200, 0.01, "before")
    )
    began = time.time()
    record = traffic.search(3)
    assert (record.ids, record.sent) == (("id-1", "id-2", "id-3"), 3)
    assert began <= record.began <= record.ended <= time.time()
    assert len({query.mrn for query in hospital.queries}) == 3
    assert len(recorder.end()) == 4


@pytest.mark.parametrize("account", [True, False])
def test_a_request_is_made_also_where_nobody_can_sign_in(account: bool) -> None:
    traffic, _ = make_traffic(Recorder(Redactor()), account=account)
    assert traffic.probe_request().ids == ("id-1",)


def test_the_tokens_of_a_sign_in_are_masked() -> None:
    redactor = Redactor()
    traffic, _ = make_traffic(Recorder(redactor))
    assert traffic.sign_in().sent == 3
    assert {
        "access-token-of-traffic",
        "refresh-token-of-traffic",
    } <= redactor.learned_secrets().keys()


def test_a_canary_patient_has_private_values() -> None:
    """Their name has letters that a URL encodes, and they are searched for in every way."""
    traffic, hospital = make_traffic(Recorder(Redactor()))
    record = traffic.register_canary_patient()
    assert record.sent == len(record.ids) == 4
    name = record.private["a patient's family name"]
    assert not name.isascii()
    assert {query.name for query in hospital.queries} == {name, None}
    assert all(len(value) >= 6 for value in record.private.values())
