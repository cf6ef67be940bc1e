"""A load by hand on locust's page: every request, counted from when it was due, and its results.

This module imports locust.
"""

from __future__ import annotations

import logging
import time
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.load.journeys import KnownPatient
from cutover_gates.probes.load.load_results import LoadResults
from cutover_gates.probes.load.request_outcomes import FAILURE_TEXTS, RequestOutcome
from cutover_gates.probes.load.safety_stop import find_safety_stop
from cutover_gates.probes.load.sample_log import BlockReader
from cutover_gates.probes.load.worker_config import PlannedRecords
from cutover_gates.probes.load.workload import enter_planned_records

RECORD_BATCH = 60
"""Records of a kind that are entered in the ledger at once."""
log = logging.getLogger("cutover")


class LocustUi:
    """The page, and the results of the load.

    `planned_records` are the records in the ledger that may be created. Samples name `operations`
    by index. `usual_seconds`, on production, sets the safety stop.
    """

    def __init__(
        self,
        environment: Environment,
        ledger: Ledger,
        redactor: Redactor,
        known: tuple[KnownPatient, ...],
        operations: tuple[str, ...],
        usual_seconds: float | None,
    ) -> None:
        self._operations = operations
        self._environment, self._ledger, self._known, self._usual_seconds = (
            environment,
            ledger,
            known,
            usual_seconds,
        )
        self.results, self.planned_records, self._reader = (
            LoadResults(ledger, redactor),
            PlannedRecords(),
            BlockReader(),
        )
        self._begun = 0.0
        self._events = cast(Any, environment.events)  # locust has no types for them
        self._events.test_start.add_listener(self._record_start)

    def enter_more_records(self, kind: str) -> PlannedRecords:
        """Enter further records of a kind: nobody knows how long the load lasts."""
        new = enter_planned_records(
            self._ledger,
            {kind: max(RECORD_BATCH, 3 * len(self._known))},
            self._known,
            self._ledger.run,
        )
        self.planned_records.patients.extend(new.patients)
        self.planned_records.visits.extend(new.visits)
        self.planned_records.documents.extend(new.documents)
        return new

    def fire_request(
        self, operation: str, took: float, outcome: RequestOutcome, _failure: str
    ) -> None:
        """Show a request on the page.

        Failures hold ids, so each would get a line of its own on the page: `add_block` logs them.
        """
        if outcome is not RequestOutcome.UNFINISHED:
            wrong = RuntimeError(FAILURE_TEXTS[outcome]) if outcome in FAILURE_TEXTS else None
            self._events.request.fire(
                request_type="",
                name=operation,
                response_time=took * 1000,
                response_length=0,
                exception=wrong,
                context={},
            )

    def add_block(self, written: bytes) -> None:
        """Add a block of the log to the results, and log its failures."""
        for block in self._reader.feed(written):
            self.results.add(block)
            for operation in {operation for operation, _ in block.header.troubles}:
                log.warning("%s", self.results.failure_messages[operation][-1])
        if self._usual_seconds is not None:
            self._check_safety(self._usual_seconds)

    def _record_start(self, **_: Any) -> None:
        self._begun = time.time()

    def _check_safety(self, usual_seconds: float) -> None:
        runner, samples = self._environment.runner, self.results.samples
        if runner is None or runner.state not in (STATE_RUNNING, STATE_SPAWNING):
            return
        if why := find_safety_stop(
            samples[samples["due"] >= self._begun], time.time(), usual_seconds, self._operations
        ):
            log.error("stopped for safety: %s", why)
            gevent.spawn(runner.quit if self._environment.web_ui is None else runner.stop)
