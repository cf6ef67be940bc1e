"""Several machines on this one: each a network namespace of its own, joined by a bridge.

Where that cannot be, plain processes stand for them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PREFIX = "cutload"
"""Of everything here: `cutload-<pid>-<number>` belongs to the process of that id."""
WORKER = f"{sys.executable} -m cutover_gates.probes.load.worker_main"


@dataclass(frozen=True)
class Machines:
    """Their `names`; `command` starts a load process on one; `address` is this machine as they see
    it. `apart`: each has a network of its own.
    """

    names: tuple[str, ...]
    command: str
    address: str
    apart: bool


@contextmanager
def machines(count: int) -> Iterator[Machines]:
    """So many machines, until the block ends."""
    _sweep()
    with ExitStack() as stack:
        try:
            made = _namespaces(count, stack)
        except (OSError, subprocess.CalledProcessError) as error:
            said = str(getattr(error, "stderr", "") or error).strip()
            warnings.warn(
                f"no network namespaces here ({said}): plain processes stand for the machines",
                stacklevel=2,
            )
            made = Machines(
                tuple(f"127.0.0.{number + 2}" for number in range(count)),
                WORKER,
                "127.0.0.2",
                apart=False,
            )
        yield made


def _namespaces(count: int, stack: ExitStack) -> Machines:
    network, bridge = f"10.203.{os.getpid() % 250 + 1}", f"cutl{os.getpid()}"
    _ip("link", "add", bridge, "type", "bridge")
    stack.callback(_ip, "link", "delete", bridge)
    _ip("address", "add", f"{network}.1/24", "dev", bridge)
    _ip("link", "set", bridge, "up")
    names = tuple(f"{PREFIX}-{os.getpid()}-{number}" for number in range(1, count + 1))
    for number, name in enumerate(names, 1):
        cable = f"{bridge}w{number}"
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "delete", name)
        _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        stack.callback(_ip, "link", "delete", cable)
        _ip("link", "set", cable, "master", bridge, "up")
        _ip("-n", name, "address", "add", f"{network}.{number + 1}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")
    return Machines(names, f"ip netns exec {{host}} {WORKER}", f"{network}.1", apart=True)


def _sweep() -> None:
    """What a killed test left."""
    for name in [path.name for path in Path("/run/netns").glob(f"{PREFIX}-*")]:
        if not psutil.pid_exists(owner := int(name.split("-")[1])):
            _ip("netns", "delete", name, check=False)
            _ip("link", "delete", f"cutl{owner}", check=False)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True, text=True)
