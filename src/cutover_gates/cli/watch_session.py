"""Do what `cutover-gates watch` was asked for: watch, read back, or list what a restore loses."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer

from cutover_gates.cli.interactive_target import open_target
from cutover_gates.config.base import SettingsError
from cutover_gates.config.loader import load_settings
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import MappingError, ProtocolViolation, Rejected, Unsupported
from cutover_gates.plugin.exit_status import ExitStatus
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.terminal_output import print_text
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.journal_reader import describe_loss, find_loss_of_restore
from cutover_gates.watch.read_back_run import (
    READ_BACK_SECONDS,
    describe_read_back,
    run_read_back,
)
from cutover_gates.watch.record_reader import read_record, record_folder
from cutover_gates.watch.session_keeper import NoSession
from cutover_gates.watch.step_marks import ReadBack, is_watched, read_in_child, write_mark
from cutover_gates.watch.time_spans import format_moment
from cutover_gates.watch.watcher import Watcher

SIGNALS = (signal.SIGTERM, signal.SIGINT)
MISTAKES = (
    SettingsError,
    MappingError,
    Rejected,
    ProtocolViolation,
    Unsupported,
    NoSession,
    TargetDidNotStart,
    OSError,
)


@dataclass(frozen=True)
class WatchCall:
    """What the command line asked for. `seconds` may be infinite."""

    target: str | None
    release: str | None
    config: Path | None
    seconds: float
    read_back: bool
    mark: str | None
    restore: datetime | None
    baseline: float | None = None


def perform_watch(call: WatchCall) -> None:
    """Do what was asked for. Raise `typer.Exit` with the status."""
    redactor = Redactor()
    try:
        settings = load_settings(call.config, Path.cwd(), target=call.target, release=call.release)
        if call.restore is not None:
            print_text(_describe_loss(settings, call.restore), sys.stdout)
            return
        if call.mark is not None:
            _mark_step(settings, call)
        with open_target(settings, redactor) as running:
            if call.read_back:
                _read_back(settings, running, redactor)
            read_back = _choose_read_back(call, settings, running, redactor)
            for_baseline = call.baseline is not None
            watcher = Watcher(settings, running, redactor, _report, read_back, for_baseline)
            with _stop_on_signal(watcher):
                watcher.run(call.seconds if call.baseline is None else call.baseline)
    except MISTAKES as error:
        print_text(f"NOTHING WATCHED: {redactor.redact_text(first_error_line(error))}", sys.stderr)
        raise typer.Exit(ExitStatus.NOT_JUDGED) from None


def _mark_step(settings: Settings, call: WatchCall) -> None:
    """Write down that a step ended. Ends the command, unless this process shall read back."""
    folder = record_folder(settings)
    watched = is_watched(folder)
    release = settings.release or settings.chosen_target.release
    if not release:
        raise SettingsError("--mark: name the release whose step it is, with --release")
    mark = write_mark(folder, settings.target, release, call.mark or "")
    print_text(f"step {mark.name} of {release} ended at {format_moment(mark.at)}", sys.stdout)
    if call.read_back:
        return
    if not watched:
        print_text(
            "no watcher runs that could read the writes after it: run"
            " `cutover-gates watch --read-back`",
            sys.stderr,
        )
    raise typer.Exit(ExitStatus.GO if watched else ExitStatus.NO_GO)


def _choose_read_back(
    call: WatchCall, settings: Settings, running: RunningTarget, redactor: Redactor
) -> ReadBack:
    """Return how the writes are read after a step: by a child process, where it finds the target.

    A hospital that this process started is known to this process only.
    """
    if running.is_ephemeral:
        return lambda: describe_read_back(run_read_back(settings, running, redactor))
    given = {"--target": call.target, "--release": call.release, "--config": call.config}
    options = [word for name, value in given.items() if value for word in (name, str(value))]
    program = [sys.executable, "-m", "cutover_gates.cli.main", "watch", "--read-back"]
    return read_in_child([*program, *options], READ_BACK_SECONDS)


def _read_back(settings: Settings, running: RunningTarget, redactor: Redactor) -> NoReturn:
    """Read the acknowledged writes again, and say what became of them."""
    found = run_read_back(settings, running, redactor)
    print_text(redactor.redact_text(describe_read_back(found)), sys.stdout)
    raise typer.Exit(ExitStatus.NO_GO if found.assessment.findings else ExitStatus.GO)


def _describe_loss(settings: Settings, moment: datetime) -> str:
    """Return what a restore of the state of this moment would lose, by kind and count."""
    since = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    record = read_record(record_folder(settings))
    return describe_loss(find_loss_of_restore(record.journal, since.timestamp()), record.problems)


def _report(text: str) -> None:
    print_text(text, sys.stderr)


@contextmanager
def _stop_on_signal(watcher: Watcher) -> Iterator[None]:
    """Have SIGTERM and Ctrl-C end the watcher in order."""
    kept = {one: signal.signal(one, lambda *_: watcher.stop()) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in kept.items():
            signal.signal(one, handler)
