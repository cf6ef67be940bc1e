"""`cutover-gates watch`: watches a target from before Phase 1 to the end of the cutover."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from cutover_gates.cli.interactive_target import open_target
from cutover_gates.config.base import SettingsError
from cutover_gates.config.loader import load_settings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import MappingError, ProtocolViolation, Rejected, Unsupported
from cutover_gates.plugin.exit_status import ExitStatus
from cutover_gates.targets.embedded import TargetDidNotStart
from cutover_gates.util.terminal_output import print_text
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.session_keeper import NoSession
from cutover_gates.watch.watcher import Watcher

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


def run_watch(
    target: Annotated[str | None, typer.Option(help="The target to watch.")] = None,
    release: Annotated[str | None, typer.Option(help="The release of this cutover.")] = None,
    config: Annotated[Path | None, typer.Option(help="The settings file.")] = None,
    seconds: Annotated[
        float, typer.Option(help="Seconds to watch. Default: until SIGTERM or Ctrl-C.")
    ] = inf,
) -> None:
    """Watch a target until SIGTERM or Ctrl-C. Exit status: 0 ended in order, 4 nothing was watched.

    It judges nothing: the gates read its record.
    """
    redactor = Redactor()
    try:
        settings = load_settings(config, Path.cwd(), target=target, release=release)
        with open_target(settings, redactor) as running:
            watcher = Watcher(settings, running, redactor, _report)
            with _stop_on_signal(watcher):
                watcher.run(seconds)
    except MISTAKES as error:
        print_text(f"NOTHING WATCHED: {redactor.redact_text(first_error_line(error))}", sys.stderr)
        raise typer.Exit(ExitStatus.NOT_JUDGED) from None


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


SIGNALS = (signal.SIGTERM, signal.SIGINT)
