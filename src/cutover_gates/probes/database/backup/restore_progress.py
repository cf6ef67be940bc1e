"""The restore of a dump with its progress: how much of the database stands, and the time left."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial

import psycopg

from cutover_gates.probes.database.backup.backup_contents import BackupContents
from cutover_gates.probes.database.backup.backup_files import BackupFile, BackupKind
from cutover_gates.probes.database.backup.client_programs import ClientProgramResult
from cutover_gates.probes.database.backup.dump_restore import restore_dump_into
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.gate_steps import StepProgress
from cutover_gates.util.concurrency import run_watched

_SIZE = "SELECT pg_database_size(current_database())::float8 / 1000000 AS size"
_END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
# Seconds between two looks at the size of the copy.
_LOOK_SECONDS = 1.0


@dataclass
class _SizeWatcher:
    """The size of the copy, in MB, looked at from time to time."""

    dsn: str = field(repr=False)
    progress: StepProgress
    _looked_at: float = field(default_factory=time.monotonic)
    _first: float | None = None

    def tick(self) -> None:
        """Look at the size and show it, unless that was only just done."""
        if time.monotonic() - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at = time.monotonic()
        size = _read_size(self.dsn)
        if size is not None:
            # An empty database has a size, too.
            self._first = size if self._first is None else self._first
            self.progress.advance_to(size - self._first)
        self.progress.tick()

    def cancel(self) -> None:
        """End the sessions of the restore: its programs then end by themselves."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(_END_SESSIONS)


def restore_with_progress(
    context: DatabaseContext,
    backup: BackupFile,
    contents: BackupContents,
    dsn: str,
    server_major: int,
) -> ClientProgramResult:
    """Restore a dump into an empty database. Raise `InvalidBackup` and `NotProven`."""
    expected = _read_expected_size(context)
    # Short: a terminal has one line for it, and the name of a backup may be long.
    how = "one psql" if backup.kind is BackupKind.PLAIN else "pg_restore"
    progress = StepProgress(context.report_progress, f"restore by {how}", expected, "MB")
    watcher = _SizeWatcher(dsn, progress)
    restore = partial(restore_dump_into, context, backup, contents, dsn, server_major)
    with context.record_step("restoring the backup"), progress.show_step("", expected):
        (result,) = run_watched([restore], tick=watcher.tick, cancel=watcher.cancel)
    return result


def _read_expected_size(context: DatabaseContext) -> float:
    """Return the size of the target in MB: about what the copy will have."""
    try:
        with context.connect() as connection:
            row = connection.execute(_SIZE).fetchone()
    except (DatabaseUnreachable, psycopg.Error):
        return 0.0
    return float(row["size"]) if row else 0.0


def _read_size(dsn: str) -> float | None:
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            row = connection.execute(_SIZE).fetchone()
    except psycopg.Error:
        return None
    return float(row[0]) if row else None
