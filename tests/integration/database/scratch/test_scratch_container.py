"""Scratch databases in a container where a Docker engine answers; a clear gap where none does."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch import rules
from cutover_gates.probes.database.scratch.scratch_server import scratch_server
from tests.calibration import scale_seconds
from tests.findings import raises_gap
from tests.integration.database.contexts import make_database_context
from tests.integration.database.scratch import postgres_image

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("testcontainers") is None, reason="testcontainers is not installed"
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """Give the Docker engine, with the test's image in it."""
    import docker

    try:
        engine = docker.from_env(timeout=60)
        engine.ping()
    except docker.errors.DockerException:
        pytest.skip("no Docker engine answers")
    postgres_image.build(engine)
    yield engine
    engine.close()


def test_without_an_engine_it_is_one_sentence_in_under_a_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    started = time.monotonic()
    with (
        raises_gap(rules.CONTAINER_ENGINE) as raised,
        scratch_server(_context(tmp_path), 18),
    ):
        pytest.fail("who answered?")
    assert raised.value.gaps[0].subject == "Docker"
    assert "\n" not in raised.value.reason
    assert time.monotonic() - started < scale_seconds(1)


def test_a_container_serves_scratch_databases_and_is_gone_at_the_end(
    engine: Any, tmp_path: Path
) -> None:
    with scratch_server(_context(tmp_path), 18) as server:
        assert (server.kind, server.major) == ("container", 18)
        with psycopg.connect(server.create_database(roles=["hospital_app"])) as scratch:
            scratch.execute("CREATE TABLE t (); GRANT SELECT ON t TO hospital_app")
        assert _ours(engine)
    assert not _ours(engine)


def test_a_container_of_a_killed_run_is_removed_by_the_next(engine: Any, tmp_path: Path) -> None:
    left = engine.containers.run(
        f"{postgres_image.NAME}:{postgres_image.TAG}",
        detach=True,
        environment={"POSTGRES_USER": "u", "POSTGRES_PASSWORD": "p"},
        labels={
            "cutover.scratch.host": socket.gethostname(),
            "cutover.scratch.place": str(tmp_path / "gone"),
        },
    )
    with scratch_server(_context(tmp_path), 18):
        assert left.id not in {one.id for one in _ours(engine)}


def test_an_image_that_cannot_be_had_is_one_sentence(engine: Any, tmp_path: Path) -> None:
    assert engine
    with (
        raises_gap(rules.CONTAINER_ENGINE) as raised,
        scratch_server(_context(tmp_path, "cutover-no-such-image"), 18),
    ):
        pytest.fail("there is no such image")
    assert raised.value.gaps[0].subject == "the image cutover-no-such-image:18"
    assert "\n" not in raised.value.reason


def _context(folder: Path, name: str = postgres_image.NAME) -> DatabaseContext:
    return make_database_context(
        "host=127.0.0.1 port=1 user=nobody", folder, scratch={"kind": "container", "image": name}
    )


def _ours(engine: Any) -> list[Any]:
    return list(engine.containers.list(all=True, filters={"label": "cutover.scratch.place"}))
