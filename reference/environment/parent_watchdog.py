"""Watchdog that runs the programs around the hospital exactly as long as the hospital runs.

This is a script that uses the standard library only.

`environment.launcher` starts it as `python parent_watchdog.py DIRECTORY` with a pipe as standard
input, and writes one JSON line: a list of parts. Each has `name`, `command` (its argument list),
`environment` (added to the current one), `stdin` (a line for its standard input, which then stays
open; or null), `pid` (the file for its process id), `wait_for` (a file without which it is not
started; or null) and `restart` (true: it is started again when it dies). The output of each part
goes to `NAME.log`.

- The pipe ends because its other end was closed, or because that process died: each part is
  killed, and the directory is removed.
- The watchdog itself is killed: on Linux the kernel kills the parts, and the next start removes the
  directory. Elsewhere they keep running.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_STANDARD_INPUT = 0
_POLL_SECONDS = 0.1  # between two checks of the processes
# Seconds before a dead part is restarted: a probe that looks twice a second must see it down, and a
# part that dies at its start must not be restarted in a tight loop.
_PAUSE = 0.5


class Part:
    """One process that the watchdog runs."""

    def __init__(self, order: dict[str, Any], directory: Path) -> None:
        self._order, self._directory = order, directory
        self._process: subprocess.Popen[bytes] | None = None
        self._last_alive: float | None = None  # as long as it was never started

    def start(self) -> None:
        """Start the program. A program that cannot be run is reported in its log only.

        The launcher waits for its readiness, and names it as absent.
        """
        self._last_alive = time.monotonic()
        with (self._directory / f"{self._order['name']}.log").open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self._order["command"],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=self._directory,
                    env={**os.environ, **self._order["environment"]},
                    preexec_fn=_die_with_watchdog if sys.platform == "linux" else None,
                )
            except OSError as error:
                log.write(f"{error}\n".encode())
                return
        self._write_pid(self._process.pid)
        if self._order["stdin"] is not None and self._process.stdin:
            with contextlib.suppress(
                BrokenPipeError
            ):  # It is dead already; the next glance sees it.
                self._process.stdin.write(self._order["stdin"].encode() + b"\n")
                self._process.stdin.flush()

    def update(self) -> None:
        """Start the part when its time has come, and start it again if it died and must run.

        The pid file of a dead part is removed: the process id may belong to another process by
        then.
        """
        if self._last_alive is None:
            if self._order["wait_for"] is None or Path(self._order["wait_for"]).exists():
                self.start()
        elif self._process and self._process.poll() is None:
            self._last_alive = time.monotonic()
        else:
            Path(self._order["pid"]).unlink(missing_ok=True)
            if self._order["restart"] and time.monotonic() - self._last_alive > _PAUSE:
                self.start()

    def stop(self) -> None:
        """Kill the process: its files are removed next."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _write_pid(self, pid: int) -> None:
        """Write the pid file in one step: another process may read it at this moment."""
        unfinished = Path(f"{self._order['pid']}.new")
        unfinished.write_text(f"{pid}\n", encoding="ascii")
        unfinished.rename(self._order["pid"])


def main() -> int:
    """Run the parts until standard input ends, then kill them and remove the directory."""
    directory = Path(sys.argv[1])
    parts = [Part(order, directory) for order in json.loads(_first_line() or "[]")]
    ended = False
    while not ended:
        for part in parts:
            part.update()
        ended = bool(select.select([_STANDARD_INPUT], [], [], _POLL_SECONDS)[0])
    for part in parts:
        part.stop()
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def _first_line() -> bytes:
    """Read one line without a buffer, so that `select` sees the end of the input after it."""
    line = b""
    while not line.endswith(b"\n") and (chunk := os.read(_STANDARD_INPUT, 65536)):
        line += chunk
    return line if line.endswith(b"\n") else b""


def _die_with_watchdog() -> None:
    """Ask the kernel to kill this process when the watchdog dies. It runs in the child."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
