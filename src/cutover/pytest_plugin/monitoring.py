"""The fixtures behind `smoke/monitoring`: what watches the target, and whether its signals arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cutover.evidence import Ledger, NotProven, Recorder, Redactor
from cutover.evidence.examination import examinations_to
from cutover.hospital import Credentials, Role, Session
from cutover.pytest_plugin.run import Run
from cutover.settings import Monitoring, Settings
from cutover.synthetic import People
from cutover.targets import Standing
from cutover.targets.connecting import open_hospital
from cutover.targets.surroundings import monitoring_of

if TYPE_CHECKING:
    from cutover.drivers import Ledgered
    from cutover.pytest_plugin.deeds import DeedsAtTheTarget
    from cutover.telemetry.signals.alerts import Alerts
    from cutover.telemetry.signals.dashboards import Dashboards
    from cutover.telemetry.signals.logs import Logs
    from cutover.telemetry.signals.metrics import Metrics
    from cutover.telemetry.signals.prometheus import Prometheus
    from cutover.telemetry.signals.service import Service
    from cutover.telemetry.signals.stores import Store


@pytest.fixture(scope="session")
def watching(settings: Settings, standing: Standing) -> Monitoring:
    """What watches this target, as its settings have it and as it announced itself."""
    return monitoring_of(settings, standing)


@pytest.fixture
def deeds(
    settings: Settings,
    standing: Standing,
    recorder: Recorder,
    redactor: Redactor,
    run_tag: str,
    ledger: Ledger,
    hospital: Ledgered,
    sessions: Callable[[Role], Session],
    accounts: Callable[[Role], Credentials],
    people: People,
) -> Iterator[DeedsAtTheTarget]:
    """What the run does at the target so that something moves.

    `hospital` goes later than this, and retires what was made.
    """
    from cutover.drivers import Ledgered
    from cutover.pytest_plugin.deeds import DeedsAtTheTarget, Noting

    assert hospital is not None
    noting = Noting(recorder)
    opened = open_hospital(settings, standing, noting, run_tag)
    own = Ledgered(opened, ledger, production=standing.production, run_tag=run_tag)
    yield DeedsAtTheTarget(own, noting, sessions, accounts, people, redactor)
    close = getattr(
        opened, "close", None
    )  # no word of the language: a driver of somebody's own may have none
    if close is not None:
        close()


@pytest.fixture
def prometheus(watching: Monitoring, settings: Settings, redactor: Redactor) -> Prometheus | None:
    """The Prometheus that scrapes the target; None where none is declared."""
    from cutover.telemetry.signals.prometheus import Prometheus

    service = _service(
        watching.prometheus, watching.token_file, watching.ca_file, settings, redactor
    )
    return Prometheus(service) if service else None


@pytest.fixture
def metrics(
    watching: Monitoring,
    prometheus: Prometheus | None,
    deeds: DeedsAtTheTarget,
    standing: Standing,
    run: Run,
    recorder: Recorder,
    peace: Callable[[], None],
) -> Metrics:
    """Whether Prometheus sees the target, and whether its metrics move.

    In `peace`: an instance that dies begins to count anew.
    """
    from cutover.telemetry.signals.metrics import Metrics

    assert peace is not None
    return Metrics(
        watching,
        prometheus,
        lambda times: deeds.search(times).sent,
        standing.name,
        alone=not run.worker,
        record=examinations_to(recorder),
    )


@pytest.fixture
def alerts(
    watching: Monitoring,
    prometheus: Prometheus | None,
    deeds: DeedsAtTheTarget,
    standing: Standing,
    settings: Settings,
    redactor: Redactor,
    recorder: Recorder,
    peace: Callable[[], None],
) -> Alerts:
    """The alerts of the plan's rollback triggers, and the way of one of them.

    In `peace`: an instance that dies is a trigger's own business.
    """
    from cutover.telemetry.signals.alertmanager import Alertmanager
    from cutover.telemetry.signals.alerts import Alerts

    assert peace is not None
    service = _service(
        watching.alerts.alertmanager, watching.token_file, watching.ca_file, settings, redactor
    )
    return Alerts(
        watching,
        prometheus,
        Alertmanager(service) if service else None,
        lambda times: deeds.search(times).sent,
        standing.name,
        record=examinations_to(recorder),
    )


@pytest.fixture
def log_store(
    watching: Monitoring, standing: Standing, settings: Settings, redactor: Redactor
) -> Store | None:
    """Where the target's log is; None where nobody says so."""
    from cutover.telemetry.signals.logs import store_of

    try:
        return store_of(watching.logs, standing.log, resolve=settings.path, redactor=redactor)
    except NotProven:
        return None


@pytest.fixture
def logs(
    watching: Monitoring,
    log_store: Store | None,
    deeds: DeedsAtTheTarget,
    standing: Standing,
    redactor: Redactor,
    recorder: Recorder,
) -> Logs:
    """Whether the target's log arrives, complete and without what nobody may read there."""
    from cutover.telemetry.signals.logs import Logs

    restored = watching.logs.rolled_back.timestamp() if watching.logs.rolled_back else None
    if restored is None and standing.kind == "embedded":
        restored = 0.0  # its log begins with it, and at the gate `rollback` it begins restored
    return Logs(
        watching.logs,
        log_store,
        deeds,
        redactor,
        standing.name,
        restored,
        record=examinations_to(recorder),
    )


@pytest.fixture
def dashboards(
    watching: Monitoring,
    standing: Standing,
    settings: Settings,
    redactor: Redactor,
    recorder: Recorder,
) -> Dashboards:
    """The dashboards that the team watches."""
    from cutover.telemetry.signals.dashboards import Dashboards

    declared = watching.dashboards
    grafana = _service(declared.grafana, declared.token_file, declared.ca_file, settings, redactor)
    return Dashboards(declared, grafana, standing.name, record=examinations_to(recorder))


def _service(
    url: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    settings: Settings,
    redactor: Redactor,
) -> Service | None:
    from cutover.telemetry.signals.service import Service

    if not url:
        return None
    token, authority = (path and settings.path(path) for path in (token_file, ca_file))
    return Service(url, token_file=token, ca_file=authority, redactor=redactor)
