"""Judges a hospital that keeps its document, with one seed after the other, and counts how often it
is blamed.

`python -m tests.faults.api.false_alarms [--seeds 10] [--seconds 120]`: deep runs, as every night
makes one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults import gate_runs, hospitals
from tests.faults.api.api_fault import DEEP
from tests.faults.api.gate_on_fault import run_gate_without_fault

SLACK = 200.0
"""Seconds that a gate may take beside its run."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.api.false_alarms",
        description="Judge a hospital that keeps its document.",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=10,
        help="how many runs, each with a seed of its own (default: 10)",
    )
    parser.add_argument(
        "--seconds", type=int, default=120, help="that each of them takes (default: 120)"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, hospitals.cluster() as cluster:
        blamed = sum(
            not _well(cluster, seed, arguments.seconds, Path(folder) / str(seed))
            for seed in range(1, arguments.seeds + 1)
        )
    print(f"{blamed} of {arguments.seeds} clean runs were blamed")
    return int(blamed > 0)


def _well(cluster: hospitals.Cluster, seed: int, seconds: int, folder: Path) -> bool:
    """Whether the gate says GO; print what it says."""
    folder.mkdir()
    try:
        verdict = run_gate_without_fault(
            cluster, {**DEEP, "deep_seconds": seconds, "seed": seed}, folder, seconds + SLACK
        )
    except gate_runs.NoVerdict as none:
        print(f"seed {seed}: {none}", flush=True)
        return False
    print(f"seed {seed}: {verdict.word}, {verdict.seconds:.0f} s in all", flush=True)
    for item in verdict.items:
        if verdict.outcome(item) != "passed":
            print(f"  {item} is {verdict.outcome(item)}: {verdict.message(item)}", flush=True)
    return verdict.word == "GO"


if __name__ == "__main__":
    sys.exit(main())
