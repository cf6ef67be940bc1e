"""What happens to the backup, or to its restored copy, while a gate runs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

from cutover_gates.probes.database.backup import rules as backup_rules
from tests.faults.data.backups import AtNoonFault
from tests.faults.data.data_environment import DataEnvironment

SECONDS = 120.0
"""Seconds for which the harm waits for its moment."""
_COPY = "SELECT datname FROM pg_database WHERE starts_with(datname, 'cutover_scratch_')"


class _DuringTheGate(AtNoonFault):
    """A harm that a thread does while the gate runs."""

    outcome = "not proven"

    def harm(self, ground: DataEnvironment) -> None:
        threading.Thread(target=self._wait_and_harm, args=(ground,), daemon=True).start()

    def _wait_and_harm(self, ground: DataEnvironment) -> None:
        ends = time.monotonic() + SECONDS
        with suppress(psycopg.Error, OSError, psutil.Error):
            while time.monotonic() < ends and not self.meanwhile(ground):
                time.sleep(0.01)

    def meanwhile(self, ground: DataEnvironment) -> bool:
        """Do the harm where its moment has come, and return whether it is done."""
        raise NotImplementedError


class TheBackupIsWrittenWhileItIsRestored(_DuringTheGate):
    """The job of the next backup runs over the last one: the copy may be half of each."""

    breaks = (backup_rules.COPY_KEPT,)
    shows = "while it was being restored"

    def meanwhile(self, ground: DataEnvironment) -> bool:
        names = _list_copies(ground)
        if names:
            ground.backup.touch()
        return bool(names)


class SomebodyWritesToTheRestoredCopy(_DuringTheGate):
    """A program that knows the scratch server tidies up: the copy lacks a row that is in the backup."""

    breaks = (backup_rules.COPY_UNCHANGED,)
    shows = "wrote to the restored copy"

    def meanwhile(self, ground: DataEnvironment) -> bool:
        is_restored = any("place" in record for record in _read_records(ground))
        for name in _list_copies(ground) if is_restored else ():
            with psycopg.connect(make_conninfo(ground.scratch, dbname=name)) as connection:
                connection.execute(
                    "DELETE FROM audit_entries WHERE id = (SELECT min(id) FROM audit_entries)"
                )
        return is_restored


class TheRestoredCopyIsKilledEachTime(_DuringTheGate):
    """The machine has no memory for it. Nobody may go on with half a copy, or try for ever."""

    breaks = (backup_rules.COPY_KEPT,)
    shows = "ended from outside each time"
    killed: ClassVar[set[int]] = set()

    def meanwhile(self, ground: DataEnvironment) -> bool:
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or [])
            if "backup.copy_keeper" in words and _is_of(process, ground):
                process.kill()
                self.killed.add(process.pid)
        return len(self.killed) >= 2


def _list_copies(ground: DataEnvironment) -> list[str]:
    with psycopg.connect(ground.scratch) as connection:
        return [name for (name,) in connection.execute(_COPY)]


def _read_records(ground: DataEnvironment) -> Iterator[dict[str, Any]]:
    for path in ground.folder.rglob("database/restored-copies/*.json"):
        yield json.loads(path.read_text(encoding="utf-8"))


def _is_of(process: psutil.Process, ground: DataEnvironment) -> bool:
    with suppress(psutil.Error):
        return any(file.path.startswith(str(ground.folder)) for file in process.open_files())
    return False
