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

from cutover.load.brief import Brief, Place, Stock
from cutover.load.log import Block
from cutover.load.pipes import LoadProcess
from cutover.settings import Performance

STOP_SECONDS = 1.5
"""From the moment at which they are told to stop: then the last of them is gone."""
WORKERS_SECONDS = 15.0
"""For all of them to come."""
SILENT_SECONDS = 8.0
"""A process writes its log twice a second.

Before the alarm (`alarm.SECONDS`) takes the silence of ours for the target's.
"""
OURS = (sys.executable, "-m", "cutover.load.process")


class LoadProcesses:
    """Starts them all on entering, stops them all on leaving."""

    def __init__(self, brief: Brief, performance: Performance) -> None:
        self._commands = list(_commands(brief, performance))
        self._selector = selectors.DefaultSelector()
        self._processes: list[LoadProcess] = []
        self._started = self._told = 0.0

    def __enter__(self) -> LoadProcesses:
        self._started = time.monotonic()
        try:
            for command, brief in self._commands:
                self._processes.append(LoadProcess(command, brief, self._selector))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def hear(self, seconds: float) -> Iterator[Block]:
        """The blocks that come within `seconds`, as they come."""
        ends = time.monotonic() + seconds
        while self._selector.get_map() and (left := ends - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                yield from key.data()

    def lost(self) -> str:
        """What is wrong with them, in a sentence; empty as long as all is well."""
        if found := next(
            (lost for process in self._processes if (lost := process.lost(SILENT_SECONDS))), ""
        ):
            return found
        late = [process for process in self._processes if not process.come]
        if late and time.monotonic() - self._started > WORKERS_SECONDS:
            names = ", ".join(f"{process.name}{process.complaint()}" for process in late)
            return (
                f"{len(late)} of {len(self._processes)} load processes did not come within"
                f" {WORKERS_SECONDS:g} s: {names}"
            )
        return ""

    def finish(self) -> Iterator[Block]:
        """Tell them to stop; their last blocks."""
        self._tell()
        yield from self.hear(self._told + STOP_SECONDS - time.monotonic())

    @property
    def cut_off(self) -> list[str]:
        """Those whose log has begun and did not come to its end."""
        return [
            process.name for process in self._processes if process.come and not process.ended_well
        ]

    @property
    def perhaps_made(self) -> set[int]:
        """The ledger's entries that may have been made without our hearing of it."""
        return {
            entry
            for process in self._processes
            if process.may_have_made
            for entry in process.brief.stock.entries
        }

    def stop(self) -> None:
        """Whatever they are doing: in two seconds none of them is there any more."""
        self._tell()
        for process in self._processes:
            process.end(self._told + STOP_SECONDS)
        self._selector.close()

    def _tell(self) -> None:
        self._told = self._told or time.monotonic()
        for process in self._processes:
            process.tell()


def _commands(brief: Brief, performance: Performance) -> Iterator[tuple[Sequence[str], Brief]]:
    """One process alone; or a master and its workers, here and on other machines."""
    here, count = performance.here, performance.load_processes
    if count == 1 and not performance.workers:
        yield OURS, brief
        return
    far = bool(performance.workers)
    place = Place(
        "master",
        0,
        "*" if far else "127.0.0.1",
        performance.master_port or _free_port(),
        count,
        "the master",
    )
    yield OURS, replace(brief, place=place, users={}, known=(), stock=Stock())
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
            else OURS
        )
        yield command, brief.share(worker, index, count)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])
