"""Fixtures of the driver tests: a stand-in target, and a driver for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cutover.drivers import GuardedTransport, RestHospital, client_for, load
from cutover.evidence import Recorder
from cutover.hospital import Session
from tests.unit.drivers.stand_in import StandIn, standing_in


@pytest.fixture
def target() -> Iterator[StandIn]:
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def driver(target: StandIn, recorder: Recorder) -> Iterator[Callable[..., RestHospital]]:
    """Makes a driver for the stand-in: `driver(table)`; without a table it speaks the default
    dialect.
    """
    made: list[RestHospital] = []

    def make(table: dict[str, Any] | None = None, **options: Any) -> RestHospital:
        transport = GuardedTransport(recorder, **{"deadline": 1.0, **options})
        mapping = load(table and {"extends": "default", **table}, "cutover.toml")
        made.append(
            RestHospital(
                target.url,
                mapping,
                client_for(transport),
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
