"""Load by hand, as locust's page shows it: every request, counted from when it was due; and the
book that is kept meanwhile. Imports locust.
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
from cutover_gates.probes.load.model import RequestOutcome
from cutover_gates.probes.load.safety_stop import find_safety_stop
from cutover_gates.probes.load.sample_log import BlockReader
from cutover_gates.probes.load.worker_config import PlannedRecords
from cutover_gates.probes.load.workload import enter_planned_records

RECORD_BATCH = 60
"""So many things of a kind are entered in the ledger at once."""
OUTCOME_TEXTS = {
    RequestOutcome.REJECTED: "refused",
    RequestOutcome.NO_ANSWER: "no answer",
    RequestOutcome.INVALID_ANSWER: "a wrong answer",
    RequestOutcome.NOT_SENT: "not sent: too many were waiting",
}
log = logging.getLogger("cutover")


class LocustUi:
    """`planned_records` is what was entered in the ledger to be made.

    `usual_seconds` (on production) sets the alarm that ends a load which does harm.
    """

    def __init__(
        self,
        environment: Environment,
        ledger: Ledger,
        redactor: Redactor,
        known: tuple[KnownPatient, ...],
        usual_seconds: float | None,
    ) -> None:
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
        """Enter further things of a kind: nobody knows how long a person goes on."""
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
        self, operation: str, took: float, ending: RequestOutcome, _trouble: str
    ) -> None:
        """A request.

        Its trouble has ids in it, so that each would get a line of its own on the page: it is told
        apart (`add_block`).
        """
        if ending is not RequestOutcome.UNFINISHED:
            wrong = RuntimeError(OUTCOME_TEXTS[ending]) if ending in OUTCOME_TEXTS else None
            self._events.request.fire(
                request_type="",
                name=operation,
                response_time=took * 1000,
                response_length=0,
                exception=wrong,
                context={},
            )

    def add_block(self, written: bytes) -> None:
        """A block of the log: into the book, with its troubles told."""
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
            samples[samples["due"] >= self._begun], time.time(), usual_seconds
        ):
            log.error("stopped for safety: %s", why)
            gevent.spawn(runner.quit if self._environment.web_ui is None else runner.stop)
