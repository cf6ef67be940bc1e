"""A target in containers, where a Docker engine answers; one sentence where none does."""

from __future__ import annotations

import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.targets.containers import run_containers
from cutover_gates.targets.embedded import TargetDidNotStart
from tests.calibration import scale_seconds
from tests.integration.database.scratch import postgres_image
from tests.integration.targets import backend_image
from tests.integration.targets.conftest import Load
from tests.standins.docker_engine import running_engine

OURS = f"""
image = "{backend_image.NAME}:{backend_image.TAG}"
postgres = "{postgres_image.NAME}:{postgres_image.TAG}"
port = 8000
ready_path = "/ready"
environment = {{ DB_HOST = "{{host}}", DB_PORT = "{{port}}", DB_USER = "{{user}}", DB_URL = "{{password}}@{{host}}:{{port}}/{{name}}" }}
"""


def test_without_an_engine_it_is_one_sentence_in_under_a_second(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    settings, began = load(OURS), time.monotonic()
    with (
        pytest.raises(SettingsError, match=r"^target 'mine': Docker: no engine answers") as refused,
        run_containers(settings),
    ):
        pytest.fail("who answered?")
    assert time.monotonic() - began < scale_seconds(1)
    assert "\n" not in str(refused.value)
    assert "runs elsewhere" in str(refused.value)


def test_an_image_that_cannot_be_had_is_one_sentence(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a stand-in for an engine that has no image and finds none.

    What was made until then is taken away again.
    """
    with running_engine(tmp_path / "docker.sock") as engine:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
        with (
            pytest.raises(
                TargetDidNotStart,
                match="the image nowhere/postgres:1: its container did not start",
            ) as refused,
            run_containers(load('image = "nowhere/backend:1"\npostgres = "nowhere/postgres:1"')),
        ):
            pytest.fail("there is no such image")
    assert "\n" not in str(refused.value)
    assert [line for line in engine.asked if line.startswith("POST /networks/create")]
    assert [line for line in engine.asked if line.startswith("DELETE /networks/")]


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("port = 8000", "needs container.image"),
        (
            'image = "a"\nenvironment = { URL = "{hots}" }',
            "URL: {hots} is not known; known are {host}, {port}, {user}, {password}, {name}",
        ),
        ('image = "a"\nenvironment = { URL = "{" }', "double a brace that is meant"),
        ('image = "a"\nready_path = "health"', "a path starts with a slash"),
        ('image = "a"\n[targets.mine.users.registrar]\nusername = ""', "users.registrar"),
        ('imgae = "a"', "Did you mean 'image'?"),
    ],
)
def test_a_mistake_in_its_settings_is_told(load: Load, toml: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(toml)
    assert says in str(refused.value)


def test_it_comes_up_with_its_database_and_is_gone_at_the_end(load: Load, engine: Any) -> None:
    """The backend finds its PostgreSQL by the name that it is told, and both are reached from here."""
    with run_containers(load(OURS)) as standing:
        assert (standing.kind, standing.release, standing.is_ephemeral) == (
            "containers",
            "3.1.4",
            True,
        )
        with urllib.request.urlopen(f"{standing.url}/version", timeout=5) as answer:
            assert b'"user": "postgres"' in answer.read()
        with psycopg.connect(standing.database or "") as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert len(_ours(engine)) == 2
    assert not _ours(engine)
    assert not engine.networks.list(filters={"label": "cutover.scratch.place"})


def test_a_backend_that_ends_is_told_with_its_own_words(load: Load, engine: Any) -> None:
    with (
        pytest.raises(
            TargetDidNotStart, match=r"ended before it was ready\. It said: .*no licence: expired"
        ),
        run_containers(load(OURS.replace("DB_URL =", 'FAILS = "expired", DB_URL ='))),
    ):
        pytest.fail("it had ended")
    assert not _ours(engine)


def test_a_backend_that_is_never_ready_is_told(load: Load, engine: Any) -> None:
    with (
        pytest.raises(
            TargetDidNotStart, match=r"not ready within 4 s: http://\S+/ready answered HTTP 503"
        ),
        run_containers(
            load(OURS.replace('DB_PORT = "{port}"', 'DB_PORT = "1"') + "start_seconds = 4\n")
        ),
    ):
        pytest.fail("it was not ready")
    assert not _ours(engine)


def _ours(engine: Any) -> list[Any]:
    return list(engine.containers.list(all=True, filters={"label": "cutover.scratch.place"}))
