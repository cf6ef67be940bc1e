"""One restored copy of a backup for all checks of a gate, and clones of it for those that write.

with use_restored_copy(context, backup) as copy:        # to read
    psycopg.connect(copy.dsn)
with open_clones_of_backup(context, 2) as (one, other):  # to change (`copy_clones`)

The first check that asks starts a keeper (`copy_keeper`), which restores; all others wait for it,
also those of other processes. Where a context has no lease, there is no gate: then each block
restores for itself.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.file_lock import lock_file
from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    InvalidBackup,
    detect_backup,
    find_newest_backup,
)
from cutover_gates.probes.database.backup.backup_identity import (
    hash_backup,
    identify_backup,
    shared_folder,
)
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup, attempt_restore
from cutover_gates.probes.database.backup.copy_state import require_unchanged_copy
from cutover_gates.probes.database.backup.kept_copy import (
    CopyShelf,
    KeeperRequest,
    KeptCopy,
    try_lock,
)
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.subprocesses import start_child

RESTORE_SHARE = 3 / 4
"""Share of the remaining time that a restore may take: what compares the copy needs time, too."""
WAIT_SHARE = 1 / 3
"""Share of the remaining time for which a check waits that only looks something up in the copy."""
_MODULE = "cutover_gates.probes.database.backup.copy_keeper"
_MOST_STARTS = 2
_POLL_SECONDS = 0.1
# Kept so that none is collected while it runs. They end with the gate, and not with this process.
_KEEPERS: list[subprocess.Popen[bytes]] = []


@contextmanager
def use_restored_copy(
    context: DatabaseContext, backup: BackupFile, *, wait_share: float = 1.0
) -> Iterator[RestoredBackup]:
    """Give the copy of a backup to read, with whatever errors the restore had.

    `wait_share`: the share of the remaining time that may be waited for it. The restore goes on
    afterwards, for others. Raise `InvalidBackup` where the restore cannot even begin, and
    `NotProven`, also where somebody has written to the copy.
    """
    bounded = replace(context, budget=context.budget.take_share(wait_share))
    if context.lease is None:
        sha256 = hash_backup(context, backup)
        with attempt_restore(bounded, backup) as copy:
            yield replace(copy, sha256=sha256)
        return
    kept = _CopyRequest(context, bounded, backup).wait_for_copy()
    with _readers_lock(context).open("w") as lock:
        lock_file(lock, shared=True)
        _require_unchanged(kept)
        _record_use(context, kept)
        yield replace(kept.copy, sha256=kept.sha256)
        # Also afterwards: what was read must have been the backup.
        _require_unchanged(kept)


@contextmanager
def open_restored_backup(
    context: DatabaseContext, *, wait_share: float = WAIT_SHARE
) -> Iterator[RestoredBackup]:
    """Give the restored copy of the newest backup to read, which must restore without an error.

    Raise `NotProven` where there is none, it is damaged, or no scratch server is available.
    """
    try:
        backup = detect_backup(find_newest_backup(context))
        with use_restored_copy(context, backup, wait_share=wait_share) as copy:
            if copy.unavailable:
                reason = copy.unavailable[0]
                raise gap_error(rules.EXTENSIONS_AVAILABLE, str(copy.backup), reason)
            if copy.errors:
                raise gap_error(rules.RESTORES, str(copy.backup), copy.errors[0])
            yield copy
    except InvalidBackup as error:
        raise NotProven(gaps=(error.finding,)) from None


@contextmanager
def exclude_readers(context: DatabaseContext) -> Iterator[None]:
    """Keep others from the copy: PostgreSQL clones a database only while no session is on it.

    Raise `NotProven` where they are not done in time.
    """
    with _readers_lock(context).open("w") as file:
        while True:
            with suppress(BlockingIOError):
                lock_file(file, wait=False)
                break
            if not context.budget.remaining_seconds:
                reason = f"others still read the copy: {context.describe_overrun()}"
                raise gap_error(rules.WITHIN_BUDGET, context.target, reason)
            time.sleep(_POLL_SECONDS)
        yield


def _readers_lock(context: DatabaseContext) -> Path:
    return shared_folder(context) / "readers.lock"


@dataclass(frozen=True)
class _CopyRequest:
    """A check that waits for the copy: within the budget of `bounded`."""

    context: DatabaseContext
    bounded: DatabaseContext
    backup: BackupFile

    def wait_for_copy(self) -> KeptCopy:
        """Return the copy, which is restored now where no check has asked for it before."""
        key, sha256 = self._identify(), hash_backup(self.context, self.backup)
        shelf = CopyShelf(shared_folder(self.context), key)
        shelf.folder.mkdir(parents=True, exist_ok=True)
        shown = ""
        while (kept := shelf.find()) is None:
            self._start_where_none_runs(shelf, sha256)
            shown = self._show_progress(shelf, shown)
            if not self.bounded.budget.remaining_seconds:
                reason = f"it was not restored in time: {self.bounded.describe_overrun()}"
                raise gap_error(rules.WITHIN_BUDGET, str(self.backup), reason)
            time.sleep(_POLL_SECONDS)
        if kept.sha256 != sha256:
            reason = "the copy is of another content of this file"
            raise gap_error(rules.COPY_KEPT, str(self.backup), reason)
        return kept

    def _identify(self) -> str:
        try:
            return identify_backup(self.backup)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise gap_error(rules.BACKUP_EXISTS, str(self.backup), reason) from None

    def _start_where_none_runs(self, shelf: CopyShelf, sha256: str) -> None:
        # One lock for all backups: two restores at once would take as long as one after the other.
        with try_lock(shelf.folder / "restore.lock") as lock:
            if lock is None or shelf.find() is not None:
                return
            if shelf.count_start() > _MOST_STARTS:
                reason = "the process that restores and keeps it was ended from outside each time"
                shelf.record_failure(gap_error(rules.COPY_KEPT, str(self.backup), reason))
                return
            _start_keeper(self._build_request(shelf, sha256, lock))

    def _build_request(self, shelf: CopyShelf, sha256: str, lock: int) -> KeeperRequest:
        budget = self.context.budget.take_share(RESTORE_SHARE)
        context = replace(self.context.without_callbacks(), budget=budget)
        check = self.context.name_check()
        return KeeperRequest(context, self.backup, shelf.folder, shelf.key, sha256, check, lock)

    def _show_progress(self, shelf: CopyShelf, shown: str) -> str:
        line = shelf.progress.read_text(encoding="utf-8") if shelf.progress.exists() else ""
        if line and line != shown:
            self.context.report_progress(line)
        return line


def _start_keeper(request: KeeperRequest) -> None:
    """Start the keeper; it has the lock from now on, and gives it back when the copy is there."""
    # It finds the modules where this process found them, and none in the current folder (-P).
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = start_child(
        [sys.executable, "-P", "-m", _MODULE],
        stdout=subprocess.DEVNULL,
        env=environment,
        pass_fds=[request.lock],
    )
    _KEEPERS.append(process)
    assert process.stdin is not None  # it was started with a pipe
    with process.stdin as pipe:
        pickle.dump(request, pipe)


def _require_unchanged(kept: KeptCopy) -> None:
    if kept.state:
        require_unchanged_copy(kept.copy.dsn, kept.state, str(kept.copy.backup))


def _record_use(context: DatabaseContext, kept: KeptCopy) -> None:
    name = kept.copy.backup.path.name
    figures = {
        "sha256": kept.sha256,
        "restored by": kept.restored_by,
        "used by": context.name_check(),
        "seconds to restore": round(kept.copy.seconds, 3),
    }
    context.record(Assessment("The restored copy of the backup", (name,), figures=figures))
