"""A small workload that reads and writes while the migration runs, and records each wait.

It is an open model: each statement is due at a moment that is fixed beforehand, and its wait counts
from then. A client that pauses while it is locked out would wait once and report one slow statement
where a hospital has a hundred. Each statement runs in a transaction of its own that is rolled back:
it takes the locks, and leaves the copy as it was.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import chain, takewhile

import psycopg

from cutover_gates.config.base import SettingsError
from cutover_gates.probes.database.rehearsal.rehearsal_result import describe_error
from cutover_gates.probes.database.rehearsal.workload_client import (
    StatementResult,
    WorkloadClient,
    connect_workload,
    run_statement,
)
from cutover_gates.probes.database.rehearsal.workload_statements import WorkloadStatement

CLIENT_COUNT = 4
# Seconds between two statements of one client: 80 a second in all, a small load for one core.
INTERVAL_SECONDS = 0.05
# Seconds for a statement that still waits at the end to end by itself.
PATIENCE_SECONDS = 2.0
# Seconds that a round of all statements may take longer than planned, on a busy machine.
ROUND_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.02


class RehearsalWorkload:
    """Several clients that run statements, from `start()` to `stop()`.

    `usual` are the seconds that each statement takes without a script, by name. Raise
    `SettingsError` for a declared statement that cannot be run.
    """

    def __init__(self, dsn: str, statements: Sequence[WorkloadStatement]) -> None:
        self.dsn, self.dropped = dsn, list[str]()
        self.usual = self._time_statements(statements)
        self.statements = [statement for statement in statements if statement.name in self.usual]
        average = sum(self.usual.values()) / max(len(self.usual), 1)
        # Twice the average: no client waits for the workload itself.
        self.every = max(INTERVAL_SECONDS, 2 * average)
        self._stop = threading.Event()
        self._clients = [
            WorkloadClient(
                dsn,
                self._rotate_statements(turn),
                self.every,
                self.every * turn / CLIENT_COUNT,
                self._stop,
            )
            for turn in range(CLIENT_COUNT)
        ]
        self._threads = [
            threading.Thread(target=client.run, daemon=True) for client in self._clients
        ]

    @property
    def slowest_seconds(self) -> float:
        """Seconds that the slowest statement takes without a script."""
        return max(self.usual.values(), default=0.0)

    def start(self) -> None:
        """Start all clients."""
        for thread in self._threads:
            thread.start()

    def wait_for_round(self) -> list[str]:
        """Wait until each statement was tried once more; return those that were not in time."""
        since = time.monotonic()
        round_seconds = self.every * (len(self.statements) // CLIENT_COUNT + 2)
        until = since + round_seconds + ROUND_PATIENCE_SECONDS
        while (untried := self._find_untried_statements(since)) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return untried

    def stop(self) -> list[StatementResult]:
        """End the work; return what was done, and what was due and still waiting at the end."""
        ended = time.monotonic()
        while self._list_pending(ended) and time.monotonic() < ended + PATIENCE_SECONDS:
            time.sleep(_POLL_SECONDS)
        waiting = self._list_pending(ended)
        self._stop.set()
        for client, thread in zip(self._clients, self._threads, strict=True):
            if thread.is_alive() and client.connection is not None:
                client.connection.cancel_safe()
            thread.join(PATIENCE_SECONDS)
        results = chain.from_iterable(client.done for client in self._clients)
        return [result for result in results if not result.unfinished] + waiting

    def _list_pending(self, ended: float) -> list[StatementResult]:
        pending = [client.find_pending_result(ended) for client in self._clients]
        return [result for result in pending if result]

    def list_dropped_statements(self) -> list[str]:
        """Return the generated statements that could no longer be run, each with the reason."""
        return sorted({*self.dropped, *chain(*(client.dropped for client in self._clients))})

    def list_connection_errors(self) -> list[str]:
        """Return why clients lost their connection."""
        return [client.lost for client in self._clients if client.lost]

    def _find_untried_statements(self, since: float) -> list[str]:
        settled = self._find_dropped_names()
        for client in self._clients:
            recent = takewhile(lambda result: result.due >= since, reversed(client.done))
            settled |= {result.statement for result in recent}
        names = [statement.name for statement in self.statements]
        return [name for name in names if name not in settled]

    def _find_dropped_names(self) -> set[str]:
        # The clients' threads change their queues meanwhile, so a copy of each is read.
        queues = [list(client.statements) for client in self._clients]
        queued = {statement.name for statement in chain(*queues)}
        return {statement.name for statement in self.statements} - queued

    def _rotate_statements(self, turn: int) -> deque[WorkloadStatement]:
        """Return the statements in another order for each client.

        So all statements run within a quarter of a round.
        """
        statements = deque(self.statements)
        statements.rotate(-turn * len(statements) // CLIENT_COUNT)
        return statements

    def _time_statements(self, statements: Iterable[WorkloadStatement]) -> dict[str, float]:
        """Run each statement once before the scripts, and return its seconds, by name."""
        seconds = dict[str, float]()
        with connect_workload(self.dsn) as connection:
            for statement in statements:
                begun = time.monotonic()
                try:
                    run_statement(connection, statement)
                    seconds[statement.name] = time.monotonic() - begun
                except psycopg.Error as error:
                    if not statement.is_generated:
                        raise SettingsError(
                            f"migrations.rehearsal.{statement.name} cannot be run on the copy:"
                            f" {describe_error(error)}"
                        ) from None
                    self.dropped.append(f"{statement.name}: {describe_error(error)}")
        return seconds
