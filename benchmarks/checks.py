"""Cost per check: the time that the checks took, over the time that their requests take with
nothing but httpx.

Each round has two new hospitals: the suite runs on the first, and its requests are sent again to
the second, in the same minute.
"""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, python
from benchmarks.hospitals import as_target, hospital, same_at
from benchmarks.replay import Replayed, replay
from benchmarks.tap import TAPE

TARGET = "bench"


@dataclass(frozen=True)
class Round:
    """The suite's seconds over its checks, and the same requests without it."""

    checks: int
    suite: float
    bare: Replayed

    @property
    def ratio(self) -> float:
        return self.suite / self.bare.seconds


def cost_per_check(runs: int) -> Iterator[Figure]:
    """The figures over `runs` rounds."""
    rounds = [_round() for _ in range(runs)]
    last = rounds[-1]
    print(
        f"cost per check: {last.checks} checks, {last.bare.sent} requests; {last.bare.alike} of"
        " them answered alike when sent again"
    )
    yield Figure("checks, suite", "s", [each.suite for each in rounds])
    yield Figure("checks, bare httpx", "s", [each.bare.seconds for each in rounds])
    yield Figure("one check, suite", "ms", [1000 * each.suite / each.checks for each in rounds])
    yield Figure("cost per check", "x", [each.ratio for each in rounds])


def _round() -> Round:
    with tempfile.TemporaryDirectory() as folder, hospital() as first, hospital() as second:
        tape, reports = Path(folder, "tape"), Path(folder, "runs")
        environment = {**as_target(first, TARGET), "CUTOVER_REPORTS": str(reports), TAPE: str(tape)}
        run = python(
            "-m",
            "pytest",
            "-m",
            "phase3 and smoke",
            "--target",
            TARGET,
            "-p",
            "benchmarks.tap",
            "-p",
            "no:cacheprovider",
            **environment,
        )
        verdicts = list(reports.glob("*/verdict.json"))
        if not tape.exists() or not verdicts:
            raise SystemExit(
                f"benchmarks: the suite did not run\n{(run.stdout + run.stderr)[-3000:]}"
            )
        seconds = _seconds(json.loads(verdicts[0].read_text()))
        return Round(
            len(seconds),
            sum(seconds.values()),
            replay(pickle.loads(tape.read_bytes()), second["url"], same_at(first, second)),
        )


def _seconds(verdict: dict[str, list[dict[str, list[dict[str, str | float]]]]]) -> dict[str, float]:
    """Seconds by check, each check once, whatever number of items it proves.

    A check that did not pass would spoil the figure.
    """
    checks = {str(check["check"]): check for item in verdict["items"] for check in item["checks"]}
    bad = [
        name
        for name, check in checks.items()
        if check["outcome"] not in ("passed", "not applicable")
    ]
    if bad or not checks:
        raise SystemExit(
            "benchmarks: only a run in which every check passes can be measured; these did not: "
            + (", ".join(bad) or "there was none")
        )
    return {name: float(check["seconds"]) for name, check in checks.items()}
