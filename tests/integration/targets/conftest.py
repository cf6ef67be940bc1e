"""Settings of a target in containers, and a Docker engine where one answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.config.settings import Settings
from tests.integration.database.scratch import postgres_image
from tests.integration.targets import backend_image

Load = Callable[[str], Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load(toml)`: the settings of a target `mine` in containers, with this said of its container."""

    def load(container: str) -> Settings:
        path = tmp_path / "cutover.toml"
        path.write_text(
            '[targets.mine]\nkind = "containers"\nrelease ='
            f' "3.1.4"\n[targets.mine.container]\n{container}\n',
            encoding="utf-8",
        )
        return load_settings(path, tmp_path, target="mine")

    return load


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """The Docker engine, with both images in it."""
    docker = pytest.importorskip("docker", reason="the Python package docker is not installed")
    try:
        engine = docker.from_env(timeout=60)
        engine.ping()
    except docker.errors.DockerException:
        pytest.skip("no Docker engine answers")
    postgres_image.build(engine)
    backend_image.build(engine)
    yield engine
    engine.close()
