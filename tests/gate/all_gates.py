"""All gates of the embedded hospital, one after the other, as a newcomer calls them.

    python -m tests.gate.all_gates [--folder FOLDER] [GATE ...]

They share a folder of reports: `rollback` compares with the snapshot of `t12`, and `t24` reads the
verdicts of `phase1` and `nightly`. Each line is a gate, its verdict and its wall time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults.hospitals import ROOT
from tests.gate.environment import environment_without_settings
from tests.shipped_plan import PLAN_VARIABLE

ORDER = ("t12", "phase1", "phase2", "nightly", "t24", "t1", "post-hour", "rollback")


@dataclass(frozen=True)
class JudgedGate:
    """What a gate ended with. `output` is all that it printed."""

    gate: str
    verdict: str
    status: int
    seconds: float
    output: str


def judge_gate(gate: str, folder: Path) -> JudgedGate:
    """Run one gate with its reports in `folder`."""
    reports = folder / "reports/runs"
    environment = environment_without_settings() | {
        **PLAN_VARIABLE,
        "PYTHONPATH": str(ROOT / "src"),
        "CUTOVER_REPORTS": str(reports),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-m", gate, "-p", "no:randomly"]
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    return JudgedGate(gate, _read_verdict(gate, reports), done.returncode, seconds, done.stdout)


def _read_verdict(gate: str, reports: Path) -> str:
    """Return the word of the newest verdict of a gate; empty where there is none."""
    found = sorted(reports.glob(f"2*-embedded-{gate}-cut*/verdict.json"))
    return str(json.loads(found[-1].read_text(encoding="utf-8"))["verdict"]) if found else ""


def main() -> int:
    """Run the named gates, or all; the status is the number of those that are not GO."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the reports; a new one by default")
    parser.add_argument("gates", nargs="*", metavar="GATE", help=f"default: {' '.join(ORDER)}")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="all-gates-"))
    open_gates = 0
    for gate in arguments.gates or ORDER:
        judged = judge_gate(gate, folder)
        print(f"{gate:<10} {judged.verdict or 'no verdict':<8} {judged.seconds:5.0f} s", flush=True)
        (folder / f"{gate}.txt").write_text(judged.output, encoding="utf-8")
        open_gates += judged.verdict != "GO"
    print(f"what they printed, and their reports: {folder}")
    return open_gates


if __name__ == "__main__":
    sys.exit(main())
