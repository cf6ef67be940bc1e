"""All gates of the embedded hospital, one after the other, as a newcomer calls them.

    python -m tests.gate.all_gates [--folder FOLDER] [--with-faults] [GATE ...]

They share a folder of reports: `rollback` compares with the snapshot of `t12`, and `t24` reads the
verdicts of `phase1`, `rollback` and `nightly`. So these four are judged first, as on staging, and
then the night from t24 to post-hour. Each line is a gate, its verdict, its wall time, and how many
of its items ended how.

`--with-faults` judges three gates on a hospital with a fault each (`night_faults.py`); these must
be NO-GO, by the item that the fault names, and all others GO.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.hospitals import ROOT
from tests.gate.environment import environment_without_settings
from tests.gate.night_faults import FAULTS, NightFault, clone_with_fault
from tests.shipped_plan import PLAN_VARIABLE

PREPARATION = ("t12", "phase1", "rollback", "nightly")
"""What t24 asks for: the verdicts of staging, and a snapshot that they compare with."""
NIGHT = ("t24", "t12", "t1", "phase1", "phase2", "phase3", "post-hour")
ORDER = (*PREPARATION, *NIGHT)


@dataclass(frozen=True)
class JudgedGate:
    """What a gate ended with. `output` is all that it printed; `items` are the outcomes by id.

    `fault` is what was put into its hospital, and `expected` the item that has to tell it.
    """

    gate: str
    verdict: str
    status: int
    seconds: float
    output: str
    items: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""
    expected: str = ""

    @property
    def told(self) -> str:
        """Return how many items ended how: `1 failed, 9 passed`."""
        counts = Counter(self.items.values())
        return ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))

    @property
    def is_right(self) -> bool:
        """Return whether it is GO; with a fault whether the item of the fault has failed."""
        if self.expected:
            return self.verdict == "NO-GO" and self.items.get(self.expected) == "failed"
        return self.verdict == "GO"

    def describe(self) -> str:
        """Return one line for a person."""
        verdict = self.verdict or "no verdict"
        line = f"{self.gate:<10} {verdict:<10} {self.seconds:5.0f} s  {self.told}"
        if not self.expected:
            return line
        return f"{line}\n           {self.fault}: {self.expected} {self.items.get(self.expected)}"


def judge_gate(gate: str, folder: Path, fault: NightFault | None = None) -> JudgedGate:
    """Run one gate with its reports in `folder`, on a hospital with the fault where one is given."""
    reports = folder / "reports/runs"
    checkout = ROOT if fault is None else clone_with_fault(fault, folder)
    environment = environment_without_settings() | {
        **PLAN_VARIABLE,
        "PYTHONPATH": str(checkout / "src"),
        "CUTOVER_REPORTS": str(reports),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-m", gate, "-p", "no:randomly"]
    before = _find_verdicts(gate, reports)
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=checkout,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    # A verdict that was there before is of another run of the gate.
    verdict, items = _read_verdict(_find_verdicts(gate, reports) - before)
    told = (fault.harm, fault.item) if fault else ("", "")
    return JudgedGate(gate, verdict, done.returncode, seconds, done.stdout, items, *told)


def _find_verdicts(gate: str, reports: Path) -> set[Path]:
    return set(reports.glob(f"2*-embedded-{gate}-cut*/verdict.json"))


def _read_verdict(found: set[Path]) -> tuple[str, dict[str, str]]:
    """Return the word and the outcomes of the items; empty where there is no verdict."""
    if not found:
        return "", {}
    verdict = json.loads(max(found).read_text(encoding="utf-8"))
    return str(verdict["verdict"]), {one["id"]: one["outcome"] for one in verdict["items"]}


def name_output(judged: Sequence[JudgedGate], one: JudgedGate) -> str:
    """Return the file of what a gate printed. A gate that is judged twice has two."""
    number = next(place for place, other in enumerate(judged, 1) if other is one)
    return f"{number:02}-{one.gate}.txt"


def write_table(judged: list[JudgedGate], folder: Path) -> None:
    """Write the gates as `night.json` and `night.md` into the folder."""
    plain = [{**asdict(one), "output": name_output(judged, one)} for one in judged]
    (folder / "night.json").write_text(json.dumps(plain, indent=1), encoding="utf-8")
    rows = ["| gate | verdict | seconds | items | fault | told by |", "|---|---|---|---|---|---|"]
    for one in judged:
        cells = (one.gate, one.verdict, f"{one.seconds:.0f}", one.told, one.fault, one.expected)
        rows.append(f"| {' | '.join(cells)} |")
    (folder / "night.md").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _read_call() -> tuple[Path, Sequence[str], dict[str, NightFault]]:
    """Return the folder, the gates in their order, and the faults by their gates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="keeps the reports; a new one by default")
    parser.add_argument("--with-faults", action="store_true", help="three of them, each with one")
    parser.add_argument("gates", nargs="*", metavar="GATE", help=f"default: {' '.join(ORDER)}")
    call = parser.parse_args()
    faults = {one.gate: one for one in FAULTS} if call.with_faults else {}
    gates = call.gates or ORDER
    if faults and not faults.keys() & set(gates):
        parser.error(f"--with-faults needs one of these gates: {', '.join(faults)}")
    return call.folder or Path(tempfile.mkdtemp(prefix="all-gates-")), gates, faults


def main() -> int:
    """Run the named gates, or all; the status is the number of those that are not as they must be."""
    folder, gates, faults = _read_call()
    folder.mkdir(parents=True, exist_ok=True)
    judged: list[JudgedGate] = []
    for number, gate in enumerate(gates):
        # A gate that is judged twice has its fault in the night, and not in the preparation.
        fault = faults.get(gate) if gate not in gates[number + 1 :] else None
        judged.append(judge_gate(gate, folder, fault))
        print(judged[-1].describe(), flush=True)
        path = folder / name_output(judged, judged[-1])
        path.write_text(judged[-1].output, encoding="utf-8")
        write_table(judged, folder)
    print(f"what they printed, and their reports: {folder}")
    return sum(not one.is_right for one in judged)


if __name__ == "__main__":
    sys.exit(main())
