"""Servers of the versions on which the foreign hospital is judged."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutover_gates.core.findings import NotProven
from tests.foreign_schema.foreign_server import ForeignServer, foreign_server


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(18, id="18"),
        pytest.param(16, marks=pytest.mark.thorough, id="16"),
        pytest.param(15, marks=pytest.mark.thorough, id="15"),
    ],
)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForeignServer]:
    """A server of each version; 16 and 18 are wherever the embedded hospital is."""
    major = int(request.param)
    try:
        with foreign_server(major, tmp_path_factory.mktemp(f"foreign{major}")) as running:
            yield running
    except NotProven as why:
        if major == 15:
            pytest.skip(str(why))
        raise
