"""A scratch server in a container, by testcontainers.

The reaper of testcontainers is off, because it needs an image of its own. Leftovers of killed runs
are removed here.
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

from cutover_gates.core.findings import Finding, NotProven, gap_error
from cutover_gates.probes.database.scratch import rules
from cutover_gates.probes.database.scratch.scratch_directory import claim_directory, is_abandoned

# Label: the machine of the run.
_HOST_LABEL = "cutover.scratch.host"
# Label: the directory that is locked as long as the run lives.
_DIRECTORY_LABEL = "cutover.scratch.place"
_MAX_CHARACTERS = 200


class ContainersUnavailable(NotProven):
    """Containers cannot be used here: no engine answers, or a package is missing."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(gaps=(Finding(rules.CONTAINER_ENGINE, subject, "", reason),))


@contextlib.contextmanager
def run_postgres(image: str, major: int, seconds: float) -> Iterator[str]:
    """Run a server, and give its superuser's DSN.

    Raise `ContainersUnavailable` without testcontainers or an engine, `NotProven` without the
    image.
    """
    with (
        connect_engine(seconds) as labels,
        run_postgres_container(_add_tag(image, major), labels) as running,
    ):
        yield container_dsn(running)


@contextlib.contextmanager
def connect_engine(seconds: float) -> Iterator[dict[str, str]]:
    """Connect to the Docker engine, and give the labels that everything made on it must carry.

    Leftovers of killed runs are removed first. `seconds` bound the start of each container. Raise
    `ContainersUnavailable` without testcontainers or an engine.
    """
    # testcontainers reads it when it is imported.
    os.environ["TESTCONTAINERS_RYUK_DISABLED"] = "true"
    try:
        from testcontainers.core.config import testcontainers_config
    except ImportError:
        raise ContainersUnavailable(
            "testcontainers", "this Python package is not installed"
        ) from None
    testcontainers_config.ryuk_disabled = True
    testcontainers_config.max_tries = max(1, round(seconds / testcontainers_config.sleep_time))
    with _open_engine() as engine, claim_directory() as directory:
        _remove_leftovers(engine)
        yield {_HOST_LABEL: socket.gethostname(), _DIRECTORY_LABEL: str(directory.path)}


@contextlib.contextmanager
def run_postgres_container(image: str, labels: dict[str, str], **network: Any) -> Iterator[Any]:
    """Run PostgreSQL of `image` until the end of the block.

    `network` holds the network (for testcontainers' `with_network`), and its names there.
    """
    # Containers are an optional extra.
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
    """Return the superuser's DSN of a `run_postgres_container`, as this machine reaches it."""
    return make_conninfo(
        host=running.get_container_host_ip(),
        port=int(running.get_exposed_port(5432)),
        user=running.username,
        password=running.password,
        dbname=running.dbname,
    )


def require_engine() -> None:
    """Raise `ContainersUnavailable`, in less than a second, where no Docker engine answers."""
    with _open_engine():
        pass


@contextlib.contextmanager
def _open_engine() -> Iterator[Any]:
    # Containers are an optional extra.
    import docker

    try:
        engine = docker.from_env(timeout=5)
        engine.ping()
    except (docker.errors.DockerException, OSError):
        reason = "no engine answers (DOCKER_HOST, or /var/run/docker.sock)"
        raise ContainersUnavailable("Docker", reason) from None
    with contextlib.closing(engine):
        yield engine


@contextlib.contextmanager
def run_container(made: Any) -> Iterator[Any]:
    """Start the container `made`, and remove it at the end of the block.

    Raise `NotProven` with the reason where it does not start.
    """
    try:
        made.start()
    except Exception as error:  # docker, requests and testcontainers each raise their own
        made.stop()
        reason = f"its container did not start: {type(error).__name__}: {_first_line(error)}"
        raise gap_error(rules.CONTAINER_ENGINE, f"the image {made.image}", reason) from None
    try:
        yield made
    finally:
        made.stop()


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["it printed nothing"])[0][:_MAX_CHARACTERS]


def _add_tag(image: str, major: int) -> str:
    return image if ":" in image.rsplit("/", 1)[-1] else f"{image}:{major}"


def _remove_leftovers(engine: Any) -> None:
    """Remove containers and networks of killed runs of this machine: their lock is free."""
    ours = {"label": f"{_HOST_LABEL}={socket.gethostname()}"}
    for left in engine.containers.list(all=True, filters=ours):
        if _is_leftover(left.labels):
            with contextlib.suppress(Exception):  # another run removes them too
                left.remove(force=True, v=True)
    for network in engine.networks.list(filters=ours):
        if _is_leftover(network.attrs.get("Labels") or {}):
            with contextlib.suppress(Exception):
                network.remove()


def _is_leftover(labels: dict[str, str]) -> bool:
    """Return whether the run that made the thing with these labels is over."""
    directory = Path(labels.get(_DIRECTORY_LABEL, ""))
    return not directory.exists() or is_abandoned(directory)
