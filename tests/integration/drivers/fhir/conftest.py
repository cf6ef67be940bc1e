"""Fixtures of the FHIR driver's tests: a stand-in server told by each test what to answer, and a
driver for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.hospital import Session
from tests.standins.fhir_answers import fhir_reply, statement
from tests.standins.http_server import HttpServerStandin, running_http_standin


@pytest.fixture
def target() -> Iterator[HttpServerStandin]:
    """A server that lists everything, and answers what a test tells it."""
    with running_http_standin() as stand_in:
        stand_in.answers["GET /metadata"] = fhir_reply(statement())
        yield stand_in


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def driver(target: HttpServerStandin, recorder: Recorder) -> Iterator[Callable[..., FhirDriver]]:
    """Makes a driver for it: `driver(auth="none")`, with any key of the settings' `fhir`;
    `production` as `connect` takes it.
    """
    made: list[FhirDriver] = []

    def make(production: bool = False, **table: Any) -> FhirDriver:
        one = connect(
            target.url,
            recorder=recorder,
            run_tag="run-1",
            driver="fhir",
            mapping=table,
            production=production,
            deadline=1.0,
        )
        assert isinstance(one, FhirDriver)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def fhir(driver: Callable[..., FhirDriver]) -> FhirDriver:
    return driver()


@pytest.fixture
def session() -> Session:
    return Session("registrar", "t0ken-of-the-registrar-0123456789")
