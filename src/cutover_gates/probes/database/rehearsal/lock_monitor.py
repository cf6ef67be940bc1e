"""A monitor that polls which tables the migration locks, and ends it when its time is up."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg

from cutover_gates.probes.database.context import APPLICATION_NAME
from cutover_gates.probes.database.rehearsal.rehearsal_result import (
    EndReason,
    TableLock,
    describe_error,
)

# Seconds between two polls: a lock that is shorter keeps nobody waiting noticeably.
POLL_SECONDS = 0.02
# Seconds for the thread to end: one poll, and a statement of the server.
_JOIN_SECONDS = 5.0
# From the weakest to the strongest, as `pg_locks` names them.
LOCK_MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
# Modes that keep writers out; the last one also keeps readers out.
BLOCKING_MODES = frozenset(LOCK_MODES[LOCK_MODES.index("ShareLock") :])

_EXISTING_TABLES = """
SELECT c.oid, n.nspname || '.' || c.relname AS table
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%'
  AND n.nspname <> 'information_schema'
"""
_HELD_LOCKS = """
SELECT relation, mode FROM pg_locks
WHERE pid = %s AND granted AND locktype = 'relation'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class RunningScript:
    """One script while it runs, with the longest time that it held each table in each mode.

    `pid` is its backend; `begun`, `ended` and `last_poll` are `time.monotonic()`s. Locks are pairs
    of table and mode.
    """

    script: str
    pid: int
    begun: float
    ended: float | None = None
    last_poll: float = 0.0
    held_since: dict[tuple[str, str], float] = field(default_factory=dict)
    longest: dict[tuple[str, str], float] = field(default_factory=dict)

    def record_locks(self, held: set[tuple[str, str]], now: float) -> None:
        """Record the locks that are held now.

        A lock counts from the poll before the first one that shows it: it may seem one poll longer
        than it was, and never shorter.
        """
        since = max(self.begun, self.last_poll)
        self.held_since = {lock: self.held_since.get(lock, since) for lock in held}
        self._update_longest(now)
        self.last_poll = now

    def finish(self) -> None:
        """Record the end: locks that were held at the last poll are released now."""
        if self.ended is None:
            self.ended = time.monotonic()
            self._update_longest(self.ended)

    def _update_longest(self, now: float) -> None:
        for lock, since in self.held_since.items():
            self.longest[lock] = max(self.longest.get(lock, 0.0), now - since)

    def summarize_locks(self) -> dict[str, TableLock]:
        """Return the lock in the strongest mode, by table."""
        tables = sorted({table for table, _mode in self.longest})
        return {table: self._find_strongest_lock(table) for table in tables}

    def _find_strongest_lock(self, table: str) -> TableLock:
        seconds = {mode: held for (locked, mode), held in self.longest.items() if locked == table}
        strongest = max(seconds, key=LOCK_MODES.index)
        shut_out = max((seconds[mode] for mode in seconds if mode in BLOCKING_MODES), default=0.0)
        return TableLock(
            mode=strongest, seconds=round(seconds[strongest], 3), shut_out=round(shut_out, 3)
        )


class LockMonitor:
    """A thread with a connection of its own that polls the locks of the running script.

    Only tables that existed before count: nobody waits for a new one. `scripts` are those that
    began, `ended` is the reason why the monitor ended the migration, `lost` the error that ended
    the monitor.
    """

    def __init__(self, dsn: str, deadlines: Mapping[EndReason, float]) -> None:
        """Start the thread.

        `deadlines` are the `time.monotonic()`s at which the migration is ended, by their reason.
        """
        self.scripts: list[RunningScript] = []
        self.ended: EndReason | None = None
        self.lost: str | None = None
        self._deadlines = dict(deadlines)
        self._stop = threading.Event()
        self._connection = psycopg.connect(
            dsn, autocommit=True, application_name=f"{APPLICATION_NAME} watch"
        )
        self._tables: dict[int, str] = dict(self._connection.execute(_EXISTING_TABLES).fetchall())
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def start_script(self, script: str, pid: int) -> None:
        """Record that a script begins; the one before has ended."""
        self.finish_script()
        self.scripts.append(RunningScript(script, pid, time.monotonic()))

    def finish_script(self) -> None:
        """Record that the running script has ended."""
        if self.scripts:
            self.scripts[-1].finish()

    def stop(self) -> None:
        """End the thread and close its connection."""
        self.finish_script()
        self._stop.set()
        self._thread.join(_JOIN_SECONDS)
        self._connection.close()

    def _poll(self) -> None:
        try:
            while not self._stop.wait(POLL_SECONDS):
                running = self.scripts[-1] if self.scripts else None
                if running and running.ended is None:
                    self._record_locks(running)
                    self._enforce_deadlines(running)
        except psycopg.Error as error:
            self.lost = describe_error(error)

    def _record_locks(self, running: RunningScript) -> None:
        rows = self._connection.execute(_HELD_LOCKS, [running.pid]).fetchall()
        # Scripts share one backend: once this one has ended, the locks may be the next one's.
        if running.ended is None:
            locks = {(self._tables[oid], mode) for oid, mode in rows if oid in self._tables}
            running.record_locks(locks, time.monotonic())

    def _enforce_deadlines(self, running: RunningScript) -> None:
        now = time.monotonic()
        passed = [reason for reason, deadline in self._deadlines.items() if now > deadline]
        if passed and self.ended is None:
            self.ended = passed[0]
            self._connection.execute("SELECT pg_terminate_backend(%s)", [running.pid])
