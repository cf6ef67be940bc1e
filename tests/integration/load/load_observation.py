"""What can be seen of a load from outside: its processes, and what the hospital's own log says of
it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PROCESS = "cutover_gates.probes.load.worker_main"


def wait(for_what: str, there: Callable[[], object], seconds: float) -> None:
    """Wait until it is there."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, f"waited {seconds:g} s for {for_what}"
        time.sleep(0.02)


def requests_served(folder: Path) -> int:
    """Return how many requests of people stand in the hospital's log in `folder`.

    Those of signing in are left out, and those of the administrator, who reads and retires what
    was made, and of strangers (which system is it?).
    """
    lines = map(json.loads, (folder / "hospital.jsonl").read_text(encoding="utf-8").splitlines())
    return sum(
        line["message"] == "request"
        and "/auth/" not in line["route"]
        and line["username"] not in (None, "administrator")
        for line in lines
    )


def load_processes() -> list[psutil.Process]:
    """Those that this process has started, in that order, without what they run in."""
    found = [
        one
        for one in psutil.Process().children(recursive=True)
        if is_running(one) and PROCESS in one.cmdline()
    ]
    return sorted(found, key=lambda one: (one.create_time(), one.pid))


def is_running(process: psutil.Process) -> bool:
    """Alive, and not merely waiting to be buried."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def network(process: psutil.Process) -> str:
    """The network namespace that it is in."""
    return str(Path(f"/proc/{process.pid}/ns/net").readlink())
