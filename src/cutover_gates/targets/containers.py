"""A target in containers: the backend's image, and a PostgreSQL of its own beside it, on a network
of their own. Both are gone at the end.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.container import Container
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.scratch import scratch_container
from cutover_gates.targets import RunningTarget, running_target
from cutover_gates.targets.embedded import TargetDidNotStart

ALIAS = "database"
"""The name by which the backend finds its PostgreSQL."""
PAUSE = 0.2
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@contextmanager
def run_containers(settings: Settings) -> Iterator[RunningTarget]:
    """The target, ready to be asked, until the block ends.

    Raises `SettingsError` within a second where no engine answers, and `DidNotStart` for an image
    that cannot be had or does not come up in time.
    """
    asked = settings.chosen_target.container
    given = running_target.describe_remote(settings)  # its accounts, before anything is started
    try:
        with (
            scratch_container.connect_engine(asked.start_seconds) as labels,
            _network(labels) as network,
            scratch_container.run_postgres_container(
                asked.postgres, labels, network=network, alias=ALIAS
            ) as database,
            _backend(asked, labels, network, database) as backend,
        ):
            url = f"http://{backend.get_container_host_ip()}:{backend.get_exposed_port(asked.port)}"
            _wait_until_ready(url + asked.ready_path, backend, asked.start_seconds)
            yield replace(given, url=url, database=scratch_container.container_dsn(database))
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
    asked: Container, labels: dict[str, str], network: Any, database: Any
) -> Iterator[Any]:
    """The backend's container, started and perhaps not ready."""
    from testcontainers.core.container import DockerContainer

    where = {
        "host": ALIAS,
        "port": 5432,
        "user": database.username,
        "password": database.password,
        "name": database.dbname,
    }
    made = (
        DockerContainer(asked.image or "")
        .with_kwargs(labels=labels)
        .with_exposed_ports(asked.port)
        .with_network(network)
    )
    for variable, text in asked.environment.items():
        made.with_env(variable, text.format(**where))
    with scratch_container.run_container(made) as running:
        yield running


def _wait_until_ready(address: str, backend: Any, seconds: float) -> None:
    """Return when `address` answers well.

    Raises `DidNotStart` with what came last, and with the backend's own last words.
    """
    deadline, came = time.monotonic() + seconds, "nothing was asked"
    while time.monotonic() < deadline:
        backend.reload()
        if backend.status != "running":
            raise TargetDidNotStart(
                f"the backend's container ended before it was ready{_log_tail(backend)}"
            )
        came = _readiness_problem(address)
        if not came:
            return
        time.sleep(PAUSE)  # between two looks at a condition
    raise TargetDidNotStart(
        f"the backend was not ready within {seconds:.0f} s: {address} said"
        f" {came}{_log_tail(backend)}"
    )


def _readiness_problem(address: str) -> str:
    """Why it is not ready yet; empty when it is."""
    try:
        with _OPENER.open(address, timeout=2):
            return ""
    except urllib.error.HTTPError as refused:
        return f"HTTP {refused.code}"
    except (OSError, ValueError) as error:  # ValueError: what answers speaks no HTTP
        return f"{type(error).__name__}: {error}"


def _log_tail(backend: Any) -> str:
    """The end of its log: ours, and about nobody yet."""
    output, errors = backend.get_logs()
    lines = (output + errors).decode(errors="replace").strip().splitlines()[-3:]
    said = " | ".join(line.strip() for line in lines)
    return f". It said: {said}" if said else ". It said nothing"
