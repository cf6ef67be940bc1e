"""A gate whose load is under way, and what can be done to it from outside meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cutover_gates.probes.load.sample_log import BlockReader
from tests.faults.hospitals import Hospital

LOAD = "cutover_gates.probes.load.worker_main"
SECONDS_TO_BEGIN = 60.0


class GateAlreadyEnded(AssertionError):
    """The gate was over before its fault was put in, so whatever it said proves nothing."""


@dataclass(frozen=True)
class RunningGate:
    """`again` opens the hospital anew, at the same address; `until_the_end` keeps what must last as
    long as the gate does.
    """

    process: subprocess.Popen[str]
    folder: Path
    hospital: Hospital
    again: Callable[[], AbstractContextManager[object]] = field(repr=False)
    until_the_end: ExitStack = field(repr=False)

    def wait(self, requests: int) -> None:
        """Until so many requests are in the log of the run."""
        ends = time.monotonic() + SECONDS_TO_BEGIN
        while (there := self.requests()) < requests:
            if self.process.poll() is not None or time.monotonic() > ends:
                raise GateAlreadyEnded(
                    f"{there} requests of {requests} were made, and the gate"
                    f" {'is over' if self.process.poll() is not None else 'is slow'}"
                )
            time.sleep(0.05)

    def requests(self) -> int:
        """How many the run has logged so far."""
        logs = self.folder.glob("reports/runs/2*/load/samples.log")
        return sum(
            block.header.records for log in logs for block in BlockReader().feed(log.read_bytes())
        )

    def load_processes(self) -> list[psutil.Process]:
        """The processes that make the load, in the order in which they were started: where there
        are several, the first one is their master.
        """
        return load_processes_of(self.process.pid)

    def kill_hospital(self) -> None:
        """As a lack of memory does."""
        os.kill(self.hospital.pid, signal.SIGKILL)

    def reopen_hospital(self) -> None:
        self.until_the_end.enter_context(self.again())


def load_processes_of(pid: int) -> list[psutil.Process]:
    """The load processes that this process started, and those only."""
    found = [one for one in psutil.Process(pid).children(recursive=True) if is_load(one)]
    return sorted(found, key=lambda one: (one.create_time(), one.pid))


def is_load(process: psutil.Process) -> bool:
    try:
        return LOAD in process.cmdline()
    except psutil.NoSuchProcess:
        return False
