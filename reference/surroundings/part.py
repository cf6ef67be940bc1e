"""What the warden is asked to keep, and how the others find a place for it."""

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

_PORTS = (10240, 32767)  # Linux gives outgoing connections those above, others still higher ones


class Missing(Exception):
    """A part cannot be started here; the message is one sentence that says how to get it."""


@dataclass(frozen=True)
class Part:
    """One process.

    `says` may hold secrets: it goes to the process on its standard input, and nowhere else.
    `after`: a file that it waits for.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    says: str | None = field(default=None, repr=False)
    after: Path | None = None
    again: bool = False

    def order(self, directory: Path) -> dict[str, Any]:
        """As the warden reads it."""
        return {
            **asdict(self),
            "after": self.after and str(self.after),
            "pid": str(pid_file(directory, self.name)),
        }


def pid_file(directory: Path, name: str) -> Path:
    """Holds the process id of the part as it runs now."""
    return directory / f"{name}.pid"


def program(*names: str, how: str) -> str:
    """The path of the first of these programs that is beside this Python or on the PATH.

    Raises `Missing`; `how` says where to get it.
    """
    places = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    found = next(filter(None, (shutil.which(name, path=places) for name in names)), None)
    if found is None:
        raise Missing(f"{names[0]} is not on the PATH: {how}")
    return found


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that nobody has.

    None of those that a system gives to outgoing connections: one of these would keep a part that
    died from coming back.
    """
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            probe, port = stack.enter_context(socket.socket()), random.randint(*_PORTS)
            with contextlib.suppress(OSError):  # somebody has it, perhaps we ourselves
                probe.bind(("127.0.0.1", port))
                found.append(port)
    return found
