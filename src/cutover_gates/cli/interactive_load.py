"""Load by hand, for `performance/locustfile.py`: a gate's load, at the pace of a person.

The work, the target and the clean-up are those of a gate. The person sits at locust's page. One of
locust's users is a stream of people; ten of them are the rate of the settings. A response time
counts from when its request was due. What is made stands in a ledger of its own, and is retired at
the end. Nothing is judged here, and locust rounds its percentiles: only a gate gives a verdict.
"""

from __future__ import annotations

import sys

if "pytest" in sys.modules:
    raise ImportError(
        "performance/locustfile.py is for locust (`locust -f …`), which replaces the sockets of its"
        " process. No gate needs it."
    )

# First of all: it makes the sockets of this process gevent's, before anything opens one.
import locust

# isort: split
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import LocalRunner

from cutover_gates.cli.interactive_target import (
    create_tag,
    load_interactive_settings,
    open_load_ledger,
    open_target,
)
from cutover_gates.cli.interactive_user import InteractiveUser, configure_users
from cutover_gates.config.base import SettingsError
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
from cutover_gates.probes.load.load_worker import LoadWorker
from cutover_gates.probes.load.locust_ui import LocustUi
from cutover_gates.probes.load.safety_stop import usual_response_seconds
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import PlannedRecords
from cutover_gates.targets import embedded
from cutover_gates.targets.cleanup_scope import open_with_cleanup
from cutover_gates.targets.driver_factory import load_unsupported_operations, mapping_of

BLOCK_SECONDS = 0.5
DRAIN_SECONDS = 3.0
"""Seconds for the requests that are under way when the person stops the load."""
__all__ = ["InteractiveUser", "prepare_locust"]  # performance/locustfile.py takes both from here
EXPECTED_ERRORS = (
    SettingsError,
    MappingError,
    Rejected,
    ProtocolViolation,
    Unsupported,
    embedded.TargetDidNotStart,
)


def prepare_locust(suite: Path) -> None:
    """Have locust prepare the target before the load, and clean up at the end.

    `suite` is the folder of the journeys, beside the settings.
    """
    events = cast(Any, locust.events)  # it has no types for them
    events.init.add_listener(lambda environment, **_: _handle_init(environment, suite))


def _handle_init(environment: Environment, suite: Path) -> None:
    if not isinstance(environment.runner, LocalRunner):
        sys.exit(
            "by hand one process makes the load. More processes, and more machines, are for a gate:"
            " performance.processes, performance.workers."
        )
    # httpx would print each request that is made before and after the load
    logging.getLogger("httpx").setLevel(logging.WARNING)
    stack, events = ExitStack(), cast(Any, environment.events)
    events.quitting.add_listener(lambda **_: stack.close())
    try:
        stack.enter_context(_open_worker(environment, suite))
    except EXPECTED_ERRORS as mistake:
        sys.exit(str(mistake))


@contextmanager
def _open_worker(environment: Environment, suite: Path) -> Iterator[None]:
    """Prepare target, records and worker; stop the worker and clean up at the end."""
    settings, tag, redactor = load_interactive_settings(suite), create_tag(), Redactor()
    performance = settings.chosen_target.performance
    unsupported = load_unsupported_operations(settings)
    work = workload.build_workload(performance, suite / "journeys.py", unsupported)
    with (
        open_target(settings, redactor) as target,
        open_load_ledger(settings, target, tag, redactor) as ledger,
    ):
        check_production_limits(performance, target)
        with open_with_cleanup(settings, target, ledger, redactor) as (hospital, sessions):
            patients = workload.create_patients(
                hospital,
                sessions,
                workload.count_required_patients(performance, work),
                tag,
                choose_document_type(settings.chosen_target.limits),
            )
            config = build_worker_config(
                settings.chosen_target,
                target,
                mapping_of(settings),
                tag,
                work,
                patients,
                PlannedRecords(),
            )
            usual_seconds = usual_response_seconds(performance) if target.production else None
            page = LocustUi(environment, ledger, redactor, patients, work.operations, usual_seconds)
            writer = SampleWriter(work.operations, 0, page.add_block, page.fire_request)
            worker = LoadWorker(
                replace(config, streams=STREAMS_PER_PROCESS), writer, page.enter_more_records
            )
            worker.sign_in()
            configure_users(worker, target, performance, ledger)
            try:
                with _writing_blocks(environment, worker, writer):
                    yield
            finally:
                close_unused_entries(ledger, page.planned_records, page.results.requested_entries)


@contextmanager
def _writing_blocks(
    environment: Environment, worker: LoadWorker, writer: SampleWriter
) -> Iterator[None]:
    """Write the samples every half second; at the end stop the load and write the last ones."""

    def write_blocks() -> None:
        while True:
            gevent.sleep(BLOCK_SECONDS)
            writer.write_block()

    writing = gevent.spawn(write_blocks)
    try:
        yield
    finally:
        writing.kill()
        _stop_worker(environment, worker)
        writer.write_block(ended=True)


def _stop_worker(environment: Environment, worker: LoadWorker) -> None:
    """Stop new requests, and wait for those that are under way."""
    assert environment.runner
    environment.runner.stop()
    worker.close()
    ends = time.monotonic() + DRAIN_SECONDS
    while worker.is_busy and time.monotonic() < ends:
        gevent.sleep(0.05)
