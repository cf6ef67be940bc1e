"""The watcher: drivers, sessions and records around the loop of probes, until it has to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import inf

from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.request_pace import RequestPace
from cutover_gates.hospital import ProtocolViolation, Rejected, Role
from cutover_gates.targets.driver_factory import infrastructure_of, rollout_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.declared_sources import ProbeHearers
from cutover_gates.watch.durable_journal import DurableJournal
from cutover_gates.watch.extra_probes import StepFill
from cutover_gates.watch.own_records import create_own_records
from cutover_gates.watch.probe_baseline import FOLDER
from cutover_gates.watch.probe_context import AnswerHeaders, ProbeContext
from cutover_gates.watch.probe_loop import ArrivalPlan, ProbeLoop
from cutover_gates.watch.probe_outcomes import ProbeRunner
from cutover_gates.watch.probe_paths import register_once
from cutover_gates.watch.probe_results import WatchStatus
from cutover_gates.watch.read_back_run import describe_read_back, run_read_back
from cutover_gates.watch.record_reader import record_folder
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.session_keeper import NoSession, SessionKeeper
from cutover_gates.watch.source_opener import SourceOpener
from cutover_gates.watch.step_marks import MarkFollower, ReadBack
from cutover_gates.watch.trigger_feed import TriggerFeed
from cutover_gates.watch.trigger_setup import make_trigger_watch
from cutover_gates.watch.watch_plan import WatchPlan
from cutover_gates.watch.watch_scope import (
    WatchWay,
    create_watch_tag,
    hold_watch_folder,
    is_resumed,
    open_streams,
    open_watch_ledger,
)

STATUS_SECONDS = 1.0
RETRY_SECONDS = 2.0
TARGET_ERRORS = (Rejected, ProtocolViolation, NoSession)
ENDING_SECONDS = 20.0
"""Seconds for reading the writes again at the end: who stops a watcher does not wait for long."""
ROLES = (Role.REGISTRAR, Role.CLINICIAN)


@dataclass
class Watcher:
    """One process that watches a target. `report` gets a line for the person at the terminal.

    `read_back` reads the acknowledged writes again, after each step that is marked. With
    `for_baseline` it records the response times of before the cutover, and judges no trigger.
    """

    settings: Settings
    target: RunningTarget
    redactor: Redactor
    report: Callable[[str], None]
    read_back: ReadBack
    for_baseline: bool = False

    def __post_init__(self) -> None:
        self.table = self.settings.chosen_target.watch
        self.tag, self.clock = create_watch_tag(), SteadyClock()
        self.plan = WatchPlan(self.settings, self.target)
        self.ended = threading.Event()
        self.status = WatchStatus()

    def stop(self) -> None:
        """Have the watcher end in order."""
        self.ended.set()

    def run(self, seconds: float = inf) -> None:
        """Watch for so many seconds, or until `stop`. Raises as settings, drivers and files do."""
        with ExitStack() as stack:
            folder = record_folder(self.settings) / (FOLDER if self.for_baseline else "")
            stack.enter_context(hold_watch_folder(folder))
            writer = RecordWriter(folder, self.plan.describe(self.tag), self.clock)
            stack.callback(writer.close)
            ledger = stack.enter_context(
                open_watch_ledger(self.settings, self.target, self.redactor, self.tag)
            )
            context = self._prepare_patiently(stack, writer, ledger)
            runner = ProbeRunner(context, self.clock, self.redactor, self.plan.late_seconds)
            feed, asked = TriggerFeed(self.target.release), frozenset(self.plan.intervals)
            opener = SourceOpener(self.settings, self.target, writer, asked, self.report)
            sources = opener.open_for_baseline() if self.for_baseline else opener.open()
            read = sources.list_all()
            self.triggers = make_trigger_watch(
                self.settings, self.target, feed, writer, self.report, self.redactor, read
            )
            fill = StepFill(
                self.plan.fill_settings,
                self.target.release,
                lambda: bool(self.triggers.machine.firings),
            )
            hearers = ProbeHearers(self.status, feed, sources, fill)
            plan = ArrivalPlan(self.plan.intervals)
            loop = ProbeLoop(
                plan,
                runner,
                writer,
                hearers.add_result,
                hearers.add_own_gap,
                self.ended,
                fill.take_due,
            )
            if not self.for_baseline:
                self.triggers.start()
                stack.callback(self.triggers.close)
                follower = MarkFollower(folder, self.read_back, self.report, fill.add_head)
                follower.start()
                stack.callback(follower.close)
            stack.enter_context(self._keep_status(writer))
            self.report(f"watching {self.target.name} at {self.target.url}: {folder}")
            loop.run(self.clock() + seconds)
            if self.for_baseline:
                sources.record_baseline(self.clock())
            else:
                self._read_back()

    def _describe_status(self, state: str) -> dict[str, object]:
        return {"state": state, "triggers": self.triggers.to_plain(), **self.status.to_plain()}

    def _read_back(self) -> None:
        """Read the acknowledged writes again, while they are still there."""
        found = run_read_back(self.settings, self.target, self.redactor, ENDING_SECONDS)
        self.report(describe_read_back(found))

    def _prepare_patiently(
        self, stack: ExitStack, writer: RecordWriter, ledger: Ledger
    ) -> ProbeContext:
        """Prepare. A watcher that goes on after another tries until the target can be asked.

        The first one raises at once: then it is the settings that are wrong. The time until it
        begins is not watched.
        """
        while True:
            with ExitStack() as attempt:
                try:
                    prepared = self._prepare(attempt, writer, ledger)
                    stack.push(attempt.pop_all())
                    return prepared
                except TARGET_ERRORS as error:
                    if self.ended.is_set() or not is_resumed(writer):
                        raise
                    self.report(f"not watching yet: {first_error_line(error)}")
            self.ended.wait(RETRY_SECONDS)

    def _prepare(self, stack: ExitStack, writer: RecordWriter, ledger: Ledger) -> ProbeContext:
        """Sign in, and create what the probes work on."""
        balancer = infrastructure_of(self.settings, self.target).balancer
        limits = self.settings.chosen_target.limits
        headers = AnswerHeaders(limits.release_header, balancer.instance_header)
        journal = DurableJournal(writer)
        pin = rollout_of(self.settings, self.target).make_pin_headers(self.target.release)
        way = WatchWay(self.settings, self.target, self.redactor, headers, ledger, journal)
        driver = way.open()
        keeper = SessionKeeper(
            driver, self.target.users, ROLES, self.redactor, lambda: headers.last.release
        )
        keeper.start()
        stack.callback(keeper.close)
        at_a_time = 2 + int(self.table.timeout_seconds / self.table.paths.write)
        records = create_own_records(self.settings, driver, keeper.session, self.tag, at_a_time)
        streams = open_streams(self.settings, self.target, driver, keeper, writer)
        if streams is not None:
            stack.callback(streams.close)
        context = ProbeContext(
            driver,
            way.open(fresh=True),
            way.open(pace=RequestPace(self.table.slow_seconds)),
            keeper,
            self.target.users,
            records,
            driver.sign_in(self.target.users[Role.REGISTRAR]),
            headers,
            self.plan.unsupported,
            streams,
            way.open(more_headers=pin) if pin else None,
        )
        if "register" not in self.plan.unsupported:
            register_once(context)
        return context

    @contextmanager
    def _keep_status(self, writer: RecordWriter) -> Iterator[None]:
        """Write the status file every second while the block runs, and once at its end."""
        done = threading.Event()

        def write_status() -> None:
            while not done.wait(STATUS_SECONDS):
                writer.write_status(self._describe_status("watching"))
                writer.sync()

        thread = threading.Thread(target=write_status, daemon=True, name="watch-status")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            writer.write_status(self._describe_status("ended"))
            self.report(self.status.describe())
