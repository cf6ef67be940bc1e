"""Start-up: how long `pytest --collect-only -m phase3` takes, beside what pytest itself takes on
this machine.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.figures import ROOT, Figure, python, seconds

COLLECT = ("-m", "pytest", "--collect-only", "-q", "-m", "phase3", "-p", "no:cacheprovider")
BESIDE = {
    "python -c 'import pytest'": ("-c", "import pytest"),
    "pytest --version": ("-m", "pytest", "--version", "-p", "no:cacheprovider"),
}
TOP = 5
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def startup(runs: int) -> Iterator[Figure]:
    """The figures: in seconds, and as ratios to the bare ones.

    Each round measures all, so that a busy minute hits all alike.
    """
    commands = {"start-up": COLLECT, **BESIDE}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as reports:
        collected = _collected(reports)
        for _ in range(runs):
            for name, words in commands.items():
                taken[name].append(seconds(*words, CUTOVER_REPORTS=reports))
    print(f"start-up: {collected} checks collected")
    for name, runs_of_it in taken.items():
        yield Figure(name, "s", runs_of_it)
    for name in BESIDE:
        yield Figure(
            f"start-up over {name}",
            "x",
            [ours / bare for ours, bare in zip(taken["start-up"], taken[name], strict=True)],
        )


def _collected(reports: str) -> int:
    """How many checks a collection finds.

    Also warms the caches: the first import compiles. A collection that finds none measures nothing.
    """
    output = python(*COLLECT, CUTOVER_REPORTS=reports).stdout
    found = sum("::" in line for line in output.splitlines())
    if not found:
        raise SystemExit(
            "benchmarks: nothing was collected, so there is no start-up to"
            f" measure\n{output[-2000:]}"
        )
    return found


def heaviest() -> Iterator[str]:
    """The third-party packages that a collection spends most on importing, as `-X importtime` sees
    them: own time of all their modules.
    """
    with tempfile.TemporaryDirectory() as reports:
        told = python("-X", "importtime", *COLLECT, CUTOVER_REPORTS=reports).stderr
    own: dict[str, int] = {}
    for microseconds, _, _, module in _LINE.findall(told):
        package = module.partition(".")[0]
        if (
            package in sys.stdlib_module_names
            or (ROOT / package).exists()
            or (ROOT / "src" / package).exists()
        ):
            continue
        own[package] = own.get(package, 0) + int(microseconds)
    for package in sorted(own, key=own.__getitem__, reverse=True)[:TOP]:
        yield f"  {package:<24} {own[package] / 1000:7.0f} ms"
