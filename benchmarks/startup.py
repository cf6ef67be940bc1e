"""Start-up: the time of `pytest --collect-only -m phase3`, and of bare imports.

The bare command imports the libraries that a gate needs in any case: pytest, httpx, psycopg and
pydantic-settings. Both run in the same minute on the same machine, so their ratio shows what the
suite adds, on a slow machine as on a fast one.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.figures import ROOT, Figure, python, seconds

# pytest-randomly belongs to the tests of this project and imports numpy; no gate installs it.
COLLECT = (
    *("-m", "pytest", "--collect-only", "-q", "-m", "phase3"),
    *("-p", "no:cacheprovider", "-p", "no:randomly"),
)
BARE = "bare imports"
BESIDE = {
    BARE: ("-c", "import pytest, httpx, psycopg, pydantic_settings"),
    "pytest --version": (
        "-m",
        "pytest",
        "--version",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    ),
}
TOP = 5
_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|(\s+)(\S+)")


def measure_startup(runs: int) -> Iterator[Figure]:
    """Yield the figures of `runs` rounds, in seconds, and the ratio to the bare imports.

    Each round measures every command, so that a busy minute hits all of them alike.
    """
    commands = {"start-up": COLLECT, **BESIDE}
    times: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as reports:
        count = _count_collected(reports)
        for _ in range(runs):
            for name, words in commands.items():
                times[name].append(seconds(*words, CUTOVER_REPORTS=reports))
    print(f"start-up: {count} checks collected")
    for name, of_name in times.items():
        yield Figure(name, "s", of_name)
    pairs = zip(times["start-up"], times[BARE], strict=True)
    yield Figure(f"start-up over {BARE}", "x", [ours / bare for ours, bare in pairs])


def _count_collected(reports: str) -> int:
    """Return the number of checks that a collection finds.

    This first run also warms the caches: the first import compiles. A collection that finds nothing
    measures nothing.
    """
    output = python(*COLLECT, CUTOVER_REPORTS=reports).stdout
    count = sum("::" in line for line in output.splitlines())
    if not count:
        raise SystemExit(
            "benchmarks: nothing was collected, so there is no start-up to"
            f" measure\n{output[-2000:]}"
        )
    return count


def find_heaviest_imports() -> Iterator[str]:
    """Yield the third-party packages on whose import a collection spends most, a line for each.

    The figure is the own time of all modules of a package, as `-X importtime` measures it.
    """
    with tempfile.TemporaryDirectory() as reports:
        # -s, because pytest captures what Python writes of imports otherwise
        output = python("-X", "importtime", *COLLECT, "-s", CUTOVER_REPORTS=reports).stderr
    own: dict[str, int] = {}
    for microseconds, _, _, module in _LINE.findall(output):
        package = module.partition(".")[0]
        if not _is_known(package):
            own[package] = own.get(package, 0) + int(microseconds)
    for package in sorted(own, key=own.__getitem__, reverse=True)[:TOP]:
        yield f"  {package:<24} {own[package] / 1000:7.0f} ms"


def _is_known(package: str) -> bool:
    """Return True for the standard library and for this repository's own packages."""
    folders = (ROOT / package, ROOT / "src" / package)
    return package in sys.stdlib_module_names or any(folder.exists() for folder in folders)
