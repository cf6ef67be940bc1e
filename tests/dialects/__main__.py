"""Judge every dialect, and try the gate on its faults.

    python -m tests.dialects [NAME …] [--faults]

Without names it takes all dialects.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.dialects.catalogue import DIALECTS
from tests.dialects.dialect import Dialect
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
        well = [_said(dialect, Path(folder)) for dialect in chosen]
        if arguments.faults:
            well.append(_tried(chosen, Path(folder)))
    return int(not all(well))


def _said(dialect: Dialect, folder: Path) -> bool:
    """Judge it, and print the verdict."""
    verdict = dialect.judged(None, _new(folder, f"{dialect.name}-clean"), folder / "compiled")
    passed, open_ones = (
        sum((outcome == "passed") is wanted for outcome in verdict.checks.values())
        for wanted in (True, False)
    )
    print(
        f"{dialect.name:<8} {verdict.word:<6} {dialect.lines:>4} lines of"
        f" settings{' and driver' if len(dialect.written) > 1 else ''}, {passed} checks passed,"
        f" {open_ones} not applicable or open, {verdict.seconds:.1f} s",
        flush=True,
    )
    return verdict.status == 0


def _tried(dialects: list[Dialect], folder: Path) -> bool:
    """Every fault in every dialect, as a table."""
    names = sorted({fault for dialect in dialects for fault in dialect.faults})
    print(
        "\n"
        + "".join(
            [
                f"{'fault':<34}{'must be caught by':<22}",
                *(f"{dialect.name:<10}" for dialect in dialects),
            ]
        )
    )
    complained: list[str] = []
    tries = 0
    for name in names:
        item = next(dialect.faults[name].item for dialect in dialects if name in dialect.faults)
        print(f"{name:<34}{item:<22}", end="", flush=True)
        for dialect in dialects:
            wrong = _wrong(dialect, name, folder) if name in dialect.faults else None
            tries += wrong is not None
            print(
                f"{'-' if wrong is None else 'NOT' if wrong else 'caught':<10}", end="", flush=True
            )
            complained += [f"{dialect.name}, {name}: {sentence}" for sentence in wrong or ()]
        print()
    print(
        *complained,
        f"{tries - len({line.partition(':')[0] for line in complained})} of {tries} caught",
        sep="\n",
    )
    return not complained


def _wrong(dialect: Dialect, fault: str, folder: Path) -> list[str]:
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
