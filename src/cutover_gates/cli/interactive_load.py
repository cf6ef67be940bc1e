"""Load by hand, for `performance/locustfile.py`: the work, the target and the care of a gate's
load, at the pace of whoever sits at locust's page.

One of locust's users is a stream of people; ten of them are the rate of the settings. A response
time counts from when its request was due. What is made stands in a ledger of its own and is retired
at the end. Nothing is judged here, and locust rounds its percentiles: a verdict is a gate's.
"""

from __future__ import annotations

import sys

if "pytest" in sys.modules:
    raise ImportError(
        "performance/locustfile.py is for locust (`locust -f …`), which would make pytest's sockets"
        " its own; no gate needs it"
    )

# first of all: it makes this process gevent's, which must come before anything that opens a socket
import locust

# isort: split
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import LocalRunner

from cutover_gates.config.base import SettingsError
from cutover_gates.config.loader import load_settings
from cutover_gates.config.performance import Performance
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import MappingError, ProtocolViolation, Rejected, Unsupported
from cutover_gates.probes.load import workload
from cutover_gates.probes.load.config_builder import (
    STREAMS_PER_PROCESS,
    build_worker_config,
    check_production_limits,
    choose_document_type,
    close_unused_entries,
)
from cutover_gates.probes.load.load_worker import ArrivalStream, LoadWorker
from cutover_gates.probes.load.locust_ui import LocustUi
from cutover_gates.probes.load.safety_stop import usual_response_seconds
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import PlannedRecords
from cutover_gates.targets import RunningTarget, containers, embedded, running_target
from cutover_gates.targets.cleanup_scope import open_with_cleanup
from cutover_gates.targets.driver_factory import load_unsupported_operations, mapping_of

BLOCK_SECONDS = 0.5
DRAIN_SECONDS = 3.0
"""For those who are still here when the person has had enough."""
IDLE_SECONDS = 10**9
EXPECTED_ERRORS = (
    SettingsError,
    MappingError,
    Rejected,
    ProtocolViolation,
    Unsupported,
    embedded.TargetDidNotStart,
)
log = logging.getLogger("cutover")


class InteractiveUser(ArrivalStream):
    """One of locust's users: a stream of people.

    There are never more of them than the cap allows, and on production they come one by one.
    """

    max_users: int | None = None
    _user_count = 0

    def on_start(self) -> None:
        self._is_counted = self.max_users is None or InteractiveUser._user_count < self.max_users
        if not self._is_counted:
            log.warning(
                "no more than %d users are let in: performance.max_rate is the cap", self.max_users
            )
            gevent.sleep(IDLE_SECONDS)  # to end the user would be an error on locust's page
        InteractiveUser._user_count += 1
        if self.worker.config.production:
            gevent.sleep(
                InteractiveUser._user_count
                * self.worker.config.ramp_seconds
                / self.worker.config.streams
            )
        super().on_start()

    def on_stop(self) -> None:
        InteractiveUser._user_count -= self._is_counted


def prepare_locust(suite: Path) -> None:
    """Have locust open the house before anybody comes, and close it at the end.

    `suite` is the folder of the journeys, beside the settings.
    """
    events = cast(Any, locust.events)  # it has no types for them
    events.init.add_listener(lambda environment, **_: _handle_init(environment, suite))


def _handle_init(environment: Environment, suite: Path) -> None:
    if not isinstance(environment.runner, LocalRunner):
        sys.exit(
            "by hand one process makes the load; more of them, and more machines, are for a gate:"
            " performance.processes, performance.workers"
        )
    logging.getLogger("httpx").setLevel(
        logging.WARNING
    )  # it would tell of each request that is made before and after the load
    stack, events = ExitStack(), cast(Any, environment.events)
    events.quitting.add_listener(lambda **_: stack.close())
    try:
        stack.enter_context(_open_worker(environment, suite))
    except EXPECTED_ERRORS as mistake:
        sys.exit(str(mistake))


@contextmanager
def _open_worker(environment: Environment, suite: Path) -> Iterator[None]:
    """A hospital that is ready for people."""
    settings = load_settings(None, suite.parent)
    performance, tag = (
        settings.chosen_target.performance,
        f"hand{datetime.now(UTC):%y%m%d%H%M}{secrets.token_hex(2)}",
    )
    work = workload.build_workload(
        performance, suite / "journeys.py", load_unsupported_operations(settings)
    )
    redactor = Redactor()
    with (
        _open_target(settings, suite.parent, redactor) as standing,
        _open_ledger(settings, tag) as ledger,
    ):
        check_production_limits(performance, standing)
        with open_with_cleanup(settings, standing, ledger, redactor) as (hospital, sessions):
            known = workload.create_patients(
                hospital,
                sessions,
                workload.count_required_patients(performance, work),
                tag,
                choose_document_type(settings.chosen_target.limits),
            )
            brief = build_worker_config(
                settings.chosen_target,
                standing,
                mapping_of(settings),
                tag,
                work,
                known,
                PlannedRecords(),
            )
            page = LocustUi(
                environment,
                ledger,
                redactor,
                known,
                usual_response_seconds(performance) if standing.production else None,
            )
            scribe = SampleWriter(work.operations, 0, page.add_block, page.fire_request)
            house = LoadWorker(
                replace(brief, streams=STREAMS_PER_PROCESS), scribe, page.enter_more_records
            )
            house.sign_in()
            _configure_users(house, standing, performance, ledger)
            writing = gevent.spawn(_write_blocks, scribe)
            try:
                yield
            finally:
                writing.kill()
                _close_worker(environment, house, scribe)
                close_unused_entries(ledger, page.planned_records, page.results.requested_entries)


def _configure_users(
    house: LoadWorker, standing: RunningTarget, performance: Performance, ledger: Ledger
) -> None:
    rate, cap = performance.intended_rate, performance.max_rate
    InteractiveUser.worker, InteractiveUser.host, InteractiveUser.max_users = (
        house,
        standing.url,
        int(STREAMS_PER_PROCESS * cap / rate) if cap else None,
    )
    log.info(
        "%s at %s: one user is a stream of people who make %g requests a second; %d users are the"
        " rate of the settings, %g a second",
        standing.name,
        standing.url,
        rate / STREAMS_PER_PROCESS,
        STREAMS_PER_PROCESS,
        rate,
    )
    log.info(
        "what is made stands in %s and is retired at the end; nothing is judged here", ledger.path
    )


def _write_blocks(scribe: SampleWriter) -> None:
    while True:
        gevent.sleep(BLOCK_SECONDS)
        scribe.write_block()


def _close_worker(environment: Environment, house: LoadWorker, scribe: SampleWriter) -> None:
    """Nobody comes any more, those who are here go, and what became of their work is written down."""
    assert environment.runner
    environment.runner.stop()
    house.close()
    ends = time.monotonic() + DRAIN_SECONDS
    while house.is_busy and time.monotonic() < ends:
        gevent.sleep(0.05)
    scribe.write_block(ended=True)


@contextmanager
def _open_target(settings: Settings, root: Path, redactor: Redactor) -> Iterator[RunningTarget]:
    """The target: an embedded hospital is started, and stopped at the end."""
    with ExitStack() as stack:
        if settings.chosen_target.kind == "embedded":
            hospital = embedded.start_embedded_target(settings, root)
            stack.callback(hospital.stop)
            standing = hospital.standing
        elif settings.chosen_target.kind == "containers":
            standing = stack.enter_context(containers.run_containers(settings))
        else:
            standing = running_target.describe_remote(settings)
        for name, value in standing.secrets().items():
            redactor.learn(name, value)
        yield standing


@contextmanager
def _open_ledger(settings: Settings, tag: str) -> Iterator[Ledger]:
    """A ledger among those of the target: the next gate sweeps what a load that was killed has
    left.
    """
    ledger = Ledger(
        settings.resolve_path(settings.reports).parent
        / "ledgers"
        / settings.target
        / f"{tag}.jsonl",
        tag,
        settings.target,
    )
    try:
        yield ledger
    finally:
        left = ledger.remaining_records() if settings.chosen_target.kind == "remote" else []
        if left:
            log.warning(
                "%d things are still on %s: the next gate, or `pytest --sweep`, retires them",
                len(left),
                settings.target,
            )
        ledger.close()
