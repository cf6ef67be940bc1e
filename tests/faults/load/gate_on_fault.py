"""Tries a gate of the suite `performance` on a hospital, as a user would: a pytest process with
settings of its own, and its verdict.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.faults import gate_runs, hospitals
from tests.faults.load.load_fault import CLERK, LoadFault
from tests.faults.load.load_verdict import LoadVerdict
from tests.faults.load.running_gate import RunningGate
from tests.faults.results import Verdict
from tests.faults.serve import NONE

USUAL: Mapping[str, Any] = {
    "rate": 40,
    "ramp_seconds": 1,
    "min_seconds": 12,
    "max_seconds": 45,
    "request_seconds": 4,
    "error_rate": 0.01,
    "journeys": CLERK,
    "objectives": {"p95": 0.5, "p99": 1.0},
}
"""As short as certainty can be: the plan's 0.1 % would take 3,500 requests, 1 % takes a tenth.

Two such runs fit side by side on two processors.
"""
NO_BASELINE = "each hospital here is new: there is nothing to hold it against"


def run_gate_on_fault(
    cluster: hospitals.Cluster, fault: type[LoadFault], folder: Path, *files: str
) -> LoadVerdict:
    """Run the gate on a hospital with this fault, or only these files of it.

    One that is slower than before is opened at the address at which the baseline was recorded.
    """
    port = _record_baseline(cluster, fault, fault.before, folder) if fault.before else 0
    with hospitals.hospital(cluster, fault.__name__, folder, port) as hospital:
        process = start_gate(hospital, _compared(fault), folder, fault.gate, *files)
        return _harmed(cluster, hospital, process, fault, folder)


def run_gate_without_fault(
    cluster: hospitals.Cluster,
    asked: Mapping[str, Any],
    folder: Path,
    seconds: float = LoadFault.seconds,
    name: str = NONE,
) -> LoadVerdict:
    """The gate on a hospital without a fault; `asked` is as a fault's."""
    with hospitals.hospital(cluster, name, folder) as hospital:
        verdict = gate_runs.wait_for_verdict(start_gate(hospital, asked, folder), folder, seconds)
    return _with_load(verdict, folder, recorded=False)


def start_gate(
    hospital: hospitals.Hospital,
    asked: Mapping[str, Any],
    folder: Path,
    gate: str = "phase3",
    *files: str,
) -> subprocess.Popen[str]:
    """Start the gate; `asked` are settings of `performance` over the usual ones."""
    return gate_runs.start_gate(
        f"{gate} and performance",
        gate_runs.write_settings(hospital, folder),
        {**gate_runs.secrets_of(hospital), **_told({**USUAL, **asked})},
        Path(hospital.shared) / "compiled",
        *gate_runs.PLAIN,
        *files,
    )


def _record_baseline(
    cluster: hospitals.Cluster, fault: type[LoadFault], before: str, folder: Path
) -> int:
    """Record one, of a hospital that is as it should be; the port at which it was."""
    with hospitals.hospital(cluster, before, folder) as hospital:
        verdict = gate_runs.wait_for_verdict(
            start_gate(hospital, _compared(fault), folder, "t1"), folder, fault.seconds
        )
        assert _baselines(folder), verdict.output
        return urlsplit(hospital.url).port or 0


def _compared(fault: type[LoadFault]) -> Mapping[str, Any]:
    """The fault's settings, with a baseline's name where there is to be one."""
    return {
        **fault.asked,
        **({"baseline": {"name": "before"}} if fault.before or fault.gate == "t1" else {}),
    }


def _harmed(
    cluster: hospitals.Cluster,
    hospital: hospitals.Hospital,
    process: subprocess.Popen[str],
    fault: type[LoadFault],
    folder: Path,
) -> LoadVerdict:
    """Do to the running gate what the fault does to it; what it ends in."""
    with ThreadPoolExecutor(1) as thread, ExitStack() as until_the_end:
        again = partial(hospitals.restart_hospital, cluster, hospital, fault.__name__, folder)
        harm = thread.submit(
            fault().meanwhile, RunningGate(process, folder, hospital, again, until_the_end)
        )
        verdict = gate_runs.wait_for_verdict(process, folder, fault.seconds)
        harm.result()
    return _with_load(verdict, folder, _baselines(folder))


def _with_load(verdict: Verdict, folder: Path, recorded: bool) -> LoadVerdict:
    return LoadVerdict(**vars(verdict), load=_load_of(folder), recorded=recorded)


def _told(performance: Mapping[str, Any]) -> dict[str, str]:
    """The settings, by the environment: JSON."""
    start = "CUTOVER_TARGETS__TRIED__"
    told = {f"{start}PERFORMANCE": json.dumps(performance)}
    return (
        told
        if "baseline" in performance
        else {**told, f"{start}UNSUPPORTED": json.dumps({"baseline": NO_BASELINE})}
    )


def _baselines(folder: Path) -> bool:
    return any(folder.glob("reports/baselines/*/*.json"))


def _load_of(folder: Path) -> Mapping[str, Any]:
    """The facts of the latest run's load."""
    *_, latest = [
        {},
        *(
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted(folder.glob("reports/runs/2*/load/load.json"))
        ),
    ]
    found: Mapping[str, Any] = latest.get("found", {})
    return found
