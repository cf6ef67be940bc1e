"""One load process, as seen by the one who started it.

Its work goes in and its log comes out by two pipes, and it does not outlive them.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence

from cutover_gates.probes.load.sample_log import BlockReader, InvalidSampleLog, SampleBlock
from cutover_gates.probes.load.worker_config import WorkerConfig
from cutover_gates.util.subprocesses import kill_child, start_child

CLOCK_SECONDS = 2.0
"""By so much two machines' clocks may differ.

A request belongs to the second in which it was due.
"""
MIN_BLOCKS = 4
"""After so many blocks one of them has come without delay, and tells what the process's clock says.
"""
MAX_STDERR_CHARACTERS = 400


class WorkerProcess:
    """Starts it.

    `selector` tells when a pipe is ready; what it registered there (`_write_config`, `_read_blocks`) is called
    then, and gives blocks.
    """

    def __init__(
        self, command: Sequence[str], brief: WorkerConfig, selector: selectors.BaseSelector
    ) -> None:
        self.config, self.name = brief, brief.place.name
        self.completed = False
        self._selector, self._reader = selector, BlockReader()
        self._unsaid = memoryview(brief.to_line())
        self._heard_at: float | None = None
        self._blocks, self._skew = 0, float("inf")
        self._silent = False
        self._trouble = ""
        # the process keeps it open
        self._complaints = tempfile.TemporaryFile()  # the process keeps it open  # noqa: SIM115
        try:
            self._process: subprocess.Popen[bytes] | None = self._start(command)
        except OSError as error:
            self._process, self._trouble = (
                None,
                f"a load process could not be started: {self.name}: {error.strerror}: {command[0]}",
            )

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        process = start_child(command, stderr=self._complaints, bufsize=0)
        assert process.stdin is not None
        assert process.stdout is not None
        os.set_blocking(
            process.stdin.fileno(), False
        )  # one that does not listen (yet) must not keep the others waiting
        self._selector.register(process.stdin, selectors.EVENT_WRITE, self._write_config)
        self._selector.register(process.stdout, selectors.EVENT_READ, self._read_blocks)
        return process

    @property
    def has_unknown_records(self) -> bool:
        """Whether it may have asked for things that its log does not tell of: its log has begun,
        and not come to its end.
        """
        return (self._blocks > 0 or bool(self._trouble and self._process)) and not self.completed

    @property
    def has_started(self) -> bool:
        """Whether its log has begun."""
        return self._blocks > 0

    def describe_failure(self, silent_seconds: float) -> str:
        """What has become of it, where it is of no use any more; empty as long as all is well."""
        if self._trouble:
            return self._trouble
        if self._silent:
            return (
                f"a load process {'was lost' if self.has_started else 'could not be started'}: {self.name}"
                f" {self._describe_exit()}{self.stderr_tail()}"
            )
        if (
            self._heard_at is not None
            and (seconds := time.monotonic() - self._heard_at) > silent_seconds
        ):
            return (
                f"a load process was lost: {self.name} has said nothing for {seconds:.0f}"
                f" s{self.stderr_tail()}"
            )
        if self._blocks >= MIN_BLOCKS and abs(self._skew) > CLOCK_SECONDS:
            where = "behind" if self._skew > 0 else "ahead of"
            return (
                f"the clock of {self.name} is {abs(self._skew):.0f} s {where} this machine's: set"
                " both right (NTP)"
            )
        return ""

    def stderr_tail(self) -> str:
        """The end of what it said on standard error."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return f". It said: {' | '.join(lines[-3:])[-MAX_STDERR_CHARACTERS:]}" if lines else ""

    def request_stop(self) -> None:
        """To stop: its standard input ends."""
        if (
            self._process is not None
            and self._process.stdin is not None
            and not self._process.stdin.closed
        ):
            self._unregister(self._process.stdin)
            self._process.stdin.close()

    def stop(self, until: float) -> None:
        """Wait for its end until then (monotonic), and no longer: then it is ended."""
        if self._process is not None:
            self._wait_or_kill(self._process, until)
        self._complaints.close()

    def _wait_or_kill(self, process: subprocess.Popen[bytes], until: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()))
        kill_child(process)
        assert process.stdout is not None
        self._unregister(process.stdout)
        process.stdout.close()

    def _write_config(self) -> list[SampleBlock]:
        """As much of its work as it takes now."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._unsaid = self._unsaid[os.write(self._process.stdin.fileno(), self._unsaid) :]
        except BlockingIOError:
            return []
        except BrokenPipeError:  # it has ended: it is noticed where it should speak
            self._unsaid = self._unsaid[:0]
        if not self._unsaid:
            self._unregister(self._process.stdin)
        return []

    def _read_blocks(self) -> list[SampleBlock]:
        """The blocks that have come."""
        assert self._process is not None
        assert self._process.stdout is not None
        data = os.read(self._process.stdout.fileno(), 1 << 16)
        try:
            blocks = list(self._reader.feed(data))
        except InvalidSampleLog as begins:
            self._trouble = (
                f"{self.name} says what is no log: {str(begins)!r}. Does something else (a login"
                " script) print there?"
            )
            data, blocks = b"", []
        if not data:
            self._silent = True
            self._unregister(self._process.stdout)
        for block in blocks:
            self._register_block(block)
        return blocks

    def _register_block(self, block: SampleBlock) -> None:
        self._blocks += 1
        self._heard_at = time.monotonic()
        self._skew = min(self._skew, time.time() - block.header.at, key=abs)
        self.completed |= block.header.ended

    def _unregister(self, pipe: object) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(pipe)  # type: ignore[arg-type]  # a file, of which its type knows nothing

    def _describe_exit(self) -> str:
        """How it ended, in words. Its pipe is closed a moment before it is gone."""
        assert self._process is not None
        try:
            status = self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            return "closed its log"
        return (
            "ended by itself,"
            f" {f'killed by {signal.Signals(-status).name}' if status < 0 else f'with status {status}'}"
        )
