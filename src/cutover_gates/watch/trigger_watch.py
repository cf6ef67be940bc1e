"""Evaluates the rollback triggers while a watcher runs, and orders a rollback where one fires."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.recorded_evaluations import format_evaluation
from cutover_gates.core.triggers.rollback_message import RollbackNames, format_rollback_order
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_state import UnusableState, dump_state, resume_machine
from cutover_gates.util.files import write_atomically
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_client import BoundedHttpClient
from cutover_gates.watch.reading_sources import ReadingSource, SourceReader
from cutover_gates.watch.record_lines import EVALUATION, FIRED, UNKNOWN
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.time_spans import Span
from cutover_gates.watch.trigger_feed import HealthProbe, TriggerFeed

STATE_FILE = "triggers.json"
ORDER_FILE = "ROLL-BACK-NOW.txt"
LOWEST_REDIRECT = 300


@dataclass
class TriggerWatch:
    """The triggers of one watch. `ready_urls` are the ready paths by instance; empty: the balancer.

    `sources` deliver readings beside the feed of probes. `report` gets the order to roll back, and
    again when a watcher is started after it.
    """

    settings: TriggerSettings
    feed: TriggerFeed
    writer: RecordWriter
    names: RollbackNames
    ready_urls: Mapping[str, str]
    tls: ssl.SSLContext | None
    report: Callable[[str], None]
    sources: tuple[ReadingSource, ...] = ()
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
            self._give_order()

    def _tell(self, about: str, reason: str) -> None:
        """Write why something is unknown from now on; without a reason it is known again."""
        self.writer.write(UNKNOWN, about=about, reason=reason)

    def _give_order(self) -> None:
        self.writer.write(FIRED, durable=True, firings=self.to_plain()["fired"])
        write_atomically(self.writer.folder / ORDER_FILE, self._order())
        self.report(self._order())

    def _order(self) -> str:
        return format_rollback_order(self.machine.firings, self.started, self.names)

    # -- the state of the watcher before

    def _save_state(self) -> None:
        state = {
            "release": self.feed.release,
            "at": self.writer.clock(),
            "started": self.started.isoformat(),
            "state": dump_state(self.machine),
        }
        write_atomically(self.writer.folder / STATE_FILE, json.dumps(state, default=str))

    def _resume(self) -> None:
        path = self.writer.folder / STATE_FILE
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["release"] != self.feed.release:
                return
            unwatched = self.writer.clock() - kept["at"]
            self.machine = resume_machine(kept["state"], self.settings.limits, unwatched)
            self.started = datetime.fromisoformat(kept["started"])
        except FileNotFoundError:
            return
        except (UnusableState, ValueError, KeyError, TypeError) as error:
            self.report(f"{path}: the triggers begin anew, because {error}")
            return
        if self.machine.firings:
            self.report(self._order())

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


def read_order(folder: Path) -> str:
    """Return the order to roll back that a watcher left in the folder; empty where it left none."""
    path = folder / ORDER_FILE
    return path.read_text(encoding="utf-8") if path.is_file() else ""
