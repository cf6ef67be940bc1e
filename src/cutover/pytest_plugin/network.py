"""The fixtures behind the way to a target in `smoke/infrastructure`: certificates, names, the load
balancer, Redis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

from cutover.evidence import NotProven, Recorder, Redactor
from cutover.evidence.examination import examinations_to
from cutover.pytest_plugin.run import Run
from cutover.settings import Infrastructure, Monitoring, Settings
from cutover.targets import Standing
from cutover.targets.connecting import declared_unsupported
from cutover.targets.surroundings import infrastructure_of

if TYPE_CHECKING:
    from cutover.telemetry.network import Balancer, Context, Dns, Redis, Tls
    from cutover.telemetry.signals.stores import Store

FRONT = ("instance", "proxy")
"""What an embedded target brings along on the way to it, by the names under which it says that
something is absent.
"""


@pytest.fixture(scope="session")
def infrastructure(settings: Settings, standing: Standing) -> Infrastructure:
    """What stands around the target, as it is declared."""
    return infrastructure_of(settings, standing)


@pytest.fixture(scope="session")
def way(settings: Settings, standing: Standing, recorder: Recorder) -> Context:
    """Whose way it is, and where its examinations are left."""
    try:
        from cutover.telemetry.network import Context
    except ImportError as missing:
        raise NotProven(
            f"{missing.name} is not installed: install this project with its extra `surroundings`"
        ) from None
    absent = standing.surroundings.get("absent", {})
    lacking = tuple(absent[part] for part in FRONT if part in absent)
    return Context(
        settings.target, declared_unsupported(settings), lacking, examinations_to(recorder)
    )


@pytest.fixture
def peace(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], None]]:
    """No other process of this run makes a backend die while the check runs.

    `peace()`: from now on nobody else looks at them, either.
    """
    from cutover.telemetry.network.peace import peace

    base = tmp_path_factory.getbasetemp()
    with peace((base.parent if run.worker else base) / "peace.lock") as alone:
        yield alone


@pytest.fixture
def tls(
    way: Context, infrastructure: Infrastructure, settings: Settings, standing: Standing
) -> Tls:
    """Whether certificates are trusted, right and lasting, and nothing weaker is spoken."""
    from cutover.telemetry.network import Tls

    declared = infrastructure.tls
    return Tls(
        declared, standing.url, way, settings.path(declared.ca_file) if declared.ca_file else None
    )


@pytest.fixture
def dns(way: Context, infrastructure: Infrastructure) -> Dns:
    """Where names lead, whoever is asked."""
    from cutover.telemetry.network import Dns

    return Dns(infrastructure.dns, way)


@pytest.fixture
def balancer(
    way: Context,
    infrastructure: Infrastructure,
    settings: Settings,
    standing: Standing,
    watching: Monitoring,
    log_store: Store | None,
    run_tag: str,
    peace: Callable[[], None],
) -> Balancer:
    """Whether the load balancer reaches every backend, drops a dead one, and says who asks."""
    from cutover.telemetry.network import Balancer

    declared, numbers = infrastructure.balancer, count()
    ca_file, field = declared.ca_file or infrastructure.tls.ca_file, declared.client_field or ""
    logged = (
        (lambda marker: [{field: line.field(field)} for line in log_store.find(marker)])
        if log_store
        else None
    )
    return Balancer(
        declared,
        standing.url,
        way,
        production=standing.production,
        ca_file=settings.path(ca_file) if ca_file else None,
        logged=logged,
        log_seconds=watching.logs.seconds,
        marker=lambda: f"{run_tag}-balancer-{next(numbers)}",
        alone=peace,
    )


@pytest.fixture
def redis(
    way: Context, infrastructure: Infrastructure, settings: Settings, redactor: Redactor
) -> Redis:
    """Whether the target's Redis is as declared, has room, and keeps what it is given."""
    from cutover.telemetry.network import Redis

    declared = infrastructure.redis
    password = settings.secret(
        declared, "password", f"targets.{settings.target}.infrastructure.redis"
    )
    return Redis(
        declared,
        way,
        password=password,
        ca_file=settings.path(declared.ca_file) if declared.ca_file else None,
        redactor=redactor,
    )
