"""Try the gates on faults, and print what caught them: `python -m tests.faults [NAME …]`.

`--subject load` tries the faults of one subject, `--list` names them. `--check NODE` runs one check
only, and says whether it caught the fault and what it said.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from cutover_gates.core.tables import suggest_nearest
from tests.calibration import describe_calibration
from tests.faults import registry
from tests.faults.gate_runs import NoVerdict
from tests.faults.hospitals import HospitalNotStarted
from tests.faults.judge import find_problems
from tests.faults.load.running_gate import GateAlreadyEnded
from tests.faults.one_check import NoSuchCheck, describe_check, resolve_node
from tests.faults.results import Results, Verdict
from tests.faults.trial import TRIALS, CannotTry, Trial

WIDTH = 200
"""Characters of what a check said that are printed."""
NO_RESULTS = (NoVerdict, HospitalNotStarted, GateAlreadyEnded, CannotTry)


@dataclass(frozen=True)
class Attempt:
    """One fault that was tried: why it does not count as caught, and what was said."""

    name: str
    problems: Sequence[str]
    said: str = ""
    seconds: float = 0.0
    checks: frozenset[str] = frozenset()
    not_passed: frozenset[str] = frozenset()


def main() -> int:
    parser = _create_parser()
    arguments = parser.parse_args()
    names = arguments.names or _names_of(arguments.subject)
    if unknown := [name for name in names if name not in registry.all_faults()]:
        parser.error("; ".join(_describe_unknown(name) for name in unknown))
    if arguments.list:
        return _print_list(names)
    try:
        node = resolve_node(arguments.check) if arguments.check else None
    except NoSuchCheck as error:
        parser.error(str(error))
    print(describe_calibration(), flush=True)
    attempts = list(_try_all(names, node, arguments.n))
    caught = sum(not attempt.problems for attempt in attempts)
    print(f"\n{caught} of {len(attempts)} caught")
    if node is None and {*_names_of("functional")} <= {*names}:
        _print_idle_checks(attempts)
    return int(caught < len(attempts))


def _create_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Try the gates on seeded faults."
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="faults to try; all when none is named"
    )
    parser.add_argument(
        "--subject", choices=registry.MODULES, help="try the faults of this subject only"
    )
    parser.add_argument(
        "--check", metavar="NODE", help="run this check only: file::function, or function"
    )
    parser.add_argument("--list", action="store_true", help="name the faults, and try none")
    parser.add_argument(
        "-n",
        type=int,
        default=os.cpu_count() or 1,
        help="how many at a time (default: one for each core)",
    )
    return parser


def _names_of(subject: str | None) -> list[str]:
    faults = registry.faults_of(subject) if subject else registry.all_faults()
    return list(faults)


def _describe_unknown(name: str) -> str:
    hint = suggest_nearest(name, registry.all_faults()) or " --list names all of them."
    return f"there is no fault {name}.{hint}"


def _print_list(names: Sequence[str]) -> int:
    for name in names:
        fault = registry.all_faults()[name]
        print(f"{registry.subject_of(name):<14} {name:<50} {fault.item:<24} {fault.check}".rstrip())
    print(f"{len(names)} faults")
    return 0


def _try_all(names: Sequence[str], node: str | None, at_a_time: int) -> Iterator[Attempt]:
    """Try the faults, subject by subject; yield each attempt, printed, as it ends."""
    for subject in registry.MODULES:
        of_subject = [name for name in names if registry.subject_of(name) == subject]
        if of_subject:
            yield from _try_subject(subject, of_subject, node, min(at_a_time, len(of_subject)))


def _try_subject(
    subject: str, names: Sequence[str], node: str | None, at_a_time: int
) -> Iterator[Attempt]:
    """Try faults of one subject.

    Each that is tried at the same time has servers of its own: some faults harm a whole server.
    """
    with ExitStack() as stack, ThreadPoolExecutor(at_a_time) as threads:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        idle: SimpleQueue[Trial] = SimpleQueue()
        for number in range(at_a_time):
            shared = folder / f"shared-{number}"
            shared.mkdir()
            try:
                idle.put(stack.enter_context(TRIALS[subject](shared)))
            except CannotTry as error:
                yield from (_print_attempt(Attempt(name, [str(error)])) for name in names)
                return
        for attempt in threads.map(lambda name: _try(idle, name, node, folder / name), names):
            yield _print_attempt(attempt)


def _try(idle: SimpleQueue[Trial], name: str, node: str | None, folder: Path) -> Attempt:
    folder.mkdir()
    fault, trial, started = registry.all_faults()[name], idle.get(), time.monotonic()
    check = node.rpartition("::")[2] if node and fault.check else node
    try:
        results = trial(fault, folder, check)
    except NO_RESULTS as error:
        return Attempt(name, [f"{type(error).__name__}: {error}"])
    finally:
        idle.put(trial)
    seconds = time.monotonic() - started
    if node:
        caught, lines = describe_check(results, node, fault.outcome)
        problems = [] if caught else [f"{node} did not catch it"]
        return Attempt(name, problems, "\n".join(lines), seconds)
    said = " ".join(results.message(fault.catcher()).split())[:WIDTH]
    checks, not_passed = _checks_in(results)
    return Attempt(name, find_problems(fault, results), said, seconds, checks, not_passed)


def _print_attempt(attempt: Attempt) -> Attempt:
    fault = registry.all_faults()[attempt.name]
    word = "NOT caught" if attempt.problems else "caught"
    print(
        f"{word:<10} {attempt.name:<50} {fault.item:<24} {attempt.seconds:5.1f} s  {attempt.said}",
        flush=True,
    )
    for problem in attempt.problems:
        print(f"      {problem}", flush=True)
    return attempt


def _checks_in(results: Results) -> tuple[frozenset[str], frozenset[str]]:
    """Return the checks of a gate without their parameters, and those that did not pass."""
    outcomes = results.checks if isinstance(results, Verdict) else {}
    not_passed = {check for check, outcome in outcomes.items() if outcome != "passed"}
    return frozenset(map(_plain, outcomes)), frozenset(map(_plain, not_passed))


def _plain(check: str) -> str:
    return check.partition("[")[0]


def _print_idle_checks(attempts: Sequence[Attempt]) -> None:
    """Print the functional checks that no fault makes fail: each may be one that cannot.

    A fault with which nothing works is left out, for everything fails with it.
    """
    narrow = [
        attempt
        for attempt in attempts
        if registry.subject_of(attempt.name) == "functional"
        and "*" not in registry.all_faults()[attempt.name].also
    ]
    every = frozenset[str]().union(*(attempt.checks for attempt in narrow))
    idle = every.difference(*(attempt.not_passed for attempt in narrow))
    print(f"{len(idle)} of {len(every)} functional checks found nothing in any of them:")
    print(*sorted(idle), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
