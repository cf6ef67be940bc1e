"""The load processes of a run: how they are started, read and stopped.

None outlives the process that starts it: its standard input ends with that process.
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
"""Seconds after which the last process is gone, once they are told to stop."""
WORKER_START_SECONDS = 15.0
"""Seconds in which all processes must start."""
SILENT_SECONDS = 8.0
"""Seconds without a block after which a process counts as lost; it writes two a second.

Less than `safety_stop.SAFETY_SECONDS`, which would take our silence for the target's.
"""
LOCAL_COMMAND = (sys.executable, "-m", "cutover_gates.probes.load.worker_main")


class WorkerPool:
    """Starts the processes on entering its `with` block, and stops them on leaving it."""

    def __init__(self, config: WorkerConfig, performance: Performance) -> None:
        self._commands = list(_worker_commands(config, performance))
        self._selector = selectors.DefaultSelector()
        self._processes: list[WorkerProcess] = []
        self._started = self._stop_requested = 0.0

    def __enter__(self) -> WorkerPool:
        self._started = time.monotonic()
        try:
            for command, config in self._commands:
                self._processes.append(WorkerProcess(command, config, self._selector))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def read_blocks(self, seconds: float) -> Iterator[SampleBlock]:
        """Yield the blocks that come within `seconds`, as they come."""
        end = time.monotonic() + seconds
        while self._selector.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                yield from key.data()

    def describe_failure(self) -> str:
        """Return what is wrong with a process; empty as long as all is well."""
        for process in self._processes:
            if failure := process.describe_failure(SILENT_SECONDS):
                return failure
        late = [process for process in self._processes if not process.has_started]
        if not late or time.monotonic() - self._started <= WORKER_START_SECONDS:
            return ""
        names = ", ".join(f"{process.name}{process.stderr_tail()}" for process in late)
        return (
            f"{len(late)} of {len(self._processes)} load processes did not come within"
            f" {WORKER_START_SECONDS:g} s: {names}"
        )

    def finish(self) -> Iterator[SampleBlock]:
        """Tell the processes to stop, and yield their last blocks."""
        self._request_stop()
        yield from self.read_blocks(self._stop_requested + STOP_SECONDS - time.monotonic())

    @property
    def interrupted_workers(self) -> list[str]:
        """Return the names of the processes whose log has begun and not come to its end."""
        return [
            process.name
            for process in self._processes
            if process.has_started and not process.completed
        ]

    @property
    def unknown_entries(self) -> set[int]:
        """Return the entries of the ledger that may have been created without a report."""
        entries: set[int] = set()
        for process in self._processes:
            if process.has_unknown_records:
                entries |= process.config.stock.entries
        return entries

    def stop(self) -> None:
        """Stop the processes, whatever they do: in two seconds none of them is left."""
        self._request_stop()
        for process in self._processes:
            process.stop(self._stop_requested + STOP_SECONDS)
        self._selector.close()

    def _request_stop(self) -> None:
        self._stop_requested = self._stop_requested or time.monotonic()
        for process in self._processes:
            process.request_stop()


def _worker_commands(
    config: WorkerConfig, performance: Performance
) -> Iterator[tuple[Sequence[str], WorkerConfig]]:
    """Yield the commands: one process alone, or a master and its workers, here and elsewhere."""
    local, count = performance.local_processes, performance.load_processes
    if count == 1 and not performance.workers:
        yield LOCAL_COMMAND, config
        return
    master = WorkerRole(
        "master",
        0,
        # Workers on other machines must reach the master.
        "*" if performance.workers else "127.0.0.1",
        performance.master_port or _find_free_port(),
        count,
        "the master",
    )
    yield (
        LOCAL_COMMAND,
        replace(config, place=master, users={}, known=(), stock=PlannedRecords()),
    )
    for index in range(count):
        worker = replace(master, part="worker", index=index + 1)
        if index < local:
            name = f"load process {index + 1} on this machine"
            worker = replace(worker, host="127.0.0.1", name=name)
            command: Sequence[str] = LOCAL_COMMAND
        else:
            name = performance.workers[index - local]
            worker = replace(worker, host=performance.master_host, name=name)
            words = shlex.split(performance.worker_command)
            command = [word.replace("{host}", name) for word in words]
        yield command, config.share(worker, index, count)


def _find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("", 0))
        return int(listener.getsockname()[1])
