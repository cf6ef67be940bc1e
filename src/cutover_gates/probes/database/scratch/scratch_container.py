"""A scratch server in a container, by testcontainers.

Its reaper is off: it is an image of its own, and we sweep by ourselves.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from psycopg.conninfo import make_conninfo

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.scratch.scratch_directory import claim_directory, is_abandoned

_HOST_LABEL, _DIRECTORY_LABEL = (
    "cutover.scratch.host",
    "cutover.scratch.place",
)  # labels: on which machine, and the directory that is locked while its run lives
_ALTERNATIVE = "use another kind of scratch server"


@contextlib.contextmanager
def run_postgres(image: str, major: int, seconds: float) -> Iterator[str]:
    """A running server; gives its superuser's DSN.

    Raises `NotProven` without testcontainers, an engine, or the image, in one sentence.
    """
    with (
        connect_engine(seconds) as labels,
        run_postgres_container(_add_tag(image, major), labels) as running,
    ):
        yield container_dsn(running)


@contextlib.contextmanager
def connect_engine(seconds: float, otherwise: str = _ALTERNATIVE) -> Iterator[dict[str, str]]:
    """A Docker engine that answers, swept of what killed runs left there; gives the labels that
    everything made on it must carry.

    `seconds` bound the start of each container. Raises `NotProven` without testcontainers or an
    engine; `otherwise` says what to do then.
    """
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"  # read when testcontainers is imported
    try:
        from testcontainers.core.config import testcontainers_config
    except ImportError:
        raise NotProven(
            f"containers need the Python package testcontainers: install it, or {otherwise}"
        ) from None
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.max_tries = max(1, round(seconds / testcontainers_config.sleep_time))
    with _open_engine(otherwise) as answering, claim_directory() as place:
        _remove_leftovers(answering)
        yield {_HOST_LABEL: socket.gethostname(), _DIRECTORY_LABEL: str(place.path)}


@contextlib.contextmanager
def run_postgres_container(image: str, labels: dict[str, str], **network: Any) -> Iterator[Any]:
    """PostgreSQL of `image`, up and answering; `network` is where it stands (testcontainers'
    `with_network`), and under which names.
    """
    from testcontainers.community.postgres import PostgresContainer

    made = PostgresContainer(
        image,
        username="postgres",
        password=secrets.token_urlsafe(18),
        dbname="postgres",
        driver=None,
    )
    made.with_kwargs(labels=labels)
    if network:
        made.with_network(network["network"]).with_network_aliases(network["alias"])
    with run_container(made) as running:
        yield running


def container_dsn(running: Any) -> str:
    """The superuser's DSN of a `run_postgres_container`, as this machine reaches it."""
    return make_conninfo(
        host=running.get_container_host_ip(),
        port=int(running.get_exposed_port(5432)),
        user=running.username,
        password=running.password,
        dbname=running.dbname,
    )


def require_engine() -> None:
    """Raises `NotProven`, in less than a second, where no Docker engine answers."""
    with _open_engine():
        pass


@contextlib.contextmanager
def _open_engine(otherwise: str = _ALTERNATIVE) -> Iterator[Any]:
    import docker

    try:
        engine = docker.from_env(timeout=5)
        engine.ping()
    except (docker.errors.DockerException, OSError):
        raise NotProven(
            "no Docker engine answers (DOCKER_HOST, or /var/run/docker.sock): start one, or"
            f" {otherwise}"
        ) from None
    with contextlib.closing(engine):
        yield engine


@contextlib.contextmanager
def run_container(made: Any) -> Iterator[Any]:
    """`made`, running; gone at the end.

    Raises `NotProven` with the reason where it does not come up.
    """
    try:
        made.start()
    except Exception as error:  # docker, requests and testcontainers each raise their own
        made.stop()
        raise NotProven(
            f"the container of the image {made.image} did not come up: {type(error).__name__}:"
            f" {_first_line(error)}"
        ) from None
    try:
        yield made
    finally:
        made.stop()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["it said nothing"])[0][:200]


def _add_tag(image: str, major: int) -> str:
    return image if ":" in image.rsplit("/", 1)[-1] else f"{image}:{major}"


def _remove_leftovers(engine: Any) -> None:
    """Remove containers and networks of runs on this machine that were killed: nobody holds the
    lock in their place any more.
    """
    ours = {"label": f"{_HOST_LABEL}={socket.gethostname()}"}
    for left in engine.containers.list(all=True, filters=ours):
        if _is_leftover(left.labels):
            with contextlib.suppress(Exception):  # another run sweeps too
                left.remove(force=True, v=True)
    for network in engine.networks.list(filters=ours):
        if _is_leftover(network.attrs.get("Labels") or {}):
            with contextlib.suppress(Exception):
                network.remove()


def _is_leftover(labels: dict[str, str]) -> bool:
    """Whether the run that made the thing with these labels is over."""
    place = Path(labels.get(_DIRECTORY_LABEL, ""))
    return not place.exists() or is_abandoned(place)
