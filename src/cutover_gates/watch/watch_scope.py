"""The scope of a watcher: its tag, its folder, and the ledger of what it creates."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.file_lock import lock_file
from cutover_gates.targets.cleanup_scope import retire_ledgers
from cutover_gates.targets.driver_factory import (
    open_driver,
)
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.target_binding import open_ledger
from cutover_gates.watch.read_back_run import ledger_folder

LOCK_FILE = "watcher.lock"


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
