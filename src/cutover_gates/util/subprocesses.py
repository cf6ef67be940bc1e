"""The one way to start a program. What is started does not outlive this process.

`run_child` runs a program to its end within a bound. On Linux the kernel kills it when the thread
that waits for it is gone, also after SIGKILL.

`start_child` starts a program of ours that ends when its standard input closes, and `stop_child`
ends it in order. Both put the child into a session of its own: Ctrl-C reaches only this process,
which then stops its children, and a kill reaches the children's children.

`start_independent` starts a command that must finish even where this process ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

CHUNK_BYTES = 1 << 20
KILL_SECONDS = 5.0
"""Seconds for a killed process to be gone; one that waits for a dead disk is left behind."""

# The launcher asks the kernel for the parent's death signal and becomes the program. It is a
# process of its own (about 19 ms), because `preexec_fn` can deadlock where threads run. The signal
# comes when the *thread* that started the launcher ends: that thread waits for the program anyway.
# Where the parent died before the call, the third line sees it.
_LAUNCHER = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, int(sys.argv[2]))
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
try:
    os.execvp(sys.argv[3], sys.argv[3:])
except OSError as error:
    sys.exit(f"{sys.argv[3]}: {error.strerror}")
"""


class ChildTimeout(TimeoutError):
    """A program did not end in time and was killed."""


@dataclass(frozen=True)
class CompletedChild:
    """A program that ended: its exit status (negative: the signal) and what it printed."""

    status: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)

    @property
    def output(self) -> str:
        """Standard output as text."""
        return self.stdout.decode("utf-8", "replace")

    @property
    def complaint(self) -> str:
        """Standard error as one line."""
        return " ".join(self.stderr.decode("utf-8", "replace").split())


def run_child(
    command: Sequence[str | Path],
    seconds: float,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> CompletedChild:
    """Run a program to its end.

    `stdin` is given to it; without it standard input is empty.

    Raises:
        ChildTimeout: it did not end within `seconds`; it is killed, with its children.
        OSError: it cannot be started.
    """
    with _open_child(command, cwd, env, stdin is not None) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ChildTimeout(
                f"{Path(command[0]).name} did not end within {seconds:g} s"
            ) from None
        return CompletedChild(process.returncode, stdout, stderr)


@contextlib.contextmanager
def _open_child(
    command: Sequence[str | Path],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    has_input: bool,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the program; kill what is left of it when the block ends, however it ends."""
    process = subprocess.Popen(
        bind_to_parent(command),
        cwd=cwd,
        env=env,
        # Never the terminal: a program that asks there would wait for an answer.
        stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        kill_child(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def bind_to_parent(command: Sequence[str | Path], by: signal.Signals = signal.SIGKILL) -> list[str]:
    """Return the command that runs `command` and ends, by a signal, with the thread that starts it.

    Raises:
        FileNotFoundError: there is no such program. (The launcher would only exit with status 1.)
    """
    words = [str(word) for word in command]
    if shutil.which(words[0]) is None:
        raise FileNotFoundError(2, "there is no such program", words[0])
    if sys.platform != "linux":  # no parent's death signal: the program ends by its own means
        return words
    # -I and -S: no PYTHON* variables and no site packages, which take most of the start.
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), str(int(by)), *words]


def start_child(
    command: Sequence[str | Path],
    *,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    bufsize: int = -1,
) -> subprocess.Popen[bytes]:
    """Start a program of ours that ends when its standard input, a pipe, closes.

    The kernel closes the pipe when this process ends, in whatever way. Raises `OSError`.
    """
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env=env,
        pass_fds=pass_fds,
        bufsize=bufsize,
        start_new_session=True,
    )


def stop_child(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Close the child's standard input, wait for `seconds`, and kill it if it still runs."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it ended by itself
            process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, seconds))
    kill_child(process)
    if process.stdout is not None:
        process.stdout.close()


def kill_child(process: subprocess.Popen[bytes]) -> None:
    """Kill the child's session, if the child still runs, and wait until it is gone."""
    if process.poll() is not None:
        return
    # The group is gone where the child ended in this moment.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(KILL_SECONDS)


@contextlib.contextmanager
def kill_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Kill the child after `seconds`, and at the block's end; the event says that it was late."""
    late = threading.Event()

    def end() -> None:
        late.set()
        kill_child(process)

    timer = threading.Timer(max(0.0, seconds), end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        kill_child(process)


def start_independent(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a command that finishes even where this process ends. Raises `OSError`.

    An example is the command that stops a backend and starts it again: half of it would be worse
    than all of it.
    """
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
