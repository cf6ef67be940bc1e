"""Fixtures of the driver tests: a stand-in target, and a driver for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import make_client
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.drivers.rest.rest_driver import RestDriver
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import Session
from tests.standins.http_server import HttpServerStandin, running_http_standin


@pytest.fixture
def target() -> Iterator[HttpServerStandin]:
    with running_http_standin() as stand_in:
        yield stand_in


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def driver(target: HttpServerStandin, recorder: Recorder) -> Iterator[Callable[..., RestDriver]]:
    """Makes a driver for the stand-in: `driver(table)`; without a table it speaks the default
    dialect.
    """
    made: list[RestDriver] = []

    def make(table: dict[str, Any] | None = None, **options: Any) -> RestDriver:
        transport = GuardedTransport(recorder, **{"deadline": 1.0, **options})
        mapping = load_mapping(table and {"extends": "default", **table}, "cutover.toml")
        made.append(
            RestDriver(
                target.url,
                mapping,
                make_client(transport),
                run_tag="run-1",
                recorder=recorder,
                transport=transport,
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def session() -> Session:
    return Session("registrar", "t0ken-of-the-registrar")
