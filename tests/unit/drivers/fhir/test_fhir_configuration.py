"""How the driver for FHIR is made from the settings, and what is said where it cannot be."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from cutover_gates.config.fhir import Fhir
from cutover_gates.config.target import Target
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.fhir.answer_interpretation import About, read_reason
from cutover_gates.hospital import Answer, Driver, MappingError, Reason
from tests.standins.fhir_answers import operation_outcome


def made(table: dict[str, Any]) -> Driver:
    return connect(
        "http://127.0.0.1:9",
        recorder=Recorder(),
        run_tag="run-1",
        driver="fhir",
        mapping=table,
        source="mine.toml",
    )


def test_it_is_a_hospital() -> None:
    assert isinstance(made({}), Driver)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"auth": "magic"}, r"mine\.toml: fhir\.auth = 'magic'"),
        ({"page_size": 0}, r"fhir\.page_size = 0"),
        ({"pages": 1}, r"fhir\.pages"),
        ({"token_url": "/token"}, "no absolute address"),
        ({"live_path": "health"}, "begins with /"),
    ],
)
def test_a_mistake_names_its_key(table: dict[str, Any], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        made(table)


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fhir.resources", None)
    with pytest.raises(MappingError, match="with its extra `fhir`"):
        made({})


@pytest.mark.parametrize("more", [{"rest": {}}, {"mapping": "m.toml"}])
def test_a_mapping_beside_it_is_a_mistake(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="takes no mapping"):
        Target.model_validate({"url": "https://h.example/fhir", "driver": "fhir", **more})


def test_three_lines_are_enough() -> None:
    target = Target.model_validate(
        {"url": "https://h.example/fhir", "release": "1", "driver": "fhir"}
    )
    assert target.fhir == Fhir()


@pytest.mark.parametrize(
    ("status", "code", "about", "reason"),
    [
        (400, "invalid", "create", Reason.INVALID),
        (422, "duplicate", "create", Reason.DUPLICATE),
        (409, "conflict", "create", Reason.DUPLICATE),
        (412, "multiple-matches", "create", Reason.DUPLICATE),
        (400, "not-found", "create", Reason.NOT_FOUND),
        (410, "deleted", "read", Reason.NOT_FOUND),
        (422, "lock-error", "update", Reason.STALE),
        (400, "conflict", "update", Reason.STALE),
        (409, "conflict", "read", None),
        (412, "conflict", "move", Reason.STALE),
        (422, "throttled", "read", Reason.THROTTLED),
        (400, "forbidden", "read", Reason.FORBIDDEN),
        (400, "login", "read", Reason.UNAUTHENTICATED),
        (422, "too-long", "create", Reason.INVALID),
        (500, "exception", "read", None),
        (405, "not-supported", "read", None),
        (501, "x", "read", None),
        (503, "transient", "update", None),
    ],
)
def test_what_a_refusal_means(status: int, code: str, about: About, reason: Reason | None) -> None:
    came, headers, content = operation_outcome(status, code)
    assert read_reason(Answer(came, headers, content, json.loads(content)), about) is reason
