"""Writes the record of one process of the watcher: segments of lines, and the status file."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path
from typing import Any

from cutover_gates.util.files import write_atomically
from cutover_gates.watch.record_lines import BEGUN, CONTINUED, ENDED, FORMAT, encode_line

STATUS_FILE = "status.json"
SEGMENT_BYTES = 8 * 1024 * 1024
"""Bytes after which a new segment begins: a shared volume copies whole files."""


class SteadyClock:
    """Seconds since 1970 that never step: the wall clock at the start, then the monotonic one."""

    def __init__(self) -> None:
        self._ahead = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Return the time now."""
        return time.monotonic() + self._ahead


class RecordWriter:
    """The record of one process. Safe under threads. Raises `OSError`.

    Each line goes to the system at once, so a killed process loses none that was written. A
    `durable` line is on the disk when `write` returns.
    """

    def __init__(self, folder: Path, head: Mapping[str, Any], clock: SteadyClock) -> None:
        """Begin a record in `folder`. `head` says what is watched, and stands in each segment."""
        folder.mkdir(parents=True, exist_ok=True)
        started = datetime.now(UTC)
        self.process = f"{started:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(3)}"
        self.folder, self.clock = folder, clock
        self._head = {**head, "format": FORMAT, "process": self.process, "pid": os.getpid()}
        self._lock = threading.Lock()
        self._number, self._sum = 0, ""
        self._open_segment()

    def write(self, do: str, *, durable: bool = False, **values: Any) -> None:
        """Append a line."""
        with self._lock:
            if self._file.tell() > SEGMENT_BYTES:
                self._append(CONTINUED, {})
                os.fdatasync(self._file.fileno())
                self._file.close()
                self._open_segment()
            self._append(do, values)
        if durable:
            self.sync()

    def write_status(self, status: Mapping[str, Any]) -> None:
        """Replace the status file as a whole."""
        plain = {"format": FORMAT, "process": self.process, **status}
        write_atomically(self.folder / STATUS_FILE, json.dumps(plain, indent=1, default=str))

    def sync(self) -> None:
        """Bring everything that was written to the disk."""
        with self._lock:
            if self._file.closed:
                return
            copy = os.dup(self._file.fileno())
        # Without the lock: a busy disk must not hold up the other probes.
        try:
            os.fdatasync(copy)
        finally:
            os.close(copy)

    def close(self) -> None:
        """Write that the process ended in order, and close the file."""
        with self._lock:
            if not self._file.closed:
                self._append(ENDED, {})
                os.fdatasync(self._file.fileno())
                self._file.close()

    def _open_segment(self) -> None:
        """Open the next segment. Its first line carries the last sum of the one before."""
        self._number += 1
        name = f"{self.process}.{self._number:04d}.jsonl"
        # Unbuffered: what stands in a buffer of this process is lost with it.
        self._file: RawIOBase = (self.folder / name).open("xb", buffering=0)
        self._append(BEGUN, {**self._head, "segment": self._number})

    def _append(self, do: str, values: Mapping[str, Any]) -> None:
        line, self._sum = encode_line({"do": do, "at": round(self.clock(), 4), **values}, self._sum)
        self._file.write(line)
