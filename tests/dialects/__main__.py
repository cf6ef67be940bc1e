"""Judge every dialect, and try the gate on its faults.

    python -m tests.dialects [NAME …] [--faults]

Without names it takes all dialects.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.dialects.catalogue import DIALECTS
from tests.dialects.dialect import Caught, Dialect
from tests.dialects.judging import find_problems
from tests.faults.gate_runs import NoVerdict


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.dialects",
        description="Judge hospitals that speak otherwise, by their settings alone.",
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"dialects to judge; all when none is named: {', '.join(DIALECTS)}",
    )
    parser.add_argument(
        "--faults", action="store_true", help="try every fault in each of them, too"
    )
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - DIALECTS.keys()):
        parser.error(f"there is no dialect {', '.join(unknown)}; there are: {', '.join(DIALECTS)}")
    chosen = [DIALECTS[name] for name in arguments.names or DIALECTS]
    with tempfile.TemporaryDirectory() as folder:
        are_fine = [_judge(dialect, Path(folder)) for dialect in chosen]
        if arguments.faults:
            are_fine.append(_try_faults(chosen, Path(folder)))
    return int(not all(are_fine))


def _judge(dialect: Dialect, folder: Path) -> bool:
    """Judge it, and print the verdict and what was declared absent."""
    verdict = dialect.judged(None, _new(folder, f"{dialect.name}-clean"), folder / "compiled")
    passed = sum(outcome == "passed" for outcome in verdict.checks.values())
    driver = " and driver" if len(dialect.written) > 1 else ""
    print(
        f"{dialect.name:<10}{verdict.word:<7}{dialect.lines:>4} lines of settings{driver},"
        f" {passed} checks passed, {len(verdict.checks) - passed} not applicable or open,"
        f" {verdict.seconds:.1f} s",
        flush=True,
    )
    print(f"{'':<10}declared absent: {', '.join(verdict.declared) or 'nothing'}", flush=True)
    return verdict.status == 0


def _try_faults(dialects: list[Dialect], folder: Path) -> bool:
    """Try every fault in every dialect; print a line for each, and a table by class."""
    caught: Counter[str] = Counter()
    seeded: Counter[str] = Counter()
    complaints: list[str] = []
    print(f"\n{'dialect':<10}{'fault':<36}{'must be caught by':<22}")
    for dialect, name, fault in _list_faults(dialects):
        problems = _find_problems(dialect, name, folder)
        word = "NOT" if problems else "caught"
        print(f"{dialect.name:<10}{name:<36}{fault.item:<22}{word}", flush=True)
        kind = class_of(fault)
        seeded[kind] += 1
        caught[kind] += not problems
        complaints += [f"{dialect.name}, {name}: {sentence}" for sentence in problems]
    print(*complaints, "", f"{'class':<36}caught of seeded", sep="\n")
    for kind in sorted(seeded):
        print(f"{kind:<36}{caught[kind]} of {seeded[kind]}")
    print(f"{'all':<36}{caught.total()} of {seeded.total()}")
    return not complaints


def _list_faults(dialects: list[Dialect]) -> Iterator[tuple[Dialect, str, Caught]]:
    for dialect in dialects:
        for name, fault in dialect.faults.items():
            yield dialect, name, fault


def class_of(fault: Caught) -> str:
    """Return the class of a fault; those that are the reference's are classed by their item."""
    return str(getattr(fault, "kind", fault.item))


def _find_problems(dialect: Dialect, fault: str, folder: Path) -> list[str]:
    try:
        return find_problems(
            dialect.faults[fault],
            dialect.judged(fault, _new(folder, f"{dialect.name}-{fault}"), folder / "compiled"),
        )
    except NoVerdict as error:
        return [str(error)]


def _new(folder: Path, name: str) -> Path:
    made = folder / name
    made.mkdir()
    return made


if __name__ == "__main__":
    sys.exit(main())
