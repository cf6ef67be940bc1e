"""The stand-ins, empty, for one test module each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.deployment.deployment_environment import (
    DeploymentEnvironment,
    StandinServers,
    standin_servers,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinServers]:
    with standin_servers(tmp_path_factory.mktemp("ground")) as whole:
        yield whole


@pytest.fixture
def ground(whole: StandinServers, tmp_path: Path) -> DeploymentEnvironment:
    """Nothing is wrong with it."""
    return whole.new_environment(tmp_path)
