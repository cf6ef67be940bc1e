"""The load processes of a run: how they are started, heard and stopped.

None outlives the one who started it: their standard input ends with it.
"""

from __future__ import annotations

import selectors
import shlex
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cutover_gates.config.performance import Performance
from cutover_gates.probes.load.sample_log import SampleBlock
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig, WorkerRole
from cutover_gates.probes.load.worker_process import WorkerProcess

STOP_SECONDS = 1.5
"""From the moment at which they are told to stop: then the last of them is gone."""
WORKER_START_SECONDS = 15.0
"""For all of them to come."""
SILENT_SECONDS = 8.0
"""A process writes its log twice a second.

Before the alarm (`alarm.SECONDS`) takes the silence of ours for the target's.
"""
LOCAL_COMMAND = (sys.executable, "-m", "cutover_gates.probes.load.worker_main")


class WorkerPool:
    """Starts them all on entering, stops them all on leaving."""

    def __init__(self, brief: WorkerConfig, performance: Performance) -> None:
        self._commands = list(_worker_commands(brief, performance))
        self._selector = selectors.DefaultSelector()
        self._processes: list[WorkerProcess] = []
        self._started = self._told = 0.0

    def __enter__(self) -> WorkerPool:
        self._started = time.monotonic()
        try:
            for command, brief in self._commands:
                self._processes.append(WorkerProcess(command, brief, self._selector))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def read_blocks(self, seconds: float) -> Iterator[SampleBlock]:
        """The blocks that come within `seconds`, as they come."""
        ends = time.monotonic() + seconds
        while self._selector.get_map() and (left := ends - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                yield from key.data()

    def describe_failure(self) -> str:
        """What is wrong with them, in a sentence; empty as long as all is well."""
        if found := next(
            (
                lost
                for process in self._processes
                if (lost := process.describe_failure(SILENT_SECONDS))
            ),
            "",
        ):
            return found
        late = [process for process in self._processes if not process.has_started]
        if late and time.monotonic() - self._started > WORKER_START_SECONDS:
            names = ", ".join(f"{process.name}{process.stderr_tail()}" for process in late)
            return (
                f"{len(late)} of {len(self._processes)} load processes did not come within"
                f" {WORKER_START_SECONDS:g} s: {names}"
            )
        return ""

    def finish(self) -> Iterator[SampleBlock]:
        """Tell them to stop; their last blocks."""
        self._request_stop()
        yield from self.read_blocks(self._told + STOP_SECONDS - time.monotonic())

    @property
    def interrupted_workers(self) -> list[str]:
        """Those whose log has begun and did not come to its end."""
        return [
            process.name
            for process in self._processes
            if process.has_started and not process.completed
        ]

    @property
    def unknown_entries(self) -> set[int]:
        """The ledger's entries that may have been made without our hearing of it."""
        return {
            entry
            for process in self._processes
            if process.has_unknown_records
            for entry in process.config.stock.entries
        }

    def stop(self) -> None:
        """Whatever they are doing: in two seconds none of them is there any more."""
        self._request_stop()
        for process in self._processes:
            process.stop(self._told + STOP_SECONDS)
        self._selector.close()

    def _request_stop(self) -> None:
        self._told = self._told or time.monotonic()
        for process in self._processes:
            process.request_stop()


def _worker_commands(
    brief: WorkerConfig, performance: Performance
) -> Iterator[tuple[Sequence[str], WorkerConfig]]:
    """One process alone; or a master and its workers, here and on other machines."""
    here, count = performance.local_processes, performance.load_processes
    if count == 1 and not performance.workers:
        yield LOCAL_COMMAND, brief
        return
    far = bool(performance.workers)
    place = WorkerRole(
        "master",
        0,
        "*" if far else "127.0.0.1",
        performance.master_port or _find_free_port(),
        count,
        "the master",
    )
    yield LOCAL_COMMAND, replace(brief, place=place, users={}, known=(), stock=PlannedRecords())
    for index in range(count):
        name = (
            performance.workers[index - here]
            if index >= here
            else f"load process {index + 1} on this machine"
        )
        worker = replace(
            place,
            part="worker",
            index=index + 1,
            host=performance.master_host if index >= here else "127.0.0.1",
            name=name,
        )
        command = (
            [word.replace("{host}", name) for word in shlex.split(performance.worker_command)]
            if index >= here
            else LOCAL_COMMAND
        )
        yield command, brief.share(worker, index, count)


def _find_free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])
