"""The load processes of a run: how they are started, heard and stopped. None outlives the one who started it: their standard input ends with it."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cutover.load.brief import Brief, Place
from cutover.load.log import Block, BlockReader
from cutover.settings import Performance

STOP_SECONDS = 1.5
OURS = (sys.executable, "-m", "cutover.load.process")


class LoadProcesses:
    """Starts them all on entering, stops them all on leaving."""

    def __init__(self, brief: Brief, performance: Performance) -> None:
        self._commands = list(_commands(brief, performance))
        self._reader = BlockReader()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # the processes keep it open
        self._processes: list[subprocess.Popen[bytes]] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> LoadProcesses:
        try:
            for command, brief in self._commands:
                self._start(command, brief)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._complaints.close()

    def hear(self, seconds: float) -> Iterator[Block]:
        """The blocks that come within `seconds`, as they come."""
        ends = time.monotonic() + seconds
        while self._selector.get_map() and (left := ends - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    self._selector.unregister(key.fd)
                yield from self._reader.feed(data)

    @property
    def ended(self) -> bool:
        """Whether the one that speaks to us is gone."""
        return not self._selector.get_map()

    @property
    def count(self) -> int:
        return len(self._processes)

    @property
    def alive(self) -> int:
        return sum(process.poll() is None for process in self._processes)

    def finish(self) -> Iterator[Block]:
        """Tell them to stop; their last blocks."""
        self._tell()
        yield from self.hear(STOP_SECONDS)

    def stop(self) -> None:
        """Whatever they are doing: in two seconds none of them is there any more."""
        self._tell()
        ends = time.monotonic() + STOP_SECONDS
        for process in self._processes:
            try:
                process.wait(max(0.0, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def complaints(self) -> str:
        """The end of what they said on standard error."""
        self._complaints.seek(0)
        return " | ".join(self._complaints.read().decode(errors="replace").strip().splitlines()[-3:])

    def _start(self, command: Sequence[str], brief: Brief) -> None:
        speaks = brief.place.part != "worker"
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE if speaks else subprocess.DEVNULL, stderr=self._complaints,
                                   start_new_session=True)  # Ctrl-C is for us: we stop them in order
        self._processes.append(process)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it ended at once: its complaint tells why
            process.stdin.write(brief.to_line())
            process.stdin.flush()
        if process.stdout is not None:
            self._selector.register(process.stdout, selectors.EVENT_READ)

    def _tell(self) -> None:
        for process in self._processes:
            if process.stdin is not None and not process.stdin.closed:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.close()


def _commands(brief: Brief, performance: Performance) -> Iterator[tuple[Sequence[str], Brief]]:
    """One process alone; or a master and its workers, here and on other machines."""
    here = performance.processes if performance.processes > 1 or not performance.workers else 0
    count = here + len(performance.workers)
    if count == 1 and not performance.workers:
        yield OURS, brief
        return
    port = _free_port()
    place = Place("master", 0, performance.master_host, port, count)
    yield OURS, replace(brief, place=place, known=(), stock=brief.stock.share(0, 10**9))
    for index in range(count):
        far = index >= here
        host = performance.workers[index - here] if far else ""
        worker = replace(place, part="worker", index=index + 1, host=performance.master_host if far else "127.0.0.1")
        mine = replace(brief, place=worker, stock=brief.stock.share(index, count))
        yield (shlex.split(performance.worker_command.format(host=host)) if far else OURS), mine


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])
