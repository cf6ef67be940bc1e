"""Try the gate on faults of the API, and print what caught them: `python -m tests.faults.contract
[NAME …]`. All of them take about five minutes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults import gate_runs, hospitals
from tests.faults.api.api_judge import find_problems
from tests.faults.api.catalogue import BY_NAME
from tests.faults.api.gate_on_fault import run_gate_on_fault
from tests.faults.data.data_judge import item_messages


@dataclass(frozen=True)
class Try:
    """What became of one fault. `seconds` are those of the whole gate."""

    name: str
    wrong: Sequence[str]
    said: str = ""
    seconds: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.contract",
        description="Try the gate on faults of the API against its document.",
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="faults to try; all when none is named"
    )
    parser.add_argument("-n", type=int, default=2, help="how many at a time (default: 2)")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - BY_NAME.keys()):
        parser.error(f"there is no fault {', '.join(unknown)}; there are: {', '.join(BY_NAME)}")
    tries = list(_tries(arguments.names or list(BY_NAME), arguments.n))
    caught = sum(not one.wrong for one in tries)
    print(f"\n{caught} of {len(tries)} caught")
    return int(caught < len(tries))


def _tries(names: Sequence[str], at_a_time: int) -> Iterator[Try]:
    """Each try, printed as it ends."""
    with (
        tempfile.TemporaryDirectory() as folder,
        hospitals.cluster() as cluster,
        ThreadPoolExecutor(at_a_time) as threads,
    ):
        for one in threads.map(lambda name: _try(cluster, name, Path(folder) / name), names):
            said = " ".join(one.said.split())[:200]
            print(
                f"{'caught' if not one.wrong else 'NOT   '} {one.name:<36}"
                f" {BY_NAME[one.name].item:<22} {one.seconds:5.1f} s  {said}",
                flush=True,
            )
            for sentence in one.wrong:
                print(f"      {sentence}")
            yield one


def _try(cluster: hospitals.Cluster, name: str, folder: Path) -> Try:
    folder.mkdir()
    try:
        verdict = run_gate_on_fault(cluster, BY_NAME[name], folder)
    except (gate_runs.NoVerdict, hospitals.HospitalNotStarted) as error:
        return Try(name, [f"{type(error).__name__}: {error}"])
    return Try(
        name,
        find_problems(BY_NAME[name], verdict),
        item_messages(verdict, BY_NAME[name].item),
        verdict.seconds,
    )


if __name__ == "__main__":
    sys.exit(main())
