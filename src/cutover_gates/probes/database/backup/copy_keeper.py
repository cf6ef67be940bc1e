"""The process that restores a backup and keeps the copy until the gate is over.

It is a process of its own, because the checks that use the copy may run in several processes of
which any may end before the others. It lives as long as somebody holds the lease of the gate, and
removes the copy then. `python -m` runs it; its request comes on standard input.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_files import InvalidBackup
from cutover_gates.probes.database.backup.backup_identity import identify_backup
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup, attempt_restore
from cutover_gates.probes.database.backup.copy_state import settle_copy
from cutover_gates.probes.database.backup.kept_copy import CopyShelf, KeeperRequest, KeptCopy
from cutover_gates.probes.database.scratch.scratch_directory import claim_directory
from cutover_gates.util.files import write_atomically
from cutover_gates.util.lease import depend_on_lease, is_lease_over
from cutover_gates.util.text import first_error_line

_POLL_SECONDS = 0.2
# Seconds for a restore to end once the gate is over. Then the process leaves, and its servers and
# programs, which watch it, end by themselves.
_END_SECONDS = 20.0


class LeaseWatch(threading.Thread):
    """A thread that watches the lease of a gate, and interrupts a restore once the gate is over."""

    def __init__(self, lease: Path) -> None:
        super().__init__(daemon=True, name="lease")
        self._lease, self._main = lease, threading.main_thread().ident
        self._is_kept, self._is_over = threading.Event(), threading.Event()

    def wait(self) -> None:
        """Wait for the end of the gate; from now on nothing is interrupted."""
        self._is_kept.set()
        self._is_over.wait()

    def run(self) -> None:
        """Look at the lease from time to time."""
        while not is_lease_over(self._lease):
            time.sleep(_POLL_SECONDS)
        self._is_over.set()
        if not self._is_kept.is_set() and self._main is not None:
            # A signal and not a flag: the thread may wait for a program.
            signal.pthread_kill(self._main, signal.SIGINT)
        time.sleep(_END_SECONDS)
        os._exit(1)


def main() -> int:
    """Restore and keep. The exit status is 0 where there was a copy to keep."""
    request: KeeperRequest = pickle.load(sys.stdin.buffer)
    lease = request.context.lease
    assert lease is not None  # without one nothing is kept
    shelf = CopyShelf(request.folder, request.key)
    with depend_on_lease(lease):
        watch = LeaseWatch(lease)
        watch.start()
        try:
            keep_copy(request, shelf, watch)
        except KeyboardInterrupt:  # the gate ended while the backup was being restored
            return 1
        except (InvalidBackup, NotProven, SettingsError) as error:
            shelf.record_failure(error)
            return 1
        except Exception as error:  # any error: the checks that wait get it
            line = f"{type(error).__name__}: {first_error_line(error)}"
            shelf.record_failure(gap_error(rules.COPY_KEPT, str(request.backup), line))
            return 1
    return 0


def keep_copy(request: KeeperRequest, shelf: CopyShelf, watch: LeaseWatch) -> None:
    """Restore the backup, write the copy down, and keep it to the end of the gate.

    Raise `InvalidBackup`, `SettingsError` and `NotProven`.
    """
    context = replace(request.context, report_progress=_progress_writer(shelf.progress))
    with claim_directory() as place, attempt_restore(context, request.backup) as copy:
        _require_same_file(request)
        state = _read_state(copy)
        shelf.keep(KeptCopy(copy, request.sha256, request.check, state, place.path))
        os.close(request.lock)  # others need not wait any more
        watch.wait()


def _read_state(copy: RestoredBackup) -> str:
    # A copy that is not used (see `errors`) may even lack its catalog.
    return "" if copy.unavailable else settle_copy(copy.dsn)


def _require_same_file(request: KeeperRequest) -> None:
    """Raise `NotProven` where the backup was written while it was being restored."""
    try:
        is_same = identify_backup(request.backup) == request.key
    except OSError:
        is_same = False
    if not is_same:
        reason = "it was written to or replaced while it was being restored"
        raise gap_error(rules.COPY_KEPT, str(request.backup), reason)


def _progress_writer(path: Path) -> Callable[[str], None]:
    def write(line: str) -> None:
        write_atomically(path, line)

    return write


if __name__ == "__main__":
    sys.exit(main())
