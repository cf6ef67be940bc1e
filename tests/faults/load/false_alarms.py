"""Judges a hospital without a fault, again and again, and counts how often it is blamed: `python -m
tests.faults.load.false_alarms --runs 20 [--busy 2]`.

With the plan's own error rate, all journeys and all objectives, as the embedded hospital is judged:
a run takes a minute to a minute and a half.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults import gate_runs, hospitals
from tests.faults.load.busy_processes import keep_processors_busy
from tests.faults.load.gate_on_fault import run_gate_without_fault
from tests.faults.load.load_fault import EVERYBODY
from tests.faults.load.load_verdict import LoadVerdict

SECONDS = 400.0
PLAN_LIKE: dict[str, Any] = {
    "rate": 80,
    "ramp_seconds": 5,
    "min_seconds": 25,
    "max_seconds": 150,
    "request_seconds": 10,
    "error_rate": 0.001,
    "journeys": EVERYBODY,
    "resources": {"cpu_cores": 1.6},
}
"""Settings of `performance` as the embedded hospital is judged by them."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.load.false_alarms",
        description="Judge a hospital without a fault.",
    )
    parser.add_argument("--runs", type=int, default=20, help="how many in a row (default: 20)")
    parser.add_argument("--rate", type=float, default=80, help="requests a second (default: 80)")
    parser.add_argument(
        "--busy",
        type=int,
        default=0,
        metavar="N",
        help="with N processes beside it that do nothing, as fast as they can",
    )
    arguments = parser.parse_args()
    asked = {**PLAN_LIKE, "rate": arguments.rate}
    with keep_processors_busy(arguments.busy):
        words = [
            _said(number, found) for number, found in enumerate(_runs(arguments.runs, asked), 1)
        ]
    false = sum(word != "GO" for word in words)
    print(f"{false} of {len(words)} clean runs ended in a false NO-GO")
    return int(false > 0)


def _runs(count: int, asked: dict[str, Any]) -> Iterator[LoadVerdict | str]:
    """Each with a folder and a database of its own; a sentence where there is no verdict."""
    with tempfile.TemporaryDirectory() as folder, hospitals.cluster() as cluster:
        for number in range(count):
            place = Path(folder) / str(number)
            place.mkdir()
            try:
                yield run_gate_without_fault(cluster, asked, place, SECONDS)
            except gate_runs.NoVerdict as none:
                yield str(none)


def _said(number: int, found: LoadVerdict | str) -> str:
    """Print it; the verdict's word."""
    if isinstance(found, str):
        print(f"{number}: {found}", flush=True)
        return "none"
    load, verdict = found.load, found
    made = (
        f"{load.get('judged_seconds', 0):.0f} s judged, {load.get('requests', 0)} requests,"
        f" {verdict.seconds:.0f} s in all"
    )
    print(f"{number}: {verdict.word}, {made}; {load.get('ended', 'no load was made')}", flush=True)
    for item in verdict.items:
        if verdict.outcome(item) != "passed":
            first, _, _ = verdict.message(item).partition("\n")
            print(f"   {item} is {verdict.outcome(item)}: {first}", flush=True)
    return verdict.word


if __name__ == "__main__":
    sys.exit(main())
