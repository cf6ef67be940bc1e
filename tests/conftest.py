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
FIRST = (
    "faults/load",
    "faults/functional",
    "faults/data",
    "foreign_schema",
    "dialects",
    "faults/api",
    "gate/kills",
    "gate/test_plan_variants.py",
)
"""Where tests of ten seconds and more stand, the longest first.

At the end of a run one of them would keep one worker busy, and the others idle.
"""


def pytest_configure() -> None:
    """Measure before the workers of pytest-xdist start, so that they need not."""
    measure_speed_factor()


def pytest_report_header() -> str:
    """Tell the calibration figure: durations of two runs compare only by it."""
    return describe_calibration()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Scale the limit of each test (pytest-timeout) to the machine, and put long ones first.

    pytest loads this file in a gate too (`testpaths`): its checks stay as they are.
    """
    items.sort(key=_find_turn)  # a stable sort: what is not named stays as it is
    factor = current_factor()
    usual = float(config.getini("timeout"))
    for item in (each for each in items if each.path.is_relative_to(HERE)):
        marker = item.get_closest_marker("timeout")
        limit = float(marker.args[0]) if marker and marker.args else usual
        # The nearest marker counts, so it stands before the test's own.
        item.add_marker(pytest.mark.timeout(limit * factor), append=False)


def _find_turn(item: pytest.Item) -> int:
    """Return the place of a test in the order of a run."""
    if not item.path.is_relative_to(HERE):
        return len(FIRST)
    below = item.path.relative_to(HERE).as_posix()
    turns = (turn for turn, name in enumerate(FIRST) if below.startswith(name))
    return next(turns, len(FIRST))


@pytest.fixture(scope="session")
def cluster() -> Iterator[hospitals.Cluster]:
    """A running PostgreSQL, from which every test copies a database of its own.

    It is one for all folders: each that has its own starts a server (2 s) for nothing.
    """
    # Imported here: it costs 0.55 s of CPU, which tests without a server need not pay.
    from tests.faults import hospitals

    with hospitals.cluster() as running:
        yield running
