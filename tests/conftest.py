"""What all tests have in common: one PostgreSQL of a session, and limits that fit the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.calibration import current_factor, describe_calibration, measure_speed_factor

if TYPE_CHECKING:
    from tests.faults import hospitals

HERE = Path(__file__).parent


def pytest_configure() -> None:
    """Measure before the workers of pytest-xdist start, so that they need not."""
    measure_speed_factor()


def pytest_report_header() -> str:
    """Tell the calibration figure: durations of two runs compare only by it."""
    return describe_calibration()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scale the limit of each test (pytest-timeout) to the machine.

    pytest loads this file in a gate too (`testpaths`): the bounds of its checks stay as they are.
    """
    factor = current_factor()
    usual = float(config.getini("timeout"))
    for item in (each for each in items if each.path.is_relative_to(HERE)):
        marker = item.get_closest_marker("timeout")
        limit = float(marker.args[0]) if marker and marker.args else usual
        # The nearest marker counts, so it stands before the test's own.
        item.add_marker(pytest.mark.timeout(limit * factor), append=False)


@pytest.fixture(scope="session")
def cluster() -> Iterator[hospitals.Cluster]:
    """A running PostgreSQL, from which every test copies a database of its own.

    It is one for all folders: each that has its own starts a server (2 s) for nothing.
    """
    # Imported here: it costs 0.55 s of CPU, which tests without a server need not pay.
    from tests.faults import hospitals

    with hospitals.cluster() as running:
        yield running
