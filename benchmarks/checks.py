"""Cost per check: the time that the checks take, over the time that their requests take with httpx.

Each round has two new hospitals. The suite runs on the first, and its requests are sent again to
the second, in the same minute.

The gate is `phase3 and smoke`: the checks that ask the API. Load and fuzzing are no checks of this
kind: their time is set by their settings. What only an embedded hospital brings along (a front,
Prometheus) is missing here, so the items that need it are declared not applicable.
"""

from __future__ import annotations

import json
import pickle
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import ROOT, Figure, python
from benchmarks.hospitals import hospital, map_texts, target_environment
from benchmarks.replay import ReplayResult, replay
from benchmarks.traffic_recorder import TAPE
from cutover_gates.core.plan_file import load_plan

TARGET = "bench"
GATE = "phase3 and smoke"
SURROUNDINGS = frozenset({"front", "monitoring"})
"""Needs of an item, as the plan has them, that the hospital of a benchmark does not meet."""
GOOD_OUTCOMES = ("passed", "not applicable")
REASON = (
    "the hospital of the benchmark runs alone: nothing stands before it, and nothing watches it"
)


@dataclass(frozen=True)
class Round:
    """The seconds that the suite spends on its checks, and the same requests without it."""

    checks: int
    suite: float
    bare: ReplayResult

    @property
    def ratio(self) -> float:
        """The cost of the suite: 1.0 is the bare requests."""
        return self.suite / self.bare.seconds


def cost_per_check(count: int) -> Iterator[Figure]:
    """Yield the figures over `count` rounds."""
    rounds = [_measure_round() for _ in range(count)]
    last = rounds[-1]
    print(
        f"cost per check: {last.checks} checks, {last.bare.sent} requests; {last.bare.alike} of"
        " them answered alike when sent again"
    )
    yield Figure("checks, suite", "s", [each.suite for each in rounds])
    yield Figure("checks, bare httpx", "s", [each.bare.seconds for each in rounds])
    yield Figure("one check, suite", "ms", [1000 * each.suite / each.checks for each in rounds])
    yield Figure("cost per check", "x", [each.ratio for each in rounds])


def _measure_round() -> Round:
    with tempfile.TemporaryDirectory() as folder, hospital() as first, hospital() as second:
        tape, reports = Path(folder, "tape"), Path(folder, "runs")
        environment = {**target_environment(first, TARGET), **_not_applicable()}
        environment |= {"CUTOVER_REPORTS": str(reports), TAPE: str(tape)}
        run = python(*_gate_words(), **environment)
        verdicts = list(reports.glob("*/verdict.json"))
        if not tape.exists() or not verdicts:
            output = (run.stdout + run.stderr)[-3000:]
            raise SystemExit(f"benchmarks: the suite did not run\n{output}")
        seconds = _read_seconds(json.loads(verdicts[0].read_text()))
        replayed = replay(pickle.loads(tape.read_bytes()), second["url"], map_texts(first, second))
        return Round(len(seconds), sum(seconds.values()), replayed)


def _gate_words() -> list[str]:
    # pytest-randomly would give each round another order
    plugins = ["-p", "benchmarks.traffic_recorder", "-p", "no:cacheprovider", "-p", "no:randomly"]
    return ["-m", "pytest", "-m", GATE, "--target", TARGET, *plugins]


def _not_applicable() -> dict[str, str]:
    """Return the variable that declares the items that this hospital cannot prove.

    It has no front and no monitoring.
    """
    plan = load_plan(ROOT / "plan.toml")
    missing = [item.id for item in plan.items if plan.needs_of([item.id]) & SURROUNDINGS]
    place = f"CUTOVER_TARGETS__{TARGET}__NOT_APPLICABLE".upper()
    return {place: json.dumps(dict.fromkeys(missing, REASON))}


def _read_seconds(verdict: Mapping[str, Any]) -> dict[str, float]:
    """Return the seconds of each check, each of them once, however many items it proves.

    A check that did not pass would spoil the figure: then `SystemExit` is raised.
    """
    checks = {str(check["check"]): check for item in verdict["items"] for check in item["checks"]}
    bad = [name for name, check in checks.items() if check["outcome"] not in GOOD_OUTCOMES]
    if bad or not checks:
        raise SystemExit(
            "benchmarks: only a run in which every check passes can be measured; these did not: "
            + (", ".join(bad) or "there was none")
        )
    return {
        name: float(check["seconds"])
        for name, check in checks.items()
        if check["outcome"] == "passed"
    }
