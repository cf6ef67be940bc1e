"""Try the gate on faults, and print what caught them: `python -m tests.faults [NAME …]`.

All of them take about five minutes on two cores.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults import gate_runs, hospitals
from tests.faults.fault import EVERYTHING
from tests.faults.judge import find_problems
from tests.faults.registry import BY_NAME


@dataclass(frozen=True)
class Try:
    """What became of one fault.

    `blamed` are the checks that did not pass, `every` all that there are.
    """

    name: str
    wrong: Sequence[str]
    found: Sequence[str]
    blamed: frozenset[str] = frozenset()
    every: frozenset[str] = frozenset()
    seconds: float = 0.0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Try the gate on seeded faults."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="faults to try; all when none is named"
    )
    parser.add_argument(
        "-n",
        type=int,
        default=os.cpu_count() or 1,
        help="how many at a time (default: one a processor)",
    )
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - BY_NAME.keys()):
        parser.error(f"there is no fault {', '.join(unknown)}; there are: {', '.join(BY_NAME)}")
    tries = list(_tries(arguments.names or list(BY_NAME), arguments.n))
    caught = [one for one in tries if not one.wrong]
    print(f"\n{len(caught)} of {len(tries)} caught")
    if len(tries) == len(BY_NAME):
        _print_checks_that_found_nothing(tries)
    return int(len(caught) < len(tries))


def _tries(names: Sequence[str], at_a_time: int) -> Iterator[Try]:
    """Each try, printed as it ends."""
    with (
        tempfile.TemporaryDirectory() as folder,
        hospitals.cluster() as cluster,
        ThreadPoolExecutor(at_a_time) as threads,
    ):
        for one in threads.map(lambda name: _try(cluster, name, Path(folder) / name), names):
            item, first = BY_NAME[one.name].item, one.found[0] if one.found else ""
            others = f" and {len(one.found) - 1} more" if len(one.found) > 1 else ""
            print(
                f"{'caught' if not one.wrong else 'NOT'}  {one.name:<50} {item:<20}"
                f" {one.seconds:5.1f} s  {first}{others}",
                flush=True,
            )
            for sentence in one.wrong:
                print(f"      {sentence}")
            yield one


def _try(cluster: hospitals.Cluster, name: str, folder: Path) -> Try:
    folder.mkdir()
    try:
        with hospitals.hospital(cluster, name, folder) as hospital:
            verdict = gate_runs.run_functional_gate(hospital, folder)
    except (gate_runs.NoVerdict, hospitals.HospitalNotStarted) as error:
        return Try(name, [str(error)], [])
    found = [check.removeprefix("smoke/") for check in verdict.failed_checks(BY_NAME[name].item)]
    blamed = frozenset(check for check, outcome in verdict.checks.items() if outcome != "passed")
    return Try(
        name,
        find_problems(BY_NAME[name], verdict),
        found,
        blamed,
        frozenset(verdict.checks),
        verdict.seconds,
    )


def _print_checks_that_found_nothing(tries: Sequence[Try]) -> None:
    """A check that no fault makes fail may be one that cannot.

    Cases of one check count as one; where everything fails nothing was found.
    """
    narrow = [one for one in tries if BY_NAME[one.name].also is not EVERYTHING]
    every = {check.partition("[")[0] for one in narrow for check in one.every}
    idle = every - {check.partition("[")[0] for one in narrow for check in one.blamed}
    print(
        f"{len(idle)} of {len(every)} checks found nothing in any of them:",
        *sorted(idle),
        sep="\n  ",
    )


if __name__ == "__main__":
    sys.exit(main())
