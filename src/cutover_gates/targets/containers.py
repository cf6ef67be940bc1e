"""A target in containers: the backend's image and its own PostgreSQL, on their own network.

All of them are removed at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.container import Container
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.scratch import scratch_container
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.readiness_wait import wait_for_answer
from cutover_gates.targets.running_target import RunningTarget, describe_remote

ALIAS = "database"
"""The host name of PostgreSQL on the network of the backend."""


@contextmanager
def run_containers(settings: Settings) -> Iterator[RunningTarget]:
    """Run the target, and yield it when it is ready.

    Raises `SettingsError` within a second where no engine answers, and `TargetDidNotStart` for an
    image that cannot be loaded or does not become ready in time.
    """
    container = settings.chosen_target.container
    # The accounts are read first, so that a missing password is reported before anything starts.
    described = describe_remote(settings)
    try:
        with (
            scratch_container.connect_engine(container.start_seconds) as labels,
            _network(labels) as network,
            scratch_container.run_postgres_container(
                container.postgres, labels, network=network, alias=ALIAS
            ) as database,
            _backend(container, labels, network, database) as backend,
        ):
            url = f"http://{backend.get_container_host_ip()}:{backend.get_exposed_port(container.port)}"
            _wait_until_ready(url + container.ready_path, backend, container.start_seconds)
            # A backend may keep its rows elsewhere, and its settings say so: nothing is read then.
            is_read = "database" not in settings.chosen_target.absent_capabilities
            dsn = scratch_container.container_dsn(database) if is_read else None
            yield replace(described, url=url, database=dsn)
    except scratch_container.ContainersUnavailable as error:
        raise SettingsError(
            f"target {settings.target!r}: {error.reason}. Start it, or judge a target that runs"
            ' elsewhere (kind = "remote")'
        ) from None
    except NotProven as error:
        raise TargetDidNotStart(f"target {settings.target!r}: {error.reason}") from None


@contextmanager
def _network(labels: dict[str, str]) -> Iterator[Any]:
    from testcontainers.core.network import Network

    with Network(docker_network_kw={"labels": labels}) as network:
        yield network


@contextmanager
def _backend(
    container: Container, labels: dict[str, str], network: Any, database: Any
) -> Iterator[Any]:
    """Run the backend's container, which is perhaps not ready."""
    from testcontainers.core.container import DockerContainer

    where = {
        "host": ALIAS,
        "port": 5432,
        "user": database.username,
        "password": database.password,
        "name": database.dbname,
    }
    made = (
        DockerContainer(container.image or "")
        .with_kwargs(labels=labels)
        .with_exposed_ports(container.port)
        .with_network(network)
    )
    for variable, text in container.environment.items():
        made.with_env(variable, text.format(**where))
    with scratch_container.run_container(made) as running:
        yield running


def _wait_until_ready(address: str, backend: Any, seconds: float) -> None:
    """Return when `address` answers with a success.

    Raises `TargetDidNotStart` with the last answer and the end of the backend's log.
    """

    def require_running() -> None:
        backend.reload()
        if backend.status != "running":
            raise TargetDidNotStart(
                f"the backend's container ended before it was ready{_log_tail(backend)}"
            )

    if problem := wait_for_answer(address, seconds, require_running):
        raise TargetDidNotStart(
            f"the backend was not ready within {seconds:.0f} s: {address} answered"
            f" {problem}{_log_tail(backend)}"
        )


def _log_tail(backend: Any) -> str:
    """Return the end of its log. It is about no patient: no check has run yet."""
    output, errors = backend.get_logs()
    lines = (output + errors).decode(errors="replace").strip().splitlines()[-3:]
    said = " | ".join(line.strip() for line in lines)
    return f". It said: {said}" if said else ". It said nothing"
