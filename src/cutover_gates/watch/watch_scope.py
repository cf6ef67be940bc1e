"""The scope of a watcher: its tag, its folder, its ledger, and its way to the target."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.file_lock import lock_file
from cutover_gates.drivers.ledger_driver import LedgerDriver
from cutover_gates.drivers.request_pace import RequestPace
from cutover_gates.hospital import Driver, Role
from cutover_gates.targets.cleanup_scope import retire_ledgers
from cutover_gates.targets.driver_factory import (
    open_driver,
)
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import open_ledger
from cutover_gates.watch.durable_journal import DurableJournal, DurableJournalDriver
from cutover_gates.watch.held_streams import HeldStreams, make_address, require_stream_library
from cutover_gates.watch.probe_context import AnswerHeaders
from cutover_gates.watch.read_back_run import ledger_folder
from cutover_gates.watch.record_reader import read_record
from cutover_gates.watch.record_writer import RecordWriter
from cutover_gates.watch.session_keeper import SessionKeeper
from cutover_gates.watch.step_marks import LOCK_FILE


def create_watch_tag() -> str:
    """Return the tag of everything that this watcher creates on the target."""
    return f"w{datetime.now(UTC):%y%m%d%H%M%S}{secrets.token_hex(2)}"


@contextmanager
def hold_watch_folder(folder: Path) -> Iterator[None]:
    """Hold the folder for this process. Raises `SettingsError` where another watcher has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as lock:
        try:
            lock_file(lock, wait=False)
        except BlockingIOError:
            raise SettingsError(
                f"another watcher writes to {folder}: stop it, or give this one another"
                " watch.folder"
            ) from None
        yield


def open_streams(
    settings: Settings,
    target: RunningTarget,
    driver: Driver,
    keeper: SessionKeeper,
    writer: RecordWriter,
) -> HeldStreams | None:
    """Return the declared streams, which begin to open; None where none is declared.

    Raises `SettingsError` where what speaks them is not installed.
    """
    table = settings.chosen_target.watch.stream
    if table.path is None:
        return None
    require_stream_library(table.kind)
    address = make_address(
        target.url,
        table,
        lambda: driver.features.session_header(keeper.session(Role.REGISTRAR)),
    )
    streams = HeldStreams(address, writer)
    streams.start()
    return streams


def is_resumed(writer: RecordWriter) -> bool:
    """Return whether another process has watched into the folder before."""
    return bool(read_record(writer.folder).watched)


@contextmanager
def open_watch_ledger(
    settings: Settings, target: RunningTarget, redactor: Redactor, tag: str
) -> Iterator[Ledger]:
    """Yield the ledger. At the end what was created is retired, where it would stay."""
    ledger = open_ledger(ledger_folder(settings) / f"{tag}.jsonl", tag, settings, target, redactor)
    try:
        yield ledger
    finally:
        if not target.is_ephemeral:
            plain = open_driver(settings, target, Recorder(redactor, cap=1), tag)
            retire_ledgers(plain, target, redactor, [ledger])
        ledger.close()


@dataclass(frozen=True)
class WatchWay:
    """The way of the probes to the target: every driver has the same ledger and journal."""

    settings: Settings
    target: RunningTarget
    redactor: Redactor
    headers: AnswerHeaders
    ledger: Ledger
    journal: DurableJournal

    def open(
        self,
        *,
        fresh: bool = False,
        pace: RequestPace | None = None,
        more_headers: Mapping[str, str] | None = None,
    ) -> Driver:
        """Return a driver whose breaker never opens: a watcher asks also when nobody answers."""
        seconds = self.settings.chosen_target.watch.timeout_seconds
        inner = open_driver(
            self.settings,
            self.target,
            Recorder(self.redactor, cap=1),
            self.ledger.run,
            self.headers.observe,
            fresh=fresh,
            patience=inf,
            deadline=seconds + (pace.seconds if pace else 0),
            asks_again=True,
            pace=pace,
            more_headers=more_headers,
        )
        production, tag = self.target.production, self.ledger.run
        entered = LedgerDriver(inner, self.ledger, production=production, run_tag=tag)
        return DurableJournalDriver(entered, self.journal)
