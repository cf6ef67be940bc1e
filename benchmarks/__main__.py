"""Measure the cost of the suite, as ratios within one run: `python -m benchmarks`.

The exit status is 1 when a limit of `figures.LIMITS` is missed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from benchmarks.checks import cost_per_check
from benchmarks.figures import Figure
from benchmarks.startup import find_heaviest_imports, measure_startup


def main() -> int:
    """Measure start-up and the cost of a check. The exit status is 1 where a limit is missed."""
    arguments = _arguments()
    held = _show(measure_startup(arguments.runs))
    if arguments.why:
        print("imports that a collection spends most on:", *find_heaviest_imports(), sep="\n")
    held &= arguments.only_startup or _show(cost_per_check(arguments.rounds))
    print("every limit holds" if held else "a limit is MISSED")
    return 0 if held else 1


def _show(figures: Iterable[Figure]) -> bool:
    """Print the figures, and return whether all limits hold."""
    shown = list(figures)
    print(*shown, "", sep="\n", flush=True)
    return all(figure.holds for figure in shown)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Start-up, and cost per check over the bare httpx calls.",
    )
    parser.add_argument(
        "--runs", type=int, default=7, help="measurements of the start-up (default 7)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="rounds of suite and bare calls (default 3)"
    )
    parser.add_argument("--why", action="store_true", help="also name the heaviest imports")
    parser.add_argument("--only-startup", action="store_true", help="leave the cost per check out")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
