"""Whatever a target answers, an operation returns a value or raises what the protocol names."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping

import httpx
import pytest

from cutover_gates.hospital import (
    Driver,
    MappingError,
    ProtocolViolation,
    Rejected,
    Session,
    Unsupported,
)
from tests.integration.drivers.hostile_operations import (
    OPERATIONS,
    SESSION,
    connect_to,
    hostile_answers,
)
from tests.standins.fhir_answers import FHIR, statement

NAMED = (Rejected, ProtocolViolation, Unsupported, MappingError)
"""What a driver may raise (`hospital.driver.Driver`)."""
SAMPLE = 120
"""Answers that each operation gets in a usual run: there are thousands."""
UNSENDABLE = ("tok\u00e9n", "a\r\nX: y", "\0", "\u202e", " ")


def _try_all(driver: str, answers: list[tuple[int, Mapping[str, str], bytes]]) -> list[str]:
    """Return each error that the protocol does not name, with the answer that caused it."""
    current = answers[0]

    def answer(request: httpx.Request) -> httpx.Response:
        status, headers, body = current
        if driver == "fhir" and request.url.path == "/metadata" and b"Capability" not in body:
            status, headers, body = 200, {"content-type": FHIR}, json.dumps(statement()).encode()
        fields = [(name.encode(), value.encode()) for name, value in headers.items()]
        return httpx.Response(status, headers=fields, content=b"" if status == 204 else body)

    problems = []
    for number, current in enumerate(answers):
        if number % 10 == 0:  # a driver remembers what worked, and a new one costs 10 ms
            hospital = connect_to(driver, answer)
        problems += [
            f"{name} {current}: {problem}"
            for name, operation in OPERATIONS.items()
            if (problem := _find_problem(hospital, name, operation))
        ]
    return problems


def _find_problem(hospital: Driver, name: str, operation: object) -> str:
    assert callable(operation)
    try:
        operation(hospital)
    except NAMED:
        return ""
    except KeyError as error:
        # The operation that is attempted is one of another document.
        return "" if name == "attempt" else repr(error)
    except Exception as error:
        return repr(error)
    return ""


@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_a_hostile_answer_is_a_value_or_a_named_error(driver: str) -> None:
    """A sample of the answers, the same in each run."""
    answers = list(hostile_answers(driver))
    random.Random(13).shuffle(answers)
    assert _try_all(driver, answers[:SAMPLE]) == []


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_every_hostile_answer_is_a_value_or_a_named_error(driver: str) -> None:
    """All of them."""
    assert _try_all(driver, list(hostile_answers(driver))) == []


@pytest.mark.parametrize("token", UNSENDABLE, ids=repr)
@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_a_token_that_cannot_be_sent_is_a_violation(driver: str, token: str) -> None:
    """A target gave it, and a header cannot carry it."""
    hospital = connect_to(driver, lambda _: httpx.Response(200, json=statement()))
    with pytest.raises(NAMED):
        hospital.patient(Session("ada", token), "p1")
    with pytest.raises(NAMED):
        hospital.patient(SESSION, token)
