"""False alarms and power of the comparison of two releases, against what other tools do.

    python -m benchmarks.rollout_comparison [--write] [--runs 4000]

Ten minutes at 10 % of 20 requests a second are simulated. The balancer gives the new release 13 %:
the comparison knows the observed share only. The exit status is 1 where ours blames more than
0.05 % of the runs of equal releases, as far as so many runs can show it. It takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.certainty import NEXT_HEADING
from benchmarks.figures import ROOT
from benchmarks.rollout_judges import (
    SECONDS,
    Flags,
    SimulatedSteps,
    Traffic,
    judge_failed_checks,
    judge_mann_whitney,
    judge_ours,
    judge_windows,
    simulate_errors,
    simulate_times,
)
from cutover_gates.core.statistics.confidence_intervals import Floats, clopper_pearson
from cutover_gates.probes.rollout.error_comparison import WRONG

TRAFFIC = Traffic()
SEED, BATCH, POWER_RUNS = 17, 200, 400
WRITTEN = ROOT / "docs" / "certainty.md"
HEADING = NEXT_HEADING
TIME = np.arange(SECONDS)
LEVEL = np.ones(SECONDS)
SWING = 0.00316 * np.sqrt(10.0) ** np.sin(2 * np.pi * TIME / SECONDS)
"""A share of errors of both that goes from 0.1 % to 1 % and back."""
DRIFT = 2.0 ** np.sin(2 * np.pi * TIME / SECONDS)
"""Times of both that go from half to twice as long."""
SHOCK = np.where((TIME >= 200) & (TIME < 260), 10.0, 1.0)
"""A minute in which a shared database makes both ten times as slow."""
OUTAGE = np.where((TIME >= 200) & (TIME < 230), 0.5, 0.0)
"""Half a minute in which half of the answers of both fail."""
HOW = f"""\
Command: `python -m benchmarks.rollout_comparison --write`. Simulated are ten minutes at a weight of
10 %, with {TRAFFIC.per_second:g} requests a second of which the new release really gets
{TRAFFIC.share:.0%}. Ours may blame {WRONG:.2%} of equal releases, however often it looks. What the
others do stands in `benchmarks/rollout_judges.py`, the reasons in
[decision 0098](decisions/0098-releases-at-the-same-time.md)."""
JUDGES: Mapping[str, Callable[[SimulatedSteps], Flags]] = {
    "ours, each second": judge_ours,
    "Mann-Whitney, once": judge_mann_whitney,
    "Mann-Whitney, each minute": partial(judge_mann_whitney, looks=10),
    "the same at 5 % without tolerance": partial(
        judge_mann_whitney, looks=10, tolerance=0.0, z=1.96
    ),
    "window of a minute, 5 %": judge_windows,
    "five failed checks": judge_failed_checks,
}
Maker = Callable[[np.random.Generator, int], SimulatedSteps]


@dataclass(frozen=True)
class Case:
    """A simulated situation. `is_alike`: the releases are, so an alarm is false."""

    name: str
    make: Maker
    is_alike: bool = False


def of_errors(name: str, new: Floats, old: Floats, *, is_alike: bool = False) -> Case:
    """Return a case with these shares of errors in each second."""
    make = partial(simulate_errors, new=new, old=old, traffic=TRAFFIC)
    return Case(name, lambda random, runs: make(random, runs), is_alike)


def of_times(
    name: str,
    new: Floats,
    old: Floats,
    slow: tuple[float, float] = (0.0, 1.0),
    *,
    is_alike: bool = False,
) -> Case:
    """Return a case with these factors on the times; `slow` is a share and its factor."""

    def make(random: np.random.Generator, runs: int) -> SimulatedSteps:
        return simulate_times(random, runs, (new, old), TRAFFIC, *slow)

    return Case(name, make, is_alike)


ALIKE = (
    of_errors("errors: 0.05 % at both", 0.0005 * LEVEL, 0.0005 * LEVEL, is_alike=True),
    of_errors("errors: 0.5 % at both", 0.005 * LEVEL, 0.005 * LEVEL, is_alike=True),
    of_errors("errors: drift from 0.1 % to 1 % at both", SWING, SWING, is_alike=True),
    of_errors("errors: both fail for half a minute", OUTAGE, OUTAGE, is_alike=True),
    of_times("times: alike", LEVEL, LEVEL, is_alike=True),
    of_times("times: drift from half to twice at both", DRIFT, DRIFT, is_alike=True),
    of_times("times: both ten times as slow for a minute", SHOCK, SHOCK, is_alike=True),
)
WORSE = (
    of_errors("errors: 1 %, old 0.05 %", 0.01 * LEVEL, 0.0005 * LEVEL),
    of_errors("errors: 2 %, old 0.5 %", 0.02 * LEVEL, 0.005 * LEVEL),
    of_errors("errors: 5 %, old drifts from 0.1 % to 1 %", 0.05 * LEVEL, SWING),
    of_errors(
        "errors: 10 % in the first three minutes only", np.where(TIME < 180, 0.1, 0), 0 * LEVEL
    ),
    of_times("times: all 1.25 times", 1.25 * LEVEL, LEVEL),
    of_times("times: all 1.6 times, both drift", 1.6 * DRIFT, DRIFT),
    of_times("times: 30 % ten times", LEVEL, LEVEL, (0.3, 10.0)),
    of_times("times: 5 % five times", LEVEL, LEVEL, (0.05, 5.0)),
    of_times("times: ten times for two of ten minutes", np.where(TIME < 120, 10, LEVEL), LEVEL),
)


def count_alarms(case: Case, runs: int) -> dict[str, int]:
    """Return how many runs each judge blames on the new release."""
    random, found = np.random.default_rng(SEED), dict.fromkeys(JUDGES, 0)
    for _ in range(runs // BATCH):
        steps = case.make(random, BATCH)
        for name, judge in JUDGES.items():
            found[name] += int(judge(steps).sum())
    return found


def main() -> int:
    """Simulate, print or write the tables. The exit status is 1 where ours alarms too often."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the tables into certainty.md")
    parser.add_argument("--runs", type=int, default=4_000, help="runs of equal releases")
    arguments = parser.parse_args()
    false = {case.name: count_alarms(case, arguments.runs) for case in ALIKE}
    power = {case.name: count_alarms(case, POWER_RUNS) for case in WORSE}
    text = "\n".join(_describe(arguments.runs, false, power))
    print(text)
    if arguments.write:
        before = WRITTEN.read_text(encoding="utf-8").partition(HEADING)[0].rstrip()
        WRITTEN.write_text(f"{before}\n\n{text}\n", encoding="utf-8")
    ours = next(iter(JUDGES))
    # The lower bound: so few false alarms cannot be told from none by 4,000 runs.
    return int(
        any(
            clopper_pearson(counts[ours], arguments.runs, 0.99, side="lower")[0] > WRONG
            for counts in false.values()
        )
    )


def _describe(
    runs: int, false: Mapping[str, Mapping[str, int]], power: Mapping[str, Mapping[str, int]]
) -> Iterator[str]:
    yield HEADING
    yield ""
    yield HOW
    yield ""
    yield f"### False alarms: the releases are alike ({runs:,} runs)"
    yield ""
    yield from _table(false, runs)
    yield ""
    yield f"### Alarms where the new release is worse ({POWER_RUNS} runs)"
    yield ""
    yield from _table(power, POWER_RUNS)


def _table(found: Mapping[str, Mapping[str, int]], runs: int) -> Iterator[str]:
    yield f"| new against old | {' | '.join(JUDGES)} |"
    yield f"|---|{'---|' * len(JUDGES)}"
    for name, counts in found.items():
        yield f"| {name} | {' | '.join(f'{counts[judge] / runs:.2%}' for judge in JUDGES)} |"


if __name__ == "__main__":
    sys.exit(main())
