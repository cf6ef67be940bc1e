"""A real gate of the embedded hospital's rollout, and what can be done to the hospital meanwhile.

with begin_gate("phase2-50", folder) as trial:
trial.wait_for_line("50 % is live")
trial.set_weights(10)
assert trial.outcome("half-deployment") == "failed"
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from reference.environment.weights import CaddyAdmin, WeightsNotSet
from tests.calibration import scale_seconds
from tests.faults.hospitals import ROOT
from tests.gate.environment import environment_without_settings
from tests.gate.kills.leftovers import runs, wait
from tests.shipped_plan import PLAN_VARIABLE

GATE_SECONDS = 420.0
START_SECONDS = 150.0
VARIABLES = "CUTOVER_TARGETS__EMBEDDED__ROLLOUT__"
FACTOR = "40"
"""Times shorter than the plan: the canary is live for 15 s, which is too short for a GO."""
DECLARED_FACTOR = "20"
"""As `cutover.toml` has it: 30 s of the canary have some 90 answers of the new release, and its
limit of errors takes 61."""


@dataclass
class RolloutTrial:
    """The gate, with its reports in `folder`. `target` is what it judges."""

    gate: str
    folder: Path
    process: subprocess.Popen[bytes]
    output: Path
    target: str = "embedded"

    # -- what is done to the hospital

    @property
    def directory(self) -> Path:
        """The private directory of the hospital's programs."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.Error):
                words = child.cmdline()
                for word, after in itertools.pairwise(words):
                    if word.endswith("parent_watchdog.py"):
                        return Path(after)
        raise LookupError("no hospital runs")

    @property
    def proxy(self) -> CaddyAdmin:
        """The hospital's proxy."""
        return CaddyAdmin(self.directory / "caddy.sock")

    def read_pid(self, part: str) -> int:
        """Return the process id of an instance."""
        return int((self.directory / f"{part}.pid").read_text())

    def wait_for_line(self, text: str) -> None:
        """Wait until the gate has printed it."""
        wait(
            f"{text!r}; it printed {self.read_output()[-2000:]}",
            lambda: text in self.read_output() or self.process.poll() is not None,
            scale_seconds(START_SECONDS),
        )

    def wait_for_hospital(self) -> None:
        """Wait until the proxy can be told its weights."""

        def is_there() -> bool:
            with suppress(LookupError, OSError):
                return (self.directory / "caddy.sock").exists()
            return False

        wait("the hospital's proxy", is_there, scale_seconds(START_SECONDS))

    def kill_watcher(self) -> None:
        """Kill the watcher of the hospital."""
        for child in list_offspring(self.process):
            with suppress(psutil.Error):
                words = child.cmdline()
                if "watch" in words and "--read-back" not in words:
                    child.kill()

    def wait_until_taken_back(self) -> None:
        """Wait until one backend is left behind the proxy."""

        def is_back() -> bool:
            with suppress(WeightsNotSet, LookupError):
                return len(self.proxy.get_weights()) == 1
            return False

        wait("the way back", is_back, scale_seconds(60))

    def is_backend_of(self, pid: int, address: str) -> bool:
        """Return whether a process listens at `host:port`."""
        port = int(address.rpartition(":")[2])
        listening = psutil.Process(pid).net_connections(kind="inet")
        return any(one.laddr.port == port for one in listening)

    # -- what came of it

    def read_output(self) -> str:
        """Return all that the gate and its children have printed."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def end(self) -> None:
        """Wait until the gate has ended."""
        self.process.wait(scale_seconds(GATE_SECONDS))

    def read_verdict(self, gate: str = "") -> dict[str, Any]:
        """Return the verdict of this gate, or of one of its steps."""
        pattern = f"2*-{self.target}-{gate or self.gate}-cut*/verdict.json"
        (path,) = self.folder.glob(f"runs/{pattern}")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def outcome(self, item: str) -> str:
        """Return the outcome of an item."""
        found = {one["id"]: one["outcome"] for one in self.read_verdict()["items"]}
        return str(found[item])

    def rules_of(self, item: str) -> set[str]:
        """Return the rules of the findings and gaps of an item."""
        (found,) = [one for one in self.read_verdict()["items"] if one["id"] == item]
        return {each["rule"] for check in found["checks"] for each in check["findings"]}


@contextmanager
def begin_gate(
    gate: str,
    folder: Path,
    *words: str,
    factor: str = FACTOR,
    rollout: Mapping[str, str] | None = None,
) -> Iterator[RolloutTrial]:
    """Start a gate of the embedded hospital, and wait for its end where the block has ended.

    `words` are further ones of its command line; all is shorter by `factor` than in the plan.
    `rollout` are settings of its rollout by the end of their variables.
    """
    named = {"TIME_FACTOR": factor, **(rollout or {})}
    variables = {f"{VARIABLES}{name}": value for name, value in named.items()}
    with begin_gate_of("embedded", gate, folder, words, variables) as trial:
        yield trial


@contextmanager
def begin_gate_of(
    target: str, gate: str, folder: Path, words: Sequence[str], variables: Mapping[str, str]
) -> Iterator[RolloutTrial]:
    """Start a gate of any target. `variables` go to its environment."""
    output = folder / "output.txt"
    environment = environment_without_settings() | {
        **PLAN_VARIABLE,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "CUTOVER_REPORTS": str(folder / "runs"),
        **variables,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-m", gate, "-p", "no:randomly", *words]
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    trial = RolloutTrial(gate, folder, process, output, target)
    try:
        yield trial
        trial.end()
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a gate that still runs: it ends what it has started."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(60)
        process.kill()


def list_offspring(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes below a gate."""
    return psutil.Process(process.pid).children(recursive=True)


def find_survivors(offspring: list[psutil.Process], seconds: float) -> list[str]:
    """Return what still runs after so many seconds."""
    ends = time.monotonic() + seconds
    while (left := [one for one in offspring if runs(one)]) and time.monotonic() < ends:
        time.sleep(0.1)
    return [" ".join(one.cmdline()) for one in left]
