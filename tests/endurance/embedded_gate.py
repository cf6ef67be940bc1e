"""A whole gate on the embedded hospital, with workers and load, that is killed in parts."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.calibration import scale_seconds
from tests.faults.hospitals import ROOT
from tests.faults.load.running_gate import LOAD
from tests.gate.environment import environment_without_settings
from tests.gate.kills.leftovers import runs
from tests.shipped_plan import PLAN_VARIABLE

MARK = "TESTS_KILLED_GATE"
"""A variable that every process of a gate inherits, so that none is overlooked."""
LONGEST_SECONDS = 400.0
XDIST, REFERENCE = "exec(eval(sys.stdin.readline()))", "reference"


@dataclass
class EmbeddedGate:
    """A running `pytest -m NAME -n 2`, with its reports in `folder`."""

    folder: Path
    name: str = "phase3"
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        environment = environment_without_settings()
        environment |= {
            **PLAN_VARIABLE,
            "PYTHONPATH": str(ROOT / "src"),
            "CUTOVER_REPORTS": str(self.folder / "reports/runs"),
            MARK: str(self.folder),
        }
        with (self.folder / "output.txt").open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-m", self.name, "-n", "2", "-p", "no:randomly"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def verdict(self) -> str:
        """Return the word of the verdict on disk, empty where there is none yet."""
        for path in self.folder.glob("reports/runs/2*/verdict.json"):
            return str(json.loads(path.read_text(encoding="utf-8"))["verdict"])
        return ""

    def output(self) -> str:
        """Return what the gate has printed so far."""
        return (self.folder / "output.txt").read_text(encoding="utf-8", errors="replace")

    def find_processes(self, text: str = "") -> list[psutil.Process]:
        """Return the live processes of the gate with a text in their command lines."""
        found = []
        for process in psutil.process_iter():
            try:
                is_ours = process.environ().get(MARK) == str(self.folder)
                if is_ours and runs(process) and text in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def end(self) -> int:
        """Return the status with which the gate ends by itself."""
        return self.process.wait(timeout=scale_seconds(LONGEST_SECONDS))

    def find_orphans(self, seconds: float) -> list[psutil.Process]:
        """Return the processes that are still there after so many seconds."""
        ends = time.monotonic() + seconds
        while (left := self.find_processes()) and time.monotonic() < ends:
            time.sleep(0.1)
        return left

    def remove(self) -> None:
        """Kill whatever is left of this gate, and of no other."""
        for process in self.find_processes():
            process.kill()
        self.process.wait()


Victims = Callable[[EmbeddedGate], list[psutil.Process]]
VICTIMS: dict[str, Victims] = {
    "controller": lambda gate: [psutil.Process(gate.process.pid)],
    "worker": lambda gate: gate.find_processes(XDIST),
    "load": lambda gate: gate.find_processes(LOAD),
    "reference": lambda gate: gate.find_processes(f"-m {REFERENCE}"),
}


def kill(process: psutil.Process) -> None:
    """Kill a process as the kernel does when memory runs out."""
    process.send_signal(signal.SIGKILL)
