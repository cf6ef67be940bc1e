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

from cutover.evidence import Ledger, Redactor
from cutover.load.alarm import alarmed
from cutover.load.book import Book
from cutover.load.brief import Stock
from cutover.load.ground import stocked
from cutover.load.journey import Known
from cutover.load.log import BlockReader
from cutover.load.samples import Ending

BATCH = 60
"""So many things of a kind are entered in the ledger at once."""
WORDS = {
    Ending.REFUSED: "refused",
    Ending.NO_ANSWER: "no answer",
    Ending.WRONG: "a wrong answer",
    Ending.NOT_SENT: "not sent: too many were waiting",
}
log = logging.getLogger("cutover")


class Page:
    """`stock` is what was entered in the ledger to be made.

    `usual_seconds` (on production) sets the alarm that ends a load which does harm.
    """

    def __init__(
        self,
        environment: Environment,
        ledger: Ledger,
        redactor: Redactor,
        known: tuple[Known, ...],
        usual_seconds: float | None,
    ) -> None:
        self._environment, self._ledger, self._known, self._usual_seconds = (
            environment,
            ledger,
            known,
            usual_seconds,
        )
        self.book, self.stock, self._reader = Book(ledger, redactor), Stock(), BlockReader()
        self._begun = 0.0
        self._events = cast(Any, environment.events)  # locust has no types for them
        self._events.test_start.add_listener(self._begin)

    def more(self, kind: str) -> Stock:
        """Enter further things of a kind: nobody knows how long a person goes on."""
        new = stocked(
            self._ledger, {kind: max(BATCH, 3 * len(self._known))}, self._known, self._ledger.run
        )
        self.stock.patients.extend(new.patients)
        self.stock.visits.extend(new.visits)
        self.stock.documents.extend(new.documents)
        return new

    def show(self, operation: str, took: float, ending: Ending, _trouble: str) -> None:
        """A request.

        Its trouble has ids in it, so that each would get a line of its own on the page: it is told
        apart (`take`).
        """
        if ending is not Ending.CUT:
            wrong = RuntimeError(WORDS[ending]) if ending in WORDS else None
            self._events.request.fire(
                request_type="",
                name=operation,
                response_time=took * 1000,
                response_length=0,
                exception=wrong,
                context={},
            )

    def take(self, written: bytes) -> None:
        """A block of the log: into the book, with its troubles told."""
        for block in self._reader.feed(written):
            self.book.take(block)
            for operation in {operation for operation, _ in block.head.troubles}:
                log.warning("%s", self.book.troubles[operation][-1])
        if self._usual_seconds is not None:
            self._watch(self._usual_seconds)

    def _begin(self, **_: Any) -> None:
        self._begun = time.time()

    def _watch(self, usual_seconds: float) -> None:
        runner, samples = self._environment.runner, self.book.samples
        if runner is None or runner.state not in (STATE_RUNNING, STATE_SPAWNING):
            return
        if why := alarmed(samples[samples["due"] >= self._begun], time.time(), usual_seconds):
            log.error("stopped for safety: %s", why)
            gevent.spawn(runner.quit if self._environment.web_ui is None else runner.stop)
