"""A scratch server in a container, by testcontainers. Its reaper is off: it is an image of its own, and we sweep by ourselves."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from cutover.database.scratch.place import abandoned, claim
from cutover.evidence.examination import NotProven

_HOST, _PLACE = "cutover.scratch.host", "cutover.scratch.place"  # labels: on which machine, and the directory that is locked while its run lives


@contextlib.contextmanager
def postgres(image: str, major: int, seconds: float) -> Iterator[str]:
    """A running server; gives its superuser's DSN. Raises `NotProven` without testcontainers, an engine, or the image, in one sentence."""
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # read when testcontainers is imported
    try:
        from testcontainers.community.postgres import PostgresContainer
        from testcontainers.core.config import testcontainers_config
    except ImportError:
        raise NotProven("a scratch container needs the Python package testcontainers: install it, or use another kind of scratch server") from None
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.max_tries = max(1, round(seconds / testcontainers_config.sleep_time))
    with _engine_answers() as engine, claim() as place:
        _sweep(engine)
        made = PostgresContainer(_tagged(image, major), username="postgres", password=secrets.token_urlsafe(18), dbname="postgres", driver=None)
        made.with_kwargs(labels={_HOST: socket.gethostname(), _PLACE: str(place.directory)})
        with _started(made) as running:
            yield make_conninfo(host=running.get_container_host_ip(), port=int(running.get_exposed_port(5432)), user=running.username,
                                password=running.password, dbname=running.dbname)


def refuse_without_engine() -> None:
    """Raises `NotProven`, in less than a second, where no Docker engine answers."""
    with _engine_answers():
        pass


@contextlib.contextmanager
def _engine_answers() -> Iterator[Any]:
    import docker

    try:
        engine = docker.from_env(timeout=5)
        engine.ping()
    except (docker.errors.DockerException, OSError):
        raise NotProven("no Docker engine answers (DOCKER_HOST, or /var/run/docker.sock), so there is no scratch container: start one, or use "
                        "another kind of scratch server") from None
    with contextlib.closing(engine):
        yield engine


@contextlib.contextmanager
def _started(made: Any) -> Iterator[Any]:
    try:
        made.start()
    except Exception as error:  # docker, requests and testcontainers each raise their own
        made.stop()
        raise NotProven(f"the container of the image {made.image} did not come up: {type(error).__name__}: {_first(error)}") from None
    try:
        yield made
    finally:
        made.stop()


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["it said nothing"])[0][:200]


def _tagged(image: str, major: int) -> str:
    return image if ":" in image.rsplit("/", 1)[-1] else f"{image}:{major}"


def _sweep(engine: Any) -> None:
    """Remove containers of runs on this machine that were killed: nobody holds the lock in their place any more."""
    for left in engine.containers.list(all=True, filters={"label": f"{_HOST}={socket.gethostname()}"}):
        place = Path(left.labels.get(_PLACE, ""))
        if not place.exists() or abandoned(place):
            with contextlib.suppress(Exception):  # another run sweeps too
                left.remove(force=True, v=True)
