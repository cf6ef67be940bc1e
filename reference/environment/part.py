"""A process for the watchdog to run, and the ports and programs that it needs."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import socket
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_PORTS = (10240, 32767)  # Linux gives outgoing connections the ports above, others higher ones


class Missing(Exception):
    """A part cannot be started here; the message is one sentence that says how to get it."""


@dataclass(frozen=True)
class Part:
    """One process.

    `stdin` may hold secrets: it is written to the process's standard input, and nowhere else.
    `wait_for` is a file without which the process is not started.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stdin: str | None = field(default=None, repr=False)
    wait_for: Path | None = None
    restart: bool = False

    def order(self, directory: Path) -> dict[str, Any]:
        """Return the part as the watchdog reads it."""
        return {
            **asdict(self),
            "wait_for": self.wait_for and str(self.wait_for),
            "pid": str(pid_file(directory, self.name)),
        }


def pid_file(directory: Path, name: str) -> Path:
    """Return the file with the part's current process id."""
    return directory / f"{name}.pid"


def program(*names: str, how: str) -> str:
    """Return the path of the first of these programs that is beside this Python or on the PATH.

    Raises `Missing`; `how` says how to get it.
    """
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    found = next(filter(None, (shutil.which(name, path=places) for name in names)), None)
    if found is None:
        raise Missing(f"{names[0]} is not on the PATH: {how}")
    return found


def free_ports(count: int) -> list[int]:
    """Return different free ports of 127.0.0.1.

    Ports that the system gives to outgoing connections are left out: an outgoing connection on such
    a port would keep a part that died from starting again.
    """
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            probe, port = stack.enter_context(socket.socket()), random.randint(*_PORTS)
            with contextlib.suppress(OSError):  # the port is in use, perhaps by this function
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return found
