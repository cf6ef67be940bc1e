"""The stand-in servers, one set for each test module."""

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
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinServers]:
    with standin_servers(tmp_path_factory.mktemp("standins")) as servers:
        yield servers


@pytest.fixture
def environment(servers: StandinServers, tmp_path: Path) -> DeploymentEnvironment:
    """An environment without a fault."""
    return servers.new_environment(tmp_path)
