"""The release before, started on a copy of the database by a command or as an image.

It is ended with its block, and with this process. What it prints stands in a file of the run.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from cutover_gates.config.previous import PreviousRelease
from cutover_gates.targets.readiness_wait import wait_for_answer
from cutover_gates.util.subprocesses import bind_to_parent, kill_child, run_child

STOP_SECONDS = 10.0
"""Seconds for it to end after SIGTERM."""
_TAIL_LINES, _TAIL_BYTES, _LINE_CHARACTERS = 3, 8192, 240


class PreviousReleaseNotReady(Exception):
    """It ended, or was not ready in time. The text says so with the end of what it printed."""


@dataclass(frozen=True)
class RunningPrevious:
    """The release before, ready at `url`."""

    url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    output: Path

    def describe_end(self) -> str:
        """Return how it ended; an empty text while it runs."""
        status = self.process.poll()
        return "" if status is None else _describe_status(status) + _tail(self.output)


@contextlib.contextmanager
def run_previous_release(
    settings: PreviousRelease, dsn: str, folder: Path, output: Path
) -> Iterator[RunningPrevious]:
    """Start it in `folder` on the database `dsn`, and yield it when it is ready.

    Raises `PreviousReleaseNotReady`. What it prints is written to `output`.
    """
    values = _placeholders(dsn, _free_port())
    environment = {name: text.format(**values) for name, text in settings.environment.items()}
    container = f"cutover-previous-{secrets.token_hex(6)}" if not settings.command else ""
    command = _build_command(settings, values, container)
    with output.open("wb") as stream:
        process = _start(command, folder, environment, stream.fileno())
    try:
        running = RunningPrevious(f"http://127.0.0.1:{values['port']}", process, output)
        _wait_until_ready(running, settings)
        yield running
    finally:
        _stop(process)
        if container:
            # The client of Docker may be gone, and the container not.
            with contextlib.suppress(OSError, TimeoutError):
                run_child(["docker", "rm", "--force", container], STOP_SECONDS)


def _placeholders(dsn: str, port: int) -> dict[str, str]:
    parts = conninfo_to_dict(dsn)
    return {
        "dsn": dsn,
        "host": str(parts.get("host") or "localhost"),
        "database_port": str(parts.get("port") or 5432),
        "user": str(parts.get("user") or ""),
        "password": str(parts.get("password") or ""),
        "name": str(parts.get("dbname") or ""),
        "port": str(port),
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _build_command(
    settings: PreviousRelease, values: Mapping[str, str], container: str
) -> list[str]:
    if not container:
        return [word.format(port=values["port"]) for word in settings.command]
    # Only the names of the variables: their values would be on the command line.
    named = [word for name in settings.environment for word in ("--env", name)]
    # Docker takes a digest without the tag. A port of the registry stands before the last slash.
    folder, slash, name = (settings.image or "").partition("@")[0].rpartition("/")
    image = f"{folder}{slash}{name.partition(':')[0]}@{settings.digest}"
    return ["docker", "run", "--rm", "--network", "host", "--name", container, *named, image]


def _start(
    command: list[str], folder: Path, environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes]:
    # The settings of this gate, with its passwords, are not for that program.
    ours = {name: text for name, text in os.environ.items() if not name.startswith("CUTOVER_")}
    try:
        return subprocess.Popen(
            bind_to_parent(command),
            cwd=folder,
            env={**ours, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise PreviousReleaseNotReady(f"{command[0]} cannot be started: {error.strerror}") from None


def _wait_until_ready(running: RunningPrevious, settings: PreviousRelease) -> None:
    def require_running() -> None:
        if ended := running.describe_end():
            raise PreviousReleaseNotReady(f"it ended before it was ready: {ended}")

    address = running.url + settings.ready_path
    if problem := wait_for_answer(address, settings.start_seconds, require_running):
        raise PreviousReleaseNotReady(
            f"it was not ready within {settings.start_seconds:g} s: {settings.ready_path} answered"
            f" {problem}{_tail(running.output)}"
        )


def _describe_status(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"


def _tail(output: Path) -> str:
    """Return the end of what it printed."""
    text = output.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
    lines = [line.strip()[:_LINE_CHARACTERS] for line in text.strip().splitlines()[-_TAIL_LINES:]]
    return f". It printed: {' | '.join(lines)}" if lines else ". It printed nothing"


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    kill_child(process)
