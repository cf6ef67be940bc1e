"""Try the gate on faults under load, and print what caught them: `python -m tests.faults.load [NAME
…]`. All of them take a quarter of an hour.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from tests.faults import gate_runs, hospitals
from tests.faults.data.data_judge import item_messages
from tests.faults.load.catalogue import BY_NAME
from tests.faults.load.gate_on_fault import run_gate_on_fault
from tests.faults.load.load_judge import find_problems
from tests.faults.load.running_gate import GateAlreadyEnded


@dataclass(frozen=True)
class Try:
    """What became of one fault.

    `judged` are the seconds that its load was judged, `seconds` those of the whole gate.
    """

    name: str
    wrong: Sequence[str]
    said: str = ""
    judged: float = 0.0
    seconds: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.load", description="Try the gate on faults under load."
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
    """Each try, printed as it ends.

    Those at the same time have a PostgreSQL each: some faults are of the whole server.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        ExitStack() as stack,
        ThreadPoolExecutor(at_a_time) as threads,
    ):
        idle: SimpleQueue[hospitals.Cluster] = SimpleQueue()
        for _ in range(at_a_time):
            idle.put(stack.enter_context(hospitals.cluster()))
        for one in threads.map(lambda name: _try(idle, name, Path(folder) / name), names):
            item = BY_NAME[one.name].item
            times = f"{one.seconds:5.1f} s, {one.judged:5.1f} s judged"
            print(
                f"{'caught' if not one.wrong else 'NOT   '} {one.name:<34} {item:<17} {times} "
                f" {one.said[:200]}",
                flush=True,
            )
            for sentence in one.wrong:
                print(f"      {sentence}")
            yield one


def _try(idle: SimpleQueue[hospitals.Cluster], name: str, folder: Path) -> Try:
    folder.mkdir()
    cluster, started = idle.get(), time.monotonic()
    try:
        found = run_gate_on_fault(cluster, BY_NAME[name], folder)
    except (gate_runs.NoVerdict, hospitals.HospitalNotStarted, GateAlreadyEnded) as error:
        return Try(name, [f"{type(error).__name__}: {error}"], seconds=time.monotonic() - started)
    finally:
        idle.put(cluster)
    said = item_messages(found.verdict, BY_NAME[name].item).partition("\n")[0]
    return Try(
        name,
        find_problems(BY_NAME[name], found),
        said,
        found.load.get("judged_seconds", 0.0),
        time.monotonic() - started,
    )


if __name__ == "__main__":
    sys.exit(main())
