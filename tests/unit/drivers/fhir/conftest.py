"""Fixtures of the FHIR driver's tests: a stand-in server told by each test what to answer, and a
driver for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cutover.drivers import connect
from cutover.drivers.fhir import FhirHospital
from cutover.evidence import Recorder
from cutover.hospital import Session
from tests.unit.drivers.fhir.words import statement, tells
from tests.unit.drivers.stand_in import StandIn, standing_in


@pytest.fixture
def target() -> Iterator[StandIn]:
    """A server that lists everything, and answers what a test tells it."""
    with standing_in() as stand_in:
        stand_in.answers["GET /metadata"] = tells(statement())
        yield stand_in


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def driver(target: StandIn, recorder: Recorder) -> Iterator[Callable[..., FhirHospital]]:
    """Makes a driver for it: `driver(auth="none")`, with any key of the settings' `fhir`;
    `production` as `connect` takes it.
    """
    made: list[FhirHospital] = []

    def make(production: bool = False, **table: Any) -> FhirHospital:
        one = connect(
            target.url,
            recorder=recorder,
            run_tag="run-1",
            driver="fhir",
            mapping=table,
            production=production,
            deadline=1.0,
        )
        assert isinstance(one, FhirHospital)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def fhir(driver: Callable[..., FhirHospital]) -> FhirHospital:
    return driver()


@pytest.fixture
def session() -> Session:
    return Session("registrar", "t0ken-of-the-registrar-0123456789")
