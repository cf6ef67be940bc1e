"""Requests that no document lists: how they are built, and what production gets of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.hospital import Driver, UndocumentedRequest, Unreachable

BODY = {"application/json": {"example": {"name": "documented"}}}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "paths": {
        "/patients": {"get": {"responses": {}}},
        "/patients/{patient_id}": {
            "get": {"responses": {}},
            "put": {"requestBody": {"content": BODY}, "responses": {}},
        },
    },
}
ONE, LIST = "/patients/{patient_id}", "/patients"
OWN, OTHER = {"patient_id": "p1"}, {"patient_id": "p2"}


@pytest.fixture
def sent() -> list[httpx.Request]:
    return []


@pytest.fixture
def hospital(sent: list[httpx.Request]) -> Driver:
    """A production target that nothing listens at: what is sent is unreachable."""
    driver = connect(
        "http://127.0.0.1:1",
        recorder=Recorder(),
        run_tag="run-1",
        production=True,
        observer=lambda request, _: sent.append(request),
    )
    assert driver.features.api_document is not None
    driver.features.api_document(DOCUMENT)
    return driver


@pytest.fixture
def ledgered(hospital: Driver, tmp_path: Path) -> Iterator[LedgerDriver]:
    ledger = Ledger(tmp_path / "run-1.jsonl", "run-1", "tried")
    ledger.record_created(ledger.intend("patient", "run-1-a"), "p1")
    yield LedgerDriver(hospital, ledger, production=True)
    ledger.release()


def request(method: str, path: str = ONE, **headers: str) -> UndocumentedRequest:
    return UndocumentedRequest(method, path, True, frozenset(), headers=headers)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE"])
def test_production_gets_a_writing_method_for_the_runs_own_record(
    ledgered: LedgerDriver, sent: list[httpx.Request], method: str
) -> None:
    with pytest.raises(Unreachable):
        ledgered.attempt(request(method), None, OWN)
    assert [(one.method, one.url.path) for one in sent] == [(method, "/patients/p1")]


@pytest.mark.parametrize(
    ("path", "values"), [(ONE, OTHER), (LIST, OWN), (ONE, {})], ids=["another's", "a list", "no id"]
)
def test_production_gets_it_for_nothing_else(
    ledgered: LedgerDriver, sent: list[httpx.Request], path: str, values: Any
) -> None:
    """Also where a check says by itself that the record is the run's own."""
    for each in (request("DELETE", path), replace(request("DELETE", path), on_own_record=True)):
        with pytest.raises(GuardError):
            ledgered.attempt(each, None, values)
    assert sent == []


def test_a_header_goes_with_it_and_the_documents_body(
    hospital: Driver, sent: list[httpx.Request]
) -> None:
    own = replace(request("PATCH", **{"X-Origin": "a"}), on_own_record=True)
    with pytest.raises(Unreachable):
        hospital.attempt(own, None, OWN)
    assert sent[0].headers["x-origin"] == "a"
    assert sent[0].read() == b'{"name":"documented"}'


def test_a_method_without_a_body_sends_none(hospital: Driver, sent: list[httpx.Request]) -> None:
    with pytest.raises(Unreachable):
        hospital.attempt(request("HEAD"), None, OWN)
    assert sent[0].read() == b""
