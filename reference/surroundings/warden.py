"""Keeps what stands around the hospital running for exactly as long as the hospital does.

A script of its own, standard library only.

`surroundings.around` starts it as `python warden.py DIRECTORY` with a pipe as standard input, and
writes one JSON line: a list of parts. Of each it says `name`, `command` (its argument list),
`environment` (beside our own), `says` (a line for its standard input, which then stays open; or
null), `pid` (the file in which its process id stands), `after` (a file without which it is not
started yet; or null) and `again` (whether it is started anew when it dies). Each part's output goes
to `NAME.log`.

- The pipe ends because its other end was closed, or because that process died in whatever way:
  every part is killed, the directory removed.
- The warden itself is killed: on Linux the kernel kills the parts, and the next start sweeps the
  directory. Elsewhere they would stay.
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
_GLANCE = 0.1  # seconds between two looks at who still runs
# seconds for which a dead part stays dead: who looks at it once a second shall see it, and one that
# dies at once shall not spin
_PAUSE = 0.5


class Part:
    """One process that is kept."""

    def __init__(self, order: dict[str, Any], directory: Path) -> None:
        self._order, self._directory = order, directory
        self._process: subprocess.Popen[bytes] | None = None
        self._seen_alive: float | None = None  # as long as it was never started

    def start(self) -> None:
        """Nothing is said where the program cannot be run: who waits for it notices, and its log
        tells why.
        """
        self._seen_alive = time.monotonic()
        with (self._directory / f"{self._order['name']}.log").open("ab") as log:
            try:
                self._process = subprocess.Popen(
                    self._order["command"],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    cwd=self._directory,
                    env={**os.environ, **self._order["environment"]},
                    preexec_fn=_die_with_the_warden if sys.platform == "linux" else None,
                )
            except OSError as error:
                log.write(f"{error}\n".encode())
                return
        self._write_down(self._process.pid)
        if self._order["says"] is not None and self._process.stdin:
            with contextlib.suppress(
                BrokenPipeError
            ):  # It is dead already; the next glance sees it.
                self._process.stdin.write(self._order["says"].encode() + b"\n")
                self._process.stdin.flush()

    def look(self) -> None:
        """Start it when its time has come, and anew if it died and shall live.

        Who is dead has no process id: it may be somebody else's by then.
        """
        if self._seen_alive is None:
            if self._order["after"] is None or Path(self._order["after"]).exists():
                self.start()
        elif self._process and self._process.poll() is None:
            self._seen_alive = time.monotonic()
        else:
            Path(self._order["pid"]).unlink(missing_ok=True)
            if self._order["again"] and time.monotonic() - self._seen_alive > _PAUSE:
                self.start()

    def stop(self) -> None:
        """At once: what it has on disk is thrown away."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _write_down(self, pid: int) -> None:
        """Whole or not at all: somebody may read it at this moment."""
        unfinished = Path(f"{self._order['pid']}.new")
        unfinished.write_text(f"{pid}\n", encoding="ascii")
        unfinished.rename(self._order["pid"])


def main() -> int:
    directory = Path(sys.argv[1])
    parts = [Part(order, directory) for order in json.loads(_first_line() or "[]")]
    ended = False
    while not ended:
        for part in parts:
            part.look()
        ended = bool(select.select([_STANDARD_INPUT], [], [], _GLANCE)[0])
    for part in parts:
        part.stop()
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def _first_line() -> bytes:
    """Read without a buffer, so that `select` sees what comes after it: the end."""
    line = b""
    while not line.endswith(b"\n") and (chunk := os.read(_STANDARD_INPUT, 65536)):
        line += chunk
    return line if line.endswith(b"\n") else b""


def _die_with_the_warden() -> None:
    """Runs in the child."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
