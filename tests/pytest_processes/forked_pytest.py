"""`pytest` in a process of its own that is forked, so that it need not import the libraries.

Most of a small gate's start is the import of libraries, and a run of the tests starts hundreds.
`fork_server` has imported them once. What is judged is the same: the plugin, its settings and the
checks are imported by each process itself. `TESTS_WHOLE_STARTS=1` (`tox run -e thorough`) starts
Python anew each time, and so does a call whose environment changes Python itself (`PYTHONOPTIMIZE`).
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

WHOLE_STARTS = "TESTS_WHOLE_STARTS"
TAKEN_OVER = {"PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE"}
"""What the fork server takes over from the environment of a call, as Python does at its start."""


NOT_ENDED = -1


class PytestProcess(Protocol):
    """What a test needs of a started process; `subprocess.Popen[str]` has it, too."""

    returncode: int

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]: ...
    def kill(self) -> None: ...


def start_pytest(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> PytestProcess:
    """Start `python -m pytest WORDS…`; the standard error goes to the standard output."""
    if os.environ.get(WHOLE_STARTS) or _changes_python(environment):
        return start_python(words, folder, environment)
    return ForkedPytest(words, folder, environment)


def start_python(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[str]:
    """Start `python -m pytest WORDS…` by a new interpreter."""
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


class ForkedPytest:
    """A process of the fork server."""

    def __init__(self, words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.returncode = NOT_ENDED
        handle, name = tempfile.mkstemp(prefix="pytest-output-")
        os.close(handle)
        self._output, self._answers = Path(name), b""
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(_start_server())
        call = {
            "words": list(words),
            "folder": str(folder),
            "environment": dict(environment),
            "output": name,
        }
        self._server.sendall(json.dumps(call).encode() + b"\n")
        self.pid = self._read_number(None)

    def communicate(self, *, timeout: float | None = None) -> tuple[str, str]:
        """Return the output when it has ended. Raise `subprocess.TimeoutExpired`."""
        try:
            self.returncode = self._read_number(timeout)
        except TimeoutError:
            raise subprocess.TimeoutExpired("pytest", timeout or 0) from None
        self._server.close()
        output = self._output.read_text(encoding="utf-8", errors="replace")
        self._output.unlink()
        return output, ""

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def _read_number(self, timeout: float | None) -> int:
        """Return the next line of the fork server's answer."""
        self._server.settimeout(timeout)
        while b"\n" not in self._answers:
            received = self._server.recv(64)
            assert received, "the fork server has ended"
            self._answers += received
        line, _, self._answers = self._answers.partition(b"\n")
        return int(line)


def _changes_python(environment: Mapping[str, str]) -> bool:
    names = {name for name in {*environment, *os.environ} if name.startswith("PYTHON")}
    return any(environment.get(name) != os.environ.get(name) for name in names - TAKEN_OVER)


@cache
def _start_server() -> str:
    """Start the fork server of this process, and return its address."""
    folder = tempfile.mkdtemp(prefix="pytest-forks-")
    address = f"{folder}/socket"
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("fork_server.py")), address],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert server.stdin is not None  # it was started with pipes
    assert server.stdout is not None
    server.stdout.readline()

    def end() -> None:
        assert server.stdin is not None
        server.stdin.close()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return address
