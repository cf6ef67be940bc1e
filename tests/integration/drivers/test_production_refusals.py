"""On production nothing of a refusal's free text is kept: it may name a patient."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.refusal_guard import RefusalGuard
from cutover_gates.hospital import (
    Answer,
    Driver,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
)
from cutover_gates.hospital.matchers import find_leaked_internals
from tests.standins.fhir_answers import fhir_reply, statement
from tests.standins.http_server import HttpServerStandin, Reply

SAID = "Anna Example, born 1961-02-03, already has an open visit"
METADATA = {"GET /metadata": fhir_reply(statement())}
NAMES = ("Anna", "1961")
SESSION = Session("s", "ada", "token-that-nobody-knows-12345678", None)


def _reply(status: int, body: Any, media_type: str = "application/json") -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {"Content-Type": media_type}, content


REFUSALS: dict[str, Reply] = {
    "problem": _reply(
        409,
        {
            "type": "/problems/duplicate",
            "title": "Duplicate record number",
            "status": 409,
            "detail": SAID,
            "instance": f"/patients/{SAID}",
            "errors": [{"field": "mrn", "message": SAID}, {"field": SAID}],
            "patient": SAID,
            "request_id": SAID,
        },
        "application/problem+json",
    ),
    "map of lists": _reply(400, {"mrn": [SAID], SAID: [SAID]}),
    "detail": _reply(403, {"detail": SAID}),
    "list": _reply(400, [SAID]),
    "text in JSON": _reply(422, SAID),
    "nested": _reply(400, {"error": {"code": SAID, "message": SAID}}),
    "title of another type": _reply(400, {"title": [SAID], "type": {"a": SAID}, "status": SAID}),
    "title that is a sentence": _reply(400, {"title": f"{SAID}. {'x' * 200}"}),
    "outcome": _reply(
        422,
        {
            "resourceType": "OperationOutcome",
            "text": {"div": SAID},
            "issue": [
                {
                    "severity": "error",
                    "code": "duplicate",
                    "diagnostics": SAID,
                    "details": {"text": SAID, "coding": [{"display": SAID}]},
                    "expression": [SAID],
                    "location": [SAID],
                },
                {"code": SAID},
            ],
        },
        "application/fhir+json",
    ),
    "OAuth": _reply(400, {"error": "invalid_request", "error_description": SAID}),
    "page": _reply(400, f"<html><title>{SAID}</title><h1>{SAID}</h1></html>".encode(), "text/html"),
    "text": _reply(404, SAID.encode(), "text/plain"),
    "server error": _reply(500, {"detail": SAID, "trace": SAID}),
    "not JSON": _reply(400, f'{{"detail": "{SAID}"'.encode()),
}


def _texts(ask: Callable[[], object], recorder: Recorder) -> str:
    """Return all that a run may keep of a refused request: the error's text and the evidence."""
    recorder.begin("check")
    with pytest.raises((Rejected, ProtocolViolation)) as raised:
        ask()
    return f"{raised.value} {raised.value.args} {json.dumps(recorder.end())}"


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_a_refusal_keeps_its_kind_alone(
    name: str, driver: str, target: HttpServerStandin, recorder: Recorder
) -> None:
    """Neither the error, the evidence nor the mapping check shows a word that may name a person."""
    path = "/patients/7" if driver == "rest" else "/Patient/7"
    target.answers = {
        **METADATA,
        f"GET {path}": REFUSALS[name],
        f"GET /api/v1{path}": REFUSALS[name],
    }
    last = LastExchange(recorder.redactor)
    hospital = _connect(target, recorder, driver, production=True, observer=last)
    kept = _texts(lambda: hospital.patient(SESSION, "7"), recorder) + last.describe_answer()
    assert [one for one in NAMES if one in kept] == [], kept


@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_elsewhere_the_words_are_shown(
    driver: str, target: HttpServerStandin, recorder: Recorder
) -> None:
    """They help whoever mends it, and a staging system has no patients."""
    name = "problem" if driver == "rest" else "outcome"
    path = "/patients/7" if driver == "rest" else "/Patient/7"
    target.answers = {
        **METADATA,
        f"GET {path}": REFUSALS[name],
        f"GET /api/v1{path}": REFUSALS[name],
    }
    hospital = _connect(target, recorder, driver, production=False)
    assert SAID in _texts(lambda: hospital.patient(SESSION, "7"), recorder)


def test_the_kind_of_a_refusal_is_kept(target: HttpServerStandin, recorder: Recorder) -> None:
    """Type, title and status of a problem are the same for everybody."""
    target.answers = dict.fromkeys(
        ("GET /patients/7", "GET /api/v1/patients/7"), REFUSALS["problem"]
    )
    hospital = _connect(target, recorder, "rest", production=True)
    kept = _texts(lambda: hospital.patient(SESSION, "7"), recorder)
    assert "Duplicate record number, /problems/duplicate" in kept
    assert '"title": "Duplicate record number"' in kept
    assert '"status": 409' in kept


def test_the_refusals_of_an_own_driver_are_shortened(recorder: Recorder) -> None:
    """Its author does not know of the rule, so a guard stands around it on production."""

    def refuse() -> str:
        raise Rejected(Reason.INVALID, SAID, Answer(422, {}, b"", {"title": "Bad", "detail": SAID}))

    own = RefusalGuard(cast(Driver, SimpleNamespace(release=refuse)))
    kept = _texts(own.release, recorder)
    assert "(HTTP 422): Bad" in kept
    assert SAID not in kept


@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_a_check_cannot_quote_an_answer(
    driver: str, target: HttpServerStandin, recorder: Recorder
) -> None:
    """What a matcher shows of an answer's text goes through the answer, which knows where it is of."""
    path = "/patients/7" if driver == "rest" else "/Patient/7"
    reply = _reply(404, f"SELECT 1 FROM patients -- {SAID}".encode(), "text/plain")
    target.answers = {**METADATA, f"GET {path}": reply, f"GET /api/v1{path}": reply}
    hospital = _connect(target, recorder, driver, production=True)
    with pytest.raises(Rejected) as raised:
        hospital.patient(SESSION, "7")
    leak = find_leaked_internals("GET", raised.value.answer)
    assert leak is not None
    assert [one for one in ("SELECT", *NAMES) if one in str(leak)] == []


def _connect(target: HttpServerStandin, recorder: Recorder, driver: str, **options: Any) -> Driver:
    return connect(target.url, recorder=recorder, run_tag="t", driver=driver, **options)
