"""A small workload that reads and writes while the migration runs, and notes how long each
statement had to wait.

Open model: each statement is due at a moment that was fixed beforehand, and its wait counts from
then. A client that holds still while it is locked out would ask once, wait once, and report one
slow statement where a hospital had a hundred. Each statement runs in a transaction of its own that
is rolled back: it takes the locks, and leaves the copy as it was.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import takewhile

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
INTERVAL_SECONDS = 0.05
"""Between two statements of one client: 80 a second in all, which one core hardly notices."""
PATIENCE_SECONDS = 2.0
"""What a statement that is still waiting when all is over is given to end by itself."""
ROUND_PATIENCE_SECONDS = 5.0
"""What a round of all statements may take longer than it should, on a busy machine."""


class RehearsalWorkload:
    """`Workload(dsn, statements)`, `start()`, and at the end `stop()`.

    Raises `SettingsError` for a declared statement that cannot be run.
    """

    def __init__(self, dsn: str, statements: Sequence[WorkloadStatement]) -> None:
        self.dsn, self.dropped = dsn, list[str]()
        self.usual = self._time_statements(statements)
        self.statements = [statement for statement in statements if statement.name in self.usual]
        self.every = max(
            INTERVAL_SECONDS, 2 * sum(self.usual.values()) / max(len(self.usual), 1)
        )  # nobody is to wait for the workload itself
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

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for_round(self) -> list[str]:
        """Wait until each statement was tried once more from here; those that were not, although
        there was time.
        """
        since = time.monotonic()
        until = (
            since + self.every * (len(self.statements) // CLIENT_COUNT + 2) + ROUND_PATIENCE_SECONDS
        )
        while (left := self._find_untried_statements(since)) and time.monotonic() < until:
            time.sleep(0.02)
        return left

    def stop(self) -> list[StatementResult]:
        """End the work; what was done, and what was due and still waited for when it ended."""
        ended = time.monotonic()
        while time.monotonic() < ended + PATIENCE_SECONDS and any(
            client.find_pending_result(ended) for client in self._clients
        ):
            time.sleep(0.01)
        waiting = [wait for client in self._clients if (wait := client.find_pending_result(ended))]
        self._stop.set()
        for client, thread in zip(self._clients, self._threads, strict=True):
            if thread.is_alive() and client.connection is not None:
                client.connection.cancel_safe()
            thread.join(PATIENCE_SECONDS)
        return [
            done for client in self._clients for done in client.done if not done.unfinished
        ] + waiting

    def list_dropped_statements(self) -> list[str]:
        """Made-up statements that could no longer be run, each with the reason."""
        return sorted({*self.dropped, *(why for client in self._clients for why in client.dropped)})

    def list_connection_errors(self) -> list[str]:
        """Why clients lost their connection."""
        return [client.lost for client in self._clients if client.lost]

    def _find_untried_statements(self, since: float) -> list[str]:
        tried = {
            done.statement
            for client in self._clients
            for done in takewhile(lambda done: done.due >= since, reversed(client.done))
        }
        return [
            statement.name
            for statement in self.statements
            if statement.name not in tried and statement.name not in self._find_dropped_names()
        ]

    def _find_dropped_names(self) -> set[str]:
        return {statement.name for statement in self.statements} - {
            each.name for client in self._clients for each in list(client.statements)
        }

    def _rotate_statements(self, turn: int) -> deque[WorkloadStatement]:
        """The statements, begun elsewhere by each client, so that all of them run in a quarter of a
        round.
        """
        statements = deque(self.statements)
        statements.rotate(-turn * len(statements) // CLIENT_COUNT)
        return statements

    def _time_statements(self, statements: Iterable[WorkloadStatement]) -> dict[str, float]:
        """Each statement once with nobody else there: the seconds it takes, by name."""
        took = dict[str, float]()
        with connect_workload(self.dsn) as connection:
            for statement in statements:
                begun = time.monotonic()
                try:
                    run_statement(connection, statement)
                    took[statement.name] = time.monotonic() - begun
                except psycopg.Error as error:
                    if not statement.is_generated:
                        raise SettingsError(
                            f"migrations.rehearsal.{statement.name} cannot be run on the copy:"
                            f" {describe_error(error)}"
                        ) from None
                    self.dropped.append(f"{statement.name}: {describe_error(error)}")
        return took
