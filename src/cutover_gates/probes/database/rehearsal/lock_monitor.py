"""Looks every twenty milliseconds which tables the migration has locked, and ends it when its time
is up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg

from cutover_gates.probes.database.context import APPLICATION_NAME
from cutover_gates.probes.database.rehearsal.rehearsal_result import TableLock, describe_error

POLL_SECONDS = 0.02
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
"""From the weakest to the strongest, as `pg_locks` names them."""
BLOCKING_MODES = frozenset(LOCK_MODES[LOCK_MODES.index("ShareLock") :])
"""What lets nobody write (the last one: nobody read) meanwhile."""

_EXISTING_TABLES = """
SELECT c.oid, n.nspname || '.' || c.relname AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
_HELD_LOCKS = """
SELECT relation, mode FROM pg_locks
WHERE pid = %s AND granted AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass
class RunningScript:
    """One script while it runs: in which backend, since when, and how long at a stretch it held
    each table in each mode.
    """

    script: str
    pid: int
    begun: float
    ended: float | None = None
    last_poll: float = 0.0
    held_since: dict[tuple[str, str], float] = field(default_factory=dict)
    longest: dict[tuple[str, str], float] = field(default_factory=dict)

    def record_locks(self, held: set[tuple[str, str]], now: float) -> None:
        """A lock counts from the look before the first that shows it: it may seem longer than it
        was by a look, and never shorter.
        """
        self.held_since = {
            lock: self.held_since.get(lock, max(self.begun, self.last_poll)) for lock in held
        }
        self._update_longest(now)
        self.last_poll = now

    def finish(self) -> None:
        """What was still held at the last look is given back at the end."""
        if self.ended is None:
            self.ended = time.monotonic()
            self._update_longest(self.ended)

    def _update_longest(self, now: float) -> None:
        for lock, since in self.held_since.items():
            self.longest[lock] = max(self.longest.get(lock, 0.0), now - since)

    def summarize_locks(self) -> dict[str, TableLock]:
        """By table: the strongest mode."""
        return {
            table: self._find_strongest_lock(table)
            for table in sorted({table for table, _mode in self.longest})
        }

    def _find_strongest_lock(self, table: str) -> TableLock:
        seconds = {mode: held for (locked, mode), held in self.longest.items() if locked == table}
        strongest = max(seconds, key=LOCK_MODES.index)
        return TableLock(
            mode=strongest,
            seconds=round(seconds[strongest], 3),
            shut_out=round(
                max((seconds[mode] for mode in seconds if mode in BLOCKING_MODES), default=0.0), 3
            ),
        )


class LockMonitor:
    """A thread with a connection of its own.

    Only tables that were there before count: nobody waits for one that is new.
    """

    def __init__(self, dsn: str, deadlines: Mapping[str, float]) -> None:
        """`deadlines` are `time.monotonic()`s at which the migration is ended, each by the sentence
        that says why.
        """
        self.scripts: list[RunningScript] = []
        self.ended: str | None = None
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
        """A script begins, and with it the one before has ended."""
        self.finish_script()
        self.scripts.append(RunningScript(script, pid, time.monotonic()))

    def finish_script(self) -> None:
        """The script that runs has ended."""
        if self.scripts:
            self.scripts[-1].finish()

    def stop(self) -> None:
        self.finish_script()
        self._stop.set()
        self._thread.join(5)
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
        found = self._connection.execute(_HELD_LOCKS, [running.pid]).fetchall()
        if (
            running.ended is None
        ):  # else what was found may be the next script's, which has the same backend
            running.record_locks(
                {(self._tables[oid], mode) for oid, mode in found if oid in self._tables},
                time.monotonic(),
            )

    def _enforce_deadlines(self, running: RunningScript) -> None:
        over = [why for why, deadline in self._deadlines.items() if time.monotonic() > deadline]
        if over and self.ended is None:
            self.ended = over[0]
            self._connection.execute("SELECT pg_terminate_backend(%s)", [running.pid])
