"""One load process, as seen from the process that starts it.

Its config goes in and its log comes out by two pipes, and it does not outlive them.
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
"""The difference that two machines' clocks may have.

A request belongs to the second in which it was due.
"""
MIN_BLOCKS = 4
"""Blocks after which the clock is judged: one of so many has come without delay."""
MAX_STDERR_CHARACTERS = 400
STDERR_LINES = 3
EXIT_SECONDS = 0.2
"""Seconds in which a process is gone after it closed its pipe."""
READ_BYTES = 1 << 16


class WorkerProcess:
    """A load process.

    `selector` says when a pipe is ready. What is registered there (`_write_config`, `_read_blocks`)
    is called then, and returns blocks.
    """

    def __init__(
        self, command: Sequence[str], config: WorkerConfig, selector: selectors.BaseSelector
    ) -> None:
        """Start the process; `describe_failure` says where that failed."""
        self.config, self.name = config, config.place.name
        self.completed = False
        self._selector, self._reader = selector, BlockReader()
        self._unsent = memoryview(config.to_line())
        self._last_block_at: float | None = None
        self._blocks, self._clock_skew = 0, float("inf")
        self._silent = False
        self._failure = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # the process keeps it open
        try:
            self._process = self._start(command)
        except OSError as error:
            self._failure = (
                f"a load process could not be started: {self.name}: {error.strerror}: {command[0]}"
            )

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        process = start_child(command, stderr=self._stderr, bufsize=0)
        assert process.stdin is not None
        assert process.stdout is not None
        # A process that does not listen yet must not keep the others waiting.
        os.set_blocking(process.stdin.fileno(), False)
        self._selector.register(process.stdin, selectors.EVENT_WRITE, self._write_config)
        self._selector.register(process.stdout, selectors.EVENT_READ, self._read_blocks)
        return process

    @property
    def has_unknown_records(self) -> bool:
        """Return whether it may have created records that its log does not report.

        Its log has then begun, and not come to its end.
        """
        return (self._blocks > 0 or bool(self._failure and self._process)) and not self.completed

    @property
    def has_started(self) -> bool:
        """Return whether its log has begun."""
        return self._blocks > 0

    def describe_failure(self, silent_seconds: float) -> str:
        """Return why the process is of no use any more; empty as long as all is well.

        `silent_seconds` is how long it may write nothing.
        """
        if self._failure:
            return self._failure
        if self._silent:
            lost = "was lost" if self.has_started else "could not be started"
            return f"a load process {lost}: {self.name} {self._describe_exit()}{self.stderr_tail()}"
        silence = 0.0
        if self._last_block_at is not None:
            silence = time.monotonic() - self._last_block_at
        if silence > silent_seconds:
            return (
                f"a load process was lost: {self.name} has said nothing for {silence:.0f}"
                f" s{self.stderr_tail()}"
            )
        if self._blocks >= MIN_BLOCKS and abs(self._clock_skew) > CLOCK_SECONDS:
            where = "behind" if self._clock_skew > 0 else "ahead of"
            return (
                f"the clock of {self.name} is {abs(self._clock_skew):.0f} s {where} this"
                " machine's: set both right (NTP)"
            )
        return ""

    def stderr_tail(self) -> str:
        """Return the end of what it wrote on standard error, as a sentence; empty for nothing."""
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        text = " | ".join(lines[-STDERR_LINES:])[-MAX_STDERR_CHARACTERS:]
        return f". It said: {text}" if text else ""

    def request_stop(self) -> None:
        """Tell the process to stop: close its standard input."""
        stdin = self._process.stdin if self._process else None
        if stdin is not None and not stdin.closed:
            self._unregister(stdin)
            stdin.close()

    def stop(self, until: float) -> None:
        """Wait for the process until a moment (monotonic), and kill it where it is still there."""
        if self._process is not None:
            self._wait_or_kill(self._process, until)
        self._stderr.close()

    def _wait_or_kill(self, process: subprocess.Popen[bytes], until: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, until - time.monotonic()))
        kill_child(process)
        assert process.stdout is not None
        self._unregister(process.stdout)
        process.stdout.close()

    def _write_config(self) -> list[SampleBlock]:
        """Write as much of the config as the process takes now."""
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            written = os.write(self._process.stdin.fileno(), self._unsent)
            self._unsent = self._unsent[written:]
        except BlockingIOError:
            return []
        except BrokenPipeError:  # it has ended, which is noticed where it should write
            self._unsent = self._unsent[:0]
        if not self._unsent:
            self._unregister(self._process.stdin)
        return []

    def _read_blocks(self) -> list[SampleBlock]:
        """Return the blocks that have come."""
        assert self._process is not None
        assert self._process.stdout is not None
        data = os.read(self._process.stdout.fileno(), READ_BYTES)
        try:
            blocks = list(self._reader.feed(data))
        except InvalidSampleLog as error:
            self._failure = (
                f"{self.name} says what is no log: {str(error)!r}. Does something else (a login"
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
        self._last_block_at = time.monotonic()
        self._clock_skew = min(self._clock_skew, time.time() - block.header.at, key=abs)
        self.completed |= block.header.ended

    def _unregister(self, pipe: object) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(pipe)  # type: ignore[arg-type]  # a file, unknown to its type

    def _describe_exit(self) -> str:
        """Describe how it ended. Its pipe is closed a moment before the process is gone."""
        assert self._process is not None
        try:
            status = self._process.wait(EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            return "closed its log"
        if status < 0:
            return f"ended by itself, killed by {signal.Signals(-status).name}"
        return f"ended by itself, with status {status}"
