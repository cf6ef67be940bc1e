"""Simulate how often a sequential run is wrong, and how many requests it saves.

    python -m benchmarks.certainty [--write]

There is no target and no load: 2,000 simulated runs for each true share of bad requests, ended by
`cutover_gates.core.statistics.sequential_test` as a real run is. The exit status is 1 when the
exact probability of a false GO or a false NO-GO is above what `ShareLimit` allows. It takes half a
minute on one core.
"""

from __future__ import annotations

import argparse
import sys
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom  # type: ignore[import-untyped]  # scipy brings no types

from benchmarks.figures import ROOT
from benchmarks.tail_certainty import tail_table
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit

RUNS, STEP, MOST = 2_000, 50, 200_000
LOOKS = np.arange(STEP, MOST + 1, STEP)
POWER = 0.90
SEED = 4
LIMITS = {0.001: "errors, 0.1 %", 0.01: "p99, 1 %", 0.05: "p95, 5 %"}
TOO_MANY, FEW_ENOUGH = (1, 1.1, 1.5, 2, 3), (1, 0.9, 0.5)
GOOD, BAD = (
    {"0": 0, "limit / 20": 1 / 20, "limit / 8": 1 / 8, "limit / 4": 1 / 4, "limit / 2": 1 / 2},
    (1.5, 2, 3, 5, 10),
)
NEXT_HEADING = "## Two releases at the same time"
WRITTEN = ROOT / "docs" / "certainty.md"
HOW = f"""\
Command: `python -m benchmarks.certainty --write`. Each figure comes from {RUNS:,} simulated runs of
independent requests, with a look at every {STEP} of them up to {MOST:,}.

- **Objective.** "At most a share `limit` of the requests is bad": an error, or slower than allowed.
- **End of a run.** A run ends at the first look at which the objective certainly holds (GO,
  wrong in at most 4 %) or is certainly broken (NO-GO, wrong in at most 5 %). These are the
  defaults of `ShareLimit`.
- **Fixed length.** The smallest number of requests after which the one-sided 95 % bound of Clopper
  and Pearson proves the same with a probability of {POWER:.0%}. For GO that asks a little less than
  the run does. "Known": chosen with the true share known beforehand. "Planned": chosen for the
  hardest share that is to be proven (limit / 2 for GO, 1.5 x for NO-GO).
- **Saved.** A value below zero is a loss. Where a hundred requests are enough, most of the loss is
  the wait for the next look.

The reasons are in [decision 0011](decisions/0011-certainty-at-any-moment.md)."""


@dataclass(frozen=True)
class Runs:
    """Ends of simulated runs: GO, NO-GO or (neither) open, and the requests until then.

    The number is `MOST` for runs that stay open.
    """

    go: NDArray[np.bool_]
    no_go: NDArray[np.bool_]
    requests: NDArray[np.int64]


class StoppingRule:
    """An objective, as the numbers of bad requests that end a run at each look."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        looks, objective = [int(total) for total in LOOKS], ShareLimit(limit)
        self.most = (
            np.array(
                [
                    bisect_left(
                        range(total + 1),
                        True,
                        key=lambda bad: objective.decide(bad, total) is not Conclusion.HOLDS,
                    )
                    for total in looks
                ]
            )
            - 1
        )
        self.fewest = np.array(
            [
                bisect_left(
                    range(total + 1),
                    True,
                    key=lambda bad: objective.decide(bad, total) is Conclusion.BROKEN,
                )
                for total in looks
            ]
        )

    def simulate(self, share: float) -> Runs:
        """Return simulated runs at a target of which this share of the requests is bad."""
        chance, parts = np.random.default_rng(SEED), []
        for _ in range(RUNS // 250):  # in parts, for the sake of memory
            bad = chance.binomial(STEP, share, (250, len(LOOKS))).cumsum(axis=1)
            holds, broken = bad <= self.most, bad >= self.fewest
            ends = holds | broken
            first, rows = ends.argmax(axis=1), np.arange(len(bad))
            parts.append(
                (
                    holds[rows, first],
                    broken[rows, first],
                    np.where(ends.any(axis=1), LOOKS[first], MOST),
                )
            )
        go, no_go, requests = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Runs(go, no_go, requests)

    def exact_probabilities(self, share: float) -> tuple[float, float]:
        """Return the probabilities of GO and of NO-GO.

        The distribution of the bad requests of all open runs is carried from look to look.
        """
        step = binom.pmf(np.arange(STEP + 1), STEP, share)
        step = step[: np.flatnonzero(step > 1e-18)[-1] + 1]
        going, go, no_go = np.ones(1), 0.0, 0.0
        for most, fewest in zip(self.most, self.fewest, strict=True):
            going = np.convolve(going, step)
            go, no_go = go + going[: most + 1].sum(), no_go + going[fewest:].sum()
            going = going[:fewest]
            going[: most + 1] = 0
        return go, no_go

    def repeated_plain_bound(self, share: float) -> float:
        """Return the share of runs that would end in GO if each look used the plain bound."""
        bad = np.random.default_rng(SEED).binomial(STEP, share, (RUNS, len(LOOKS))).cumsum(axis=1)
        return float(np.mean(np.any(bad <= self.bounds[0][LOOKS - 1], axis=1)))

    @cached_property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return two numbers for each total from 1 to `MOST`.

        They are the most bad requests whose upper bound is within the limit, and the fewest whose
        lower bound is beyond it.
        """
        totals = np.arange(1, MOST + 1)
        return binom.ppf(0.05, totals, self.limit) - 1, binom.isf(0.05, totals, self.limit) + 1

    def fixed_length(self, share: float) -> int | None:
        """Return the smallest fixed number of requests that proves as much, None above `MOST`."""
        totals, (most, fewest) = np.arange(1, MOST + 1), self.bounds
        power = (
            binom.cdf(most, totals, share)
            if share < self.limit
            else binom.sf(fewest - 1, totals, share)
        )
        enough = np.flatnonzero(power >= POWER)
        return int(totals[enough[0]]) if len(enough) else None


def main() -> int:
    """Print the tables, and write them with `--write`."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.certainty",
        description="How sure a sequential verdict is, and what it saves.",
    )
    parser.add_argument(
        "--write", action="store_true", help=f"also write the tables to {WRITTEN.relative_to(ROOT)}"
    )
    arguments = parser.parse_args()
    rules = [StoppingRule(limit) for limit in LIMITS]
    text = "\n".join(
        [
            *_error_table(rules),
            *(line for rule in rules for line in _savings_table(rule)),
            *tail_table(),
        ]
    )
    print(text)
    if arguments.write:
        # Another benchmark writes what follows (`benchmarks.rollout_comparison`).
        _, heading, kept = WRITTEN.read_text(encoding="utf-8").partition(f"\n{NEXT_HEADING}")
        WRITTEN.write_text(
            f"# Certainty: how often it is wrong, and what it saves\n\n{HOW}\n\n{text}\n"
            f"{heading}{kept}",
            encoding="utf-8",
        )
    wrong = [(ShareLimit(rule.limit), *rule.exact_probabilities(rule.limit)) for rule in rules]
    return int(
        any(
            go > objective.wrong_holds or no_go > objective.wrong_broken
            for objective, go, no_go in wrong
        )
    )


def _error_table(rules: list[StoppingRule]) -> Iterator[str]:
    yield "## How often it is wrong"
    yield ""
    yield (
        "At most 5 % is promised. The simulated share comes first, the exact probability in"
        f" brackets. A simulated 5 % of {RUNS:,} runs has a standard"
    )
    yield (
        "error of 0.5 %, and all figures come from one seed. A false GO is allowed 4 %, so that the"
        " simulated share also stays at or below 5 %. The exact"
    )
    yield "probability decides whether the promise is kept."
    yield ""
    yield f"| | true share | {' | '.join(LIMITS.values())} |"
    yield f"|---|---|{'---|' * len(rules)}"
    for times in TOO_MANY:
        found = [
            f"{np.mean(rule.simulate(times * rule.limit).go):.2%}"
            f" ({rule.exact_probabilities(times * rule.limit)[0]:.2%})"
            for rule in rules
        ]
        yield f"| false GO | {times:g} x limit | {' | '.join(found)} |"
    for times in FEW_ENOUGH:
        found = [
            f"{np.mean(rule.simulate(times * rule.limit).no_go):.2%}"
            f" ({rule.exact_probabilities(times * rule.limit)[1]:.2%})"
            for rule in rules
        ]
        yield f"| false NO-GO | {times:g} x limit | {' | '.join(found)} |"
    yield (
        "| false GO if the plain bound were looked at each time | 1 x limit |"
        f" {' | '.join(f'{rule.repeated_plain_bound(rule.limit):.1%}' for rule in rules)} |"
    )


def _savings_table(rule: StoppingRule) -> Iterator[str]:
    yield ""
    yield f"## Requests until it is certain: {LIMITS[rule.limit]}"
    yield ""
    yield (
        "| true share | ends in | requests, mean | 90th percentile | fixed length, known | saved |"
        " fixed length, planned | saved |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for name, times in GOOD.items():
        yield _row(rule, name, times, planned=1 / 2)
    for times in BAD:
        yield _row(rule, f"{times:g} x limit", times, planned=1.5)


def _row(rule: StoppingRule, name: str, times: float, planned: float) -> str:
    runs, known, plan = (
        rule.simulate(times * rule.limit),
        rule.fixed_length(times * rule.limit),
        rule.fixed_length(planned * rule.limit),
    )
    open_ones = np.mean(~(runs.go | runs.no_go))
    ends = [
        f"{word} {part:.1%}"
        for word, part in (
            ("GO", np.mean(runs.go)),
            ("NO-GO", np.mean(runs.no_go)),
            ("open", open_ones),
        )
        if part > 0
    ]
    mean, late = (
        float(np.mean(runs.requests)),
        np.quantile(runs.requests, 0.9, method="inverted_cdf"),
    )
    return (
        f"| {name} | {', '.join(ends)} | {mean:,.0f} | {late:,} | {_compare_fixed(known, mean)} |"
        f" {_compare_fixed(plan, mean)} |"
    )


def _compare_fixed(fixed: int | None, mean: float) -> str:
    """Return two cells: a fixed length, and the share of it that is saved on the average."""
    return f"never up to {MOST:,} | all" if fixed is None else f"{fixed:,} | {1 - mean / fixed:.0%}"


if __name__ == "__main__":
    sys.exit(main())
