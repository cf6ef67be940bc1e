"""Evaluates the rollback triggers while a watcher runs, and orders a rollback where one fires."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.recorded_evaluations import format_evaluation
from cutover_gates.core.triggers.rollback_message import (
    RollbackNames,
    format_rollback_history,
    format_rollback_order,
)
from cutover_gates.core.triggers.trigger_conclusions import has_seen_new
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_state import UnusableState, dump_state, resume_machine
from cutover_gates.util.files import write_atomically
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_client import BoundedHttpClient
from cutover_gates.watch.kept_triggers import (
    HISTORY_FILE,
    ORDER_FILE,
    KeptTriggers,
    read_kept_triggers,
)
from cutover_gates.watch.order_delivery import OrderDelivery
from cutover_gates.watch.reading_sources import ReadingSource, SourceReader
from cutover_gates.watch.record_lines import CHANNEL, EVALUATION, FIRED, TRIGGERS, UNKNOWN
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.standing_order import find_raw_lines
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_feed import HealthProbe, TriggerFeed

LOWEST_REDIRECT = 300


@dataclass
class TriggerWatch:
    """The triggers of one watch. `ready_urls` are the ready paths by instance; empty: the balancer.

    `sources` deliver readings beside the feed of probes. `report` gets the order to roll back, and
    again when a watcher is started after it; `delivery` tells the channels, once for each trigger.
    `find_rollback` returns the rollback gate that followed an order of some moment, or ''.
    """

    settings: TriggerSettings
    feed: TriggerFeed
    writer: RecordWriter
    names: RollbackNames
    ready_urls: Mapping[str, str]
    tls: ssl.SSLContext | None
    report: Callable[[str], None]
    sources: tuple[ReadingSource, ...] = ()
    delivery: OrderDelivery | None = None
    find_rollback: Callable[[datetime], str] = lambda _: ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.machine = TriggerMachine(self.settings.limits)
        self.reader = SourceReader(self.sources, self.settings.evaluate_seconds, self._tell)
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Go on from the state of the watcher before, and evaluate from now on."""
        self._resume()
        for act in (self._keep_asking, self._keep_evaluating):
            thread = threading.Thread(target=act, daemon=True, name=f"watch{act.__name__}")
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """End both threads."""
        self._ended.set()
        for thread in self._threads:
            thread.join(self.settings.health_seconds + 5)
        if self.delivery:
            self.delivery.close()

    def to_plain(self) -> dict[str, Any]:
        """Return what the status file tells."""
        firings = [firing.key.text for firing in self.machine.firings]
        return {"fired": firings, "order": self._order() if firings else ""}

    # -- evaluations

    def _keep_evaluating(self) -> None:
        planned = self.writer.clock()
        try:
            while not self._ended.wait(max(0.0, planned - self.writer.clock())):
                self._evaluate()
                # What was missed is not made up for.
                planned = max(planned + self.settings.evaluate_seconds, self.writer.clock())
        except Exception as error:  # without evaluations no trigger fires: that must not be silent
            self.report(f"the triggers are no longer evaluated: {error!r}. Start the watcher again")
            raise

    def _evaluate(self) -> None:
        probes = self.feed.evaluate(self.writer.clock(), self.settings.evaluate_seconds)
        evaluation = self.reader.add_readings(probes)
        fired = self.machine.evaluate(evaluation)
        self.writer.write(EVALUATION, evaluation=format_evaluation(evaluation))
        self._save_state()
        if fired:
            self._give_order(fired)

    def _tell(self, about: str, reason: str) -> None:
        """Write why something is unknown from now on; without a reason it is known again."""
        self.writer.write(UNKNOWN, about=about, reason=reason)

    def _give_order(self, fired: Sequence[Firing]) -> None:
        order = self._order()
        self.writer.write(FIRED, durable=True, firings=self.to_plain()["fired"], order=order)
        write_atomically(self.writer.folder / ORDER_FILE, order)
        self.report(order)
        before = {firing.key.trigger for firing in self.machine.firings if firing not in fired}
        # One message for each trigger: who got ten for ten instances reads none of them.
        if self.delivery and any(firing.key.trigger not in before for firing in fired):
            self.delivery.tell(order)

    def _order(self) -> str:
        return format_rollback_order(
            self.machine.firings,
            self.started,
            self.names,
            new_was_seen=has_seen_new(self.machine),
        )

    # -- the state of the watcher before

    def _save_state(self) -> None:
        limits, state = self.settings.model_dump(mode="json"), dump_state(self.machine)
        release, now = self.feed.release, self.writer.clock()
        KeptTriggers(release, now, self.started, state, limits).write(self.writer.folder)

    def _resume(self) -> None:
        kept, why = self._find_kept()
        unwatched = self.writer.clock() - kept.at if kept else 0.0
        if kept:
            self.machine = resume_machine(kept.state, self.settings.limits, unwatched)
            self.started = kept.started
        self.writer.write(
            TRIGGERS,
            durable=True,
            resumes=kept.evaluations if kept else None,
            unwatched=unwatched,
            limits=self.settings.model_dump(mode="json"),
            why=why,
        )
        if self.machine.firings:
            self._repeat_order()

    def _repeat_order(self) -> None:
        """Say an order again; the channels get it where a killed watcher did not come to that."""
        order = self._order()
        write_atomically(self.writer.folder / ORDER_FILE, order)
        self.report(order)
        if self.delivery and not any(find_raw_lines(self.writer.folder, CHANNEL)):
            self.delivery.tell(order)

    def _find_kept(self) -> tuple[KeptTriggers | None, str]:
        """Return the state to go on from; None where it begins anew, with the reason."""
        try:
            kept = read_kept_triggers(self.writer.folder)
            last = kept.find_last_firing() if kept else None
        except UnusableState as error:
            self.report(f"the triggers begin anew, because {error}")
            return None, str(error)
        if kept is None or kept.release != self.feed.release:
            return None, "" if kept is None else f"the state is that of release {kept.release}"
        rollback = self.find_rollback(last) if last else ""
        if not rollback:
            return kept, ""
        self._tell_history(kept, rollback)
        return None, f"what fired before was followed: {rollback}"

    def _tell_history(self, kept: KeptTriggers, rollback: str) -> None:
        """Tell what fired as history, and let it order nothing any more."""
        history = format_rollback_history(kept.list_firings(), kept.started, rollback)
        write_atomically(self.writer.folder / HISTORY_FILE, history)
        (self.writer.folder / ORDER_FILE).unlink(missing_ok=True)
        self.report(f"{history}The triggers begin anew.")

    # -- health

    def _keep_asking(self) -> None:
        clients = {
            name: BoundedHttpClient(self.settings.health_seconds, tls=self.tls)
            for name in self.ready_urls
        }
        planned = self.writer.clock()
        with ThreadPoolExecutor(max(1, len(clients)), thread_name_prefix="ready") as threads:
            while not self._ended.wait(max(0.0, planned - self.writer.clock())):
                for name, client in clients.items():
                    threads.submit(self._ask, name, client, planned)
                planned += self.settings.health_seconds
                planned = max(planned, self.writer.clock() - self.settings.health_seconds)

    def _ask(self, name: str, client: BoundedHttpClient, planned: float) -> None:
        started = self.writer.clock()
        try:
            is_ready = client.get(self.ready_urls[name]).status < LOWEST_REDIRECT
        except SourceUnavailable:
            is_ready = False
        span = Span(started, self.writer.clock())
        self.feed.add_health(HealthProbe(name, planned, span, is_ready))
