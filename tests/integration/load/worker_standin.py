"""Stands for a load process: takes its work, writes a log, and behaves as the word on its command
line says. It makes no load.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import WorkerConfig

MANY = 20_000


def main(behaviour: str) -> None:
    if behaviour == "deaf":
        time.sleep(60)
    brief = WorkerConfig.from_line(sys.stdin.buffer.readline())
    if behaviour == "noisy":
        print("Welcome to this machine!", flush=True)
    scribe = (
        WrongClockWriter(brief)
        if behaviour == "ahead"
        else SampleWriter(brief.operations, brief.place.index, _print)
    )
    told = threading.Event()
    threading.Thread(target=_await_end, args=(told,), daemon=True).start()
    for number in range(100):
        _keep(scribe, 1)
        scribe.record_attempt(min(brief.stock.entries, default=0))
        scribe.write_block(streams=1)
        if number == 2:
            _then(behaviour)
        if told.wait(0.05):
            break
    if behaviour == "stubborn":
        time.sleep(60)
    if behaviour != "torn":
        _keep(scribe, MANY)
        scribe.write_block(ended=True)


class WrongClockWriter(SampleWriter):
    """Its clock is wrong."""

    def __init__(self, brief: WorkerConfig) -> None:
        super().__init__(brief.operations, brief.place.index, _print)

    def clock(self) -> float:
        return super().clock() + 60


def _await_end(told: threading.Event) -> None:
    os.read(0, 1)
    told.set()


def _then(behaviour: str) -> None:
    if behaviour == "failing":
        sys.exit("this and that\nis wrong with me")
    if behaviour == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "silent":
        time.sleep(60)


def _keep(scribe: SampleWriter, count: int) -> None:
    for _ in range(count):
        scribe.record_request("search", time.time(), 0.0, 0.01, RequestOutcome.SUCCESS, 200, "")


def _print(block: bytes) -> None:
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
