"""How often a run that ends as soon as it is certain is wrong, and how many requests that saves:
`python -m benchmarks.certainty [--write]`.

No target, no load: 2,000 simulated runs for each true share of bad requests, ended by
`cutover_gates.core.statistics.sequential_test` as a real one is. Exit status 1 when the exact probability of a
false GO or a false NO-GO is above what `AtMost` allows. Half a minute on one core.
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
WRITTEN = ROOT / "docs" / "certainty.md"
HOW = f"""`python -m benchmarks.certainty --write`: {RUNS:,} simulated runs for each figure, of independent requests, with a look at every {STEP}
of them up to {MOST:,}. A claim is "at most a share `limit` of the requests is bad": an error, or slower than the objective. A run ends at the
first look at which the claim is certain (GO, wrong in at most 4 %) or certainly broken (NO-GO, at most 5 %), as `AtMost` has it when nothing else is
said. A **fixed length** is the smallest number of requests after which the one-sided 95 % bound of Clopper and Pearson proves the same with a
probability of {POWER:.0%}; for GO that asks a little less than the run does. Only who knows the true share beforehand can choose it so well
("known"); who does not plans for the hardest share that is to be proven ("planned": limit / 2 for GO, 1.5 x for NO-GO). A saving below zero is a
loss; where a hundred requests do, most of it is the waiting for the next look. Why it is done so:
[decision 0011](decisions/0011-certainty-at-any-moment.md)."""


@dataclass(frozen=True)
class Runs:
    """How simulated runs ended: GO, NO-GO or (neither) open, and after how many requests; `MOST`
    for those that stay open.
    """

    go: NDArray[np.bool_]
    no_go: NDArray[np.bool_]
    requests: NDArray[np.int64]


class Rule:
    """A claim, as the numbers of bad requests that end a run at each look."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        looks, claim = [int(total) for total in LOOKS], ShareLimit(limit)
        self.most = (
            np.array(
                [
                    bisect_left(
                        range(total + 1),
                        True,
                        key=lambda bad: claim.decide(bad, total) is not Conclusion.HOLDS,
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
                    key=lambda bad: claim.decide(bad, total) is Conclusion.BROKEN,
                )
                for total in looks
            ]
        )

    def simulated(self, share: float) -> Runs:
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

    def exactly(self, share: float) -> tuple[float, float]:
        """The probabilities of GO and of NO-GO, by carrying on the distribution of the bad requests
        of all runs that have not ended.
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

    def plain(self, share: float) -> float:
        """How many of the simulated runs would end in GO if the plain bound were looked at each
        time.
        """
        bad = np.random.default_rng(SEED).binomial(STEP, share, (RUNS, len(LOOKS))).cumsum(axis=1)
        return float(np.mean(np.any(bad <= self.bounds[0][LOOKS - 1], axis=1)))

    @cached_property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each total from 1 to `MOST`: the most bad ones whose upper bound is within the limit,
        and the fewest whose lower bound is beyond it.
        """
        totals = np.arange(1, MOST + 1)
        return binom.ppf(0.05, totals, self.limit) - 1, binom.isf(0.05, totals, self.limit) + 1

    def fixed(self, share: float) -> int | None:
        totals, (most, fewest) = np.arange(1, MOST + 1), self.bounds
        power = (
            binom.cdf(most, totals, share)
            if share < self.limit
            else binom.sf(fewest - 1, totals, share)
        )
        enough = np.flatnonzero(power >= POWER)
        return int(totals[enough[0]]) if len(enough) else None


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.certainty",
        description="How sure a sequential verdict is, and what it saves.",
    )
    parser.add_argument(
        "--write", action="store_true", help=f"also write the tables to {WRITTEN.relative_to(ROOT)}"
    )
    arguments = parser.parse_args()
    rules = [Rule(limit) for limit in LIMITS]
    text = "\n".join([*_wrong(rules), *(line for rule in rules for line in _saved(rule))])
    print(text)
    if arguments.write:
        WRITTEN.write_text(
            f"# Certainty: how often it is wrong, and what it saves\n\n{HOW}\n\n{text}\n",
            encoding="utf-8",
        )
    wrong = [(ShareLimit(rule.limit), *rule.exactly(rule.limit)) for rule in rules]
    return int(
        any(go > claim.wrong_holds or no_go > claim.wrong_broken for claim, go, no_go in wrong)
    )


def _wrong(rules: list[Rule]) -> Iterator[str]:
    yield "## How often it is wrong"
    yield ""
    yield (
        "At most 5 % is promised. Simulated, and in brackets the exact probability of the same. A"
        f" simulated 5 % of {RUNS:,} runs has a standard"
    )
    yield (
        "error of 0.5 %, and all figures come from one seed. A false GO is allowed 4 %, so that the"
        " simulated one also stays at or below 5 %; what"
    )
    yield "decides whether the promise is kept is the exact one."
    yield ""
    yield f"| | true share | {' | '.join(LIMITS.values())} |"
    yield f"|---|---|{'---|' * len(rules)}"
    for times in TOO_MANY:
        found = [
            f"{np.mean(rule.simulated(times * rule.limit).go):.2%}"
            f" ({rule.exactly(times * rule.limit)[0]:.2%})"
            for rule in rules
        ]
        yield f"| false GO | {times:g} x limit | {' | '.join(found)} |"
    for times in FEW_ENOUGH:
        found = [
            f"{np.mean(rule.simulated(times * rule.limit).no_go):.2%}"
            f" ({rule.exactly(times * rule.limit)[1]:.2%})"
            for rule in rules
        ]
        yield f"| false NO-GO | {times:g} x limit | {' | '.join(found)} |"
    yield (
        "| false GO if the plain bound were looked at each time | 1 x limit |"
        f" {' | '.join(f'{rule.plain(rule.limit):.1%}' for rule in rules)} |"
    )


def _saved(rule: Rule) -> Iterator[str]:
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


def _row(rule: Rule, name: str, times: float, planned: float) -> str:
    runs, known, plan = (
        rule.simulated(times * rule.limit),
        rule.fixed(times * rule.limit),
        rule.fixed(planned * rule.limit),
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
        f"| {name} | {', '.join(ends)} | {mean:,.0f} | {late:,} | {_against(known, mean)} |"
        f" {_against(plan, mean)} |"
    )


def _against(fixed: int | None, mean: float) -> str:
    """Two cells: a fixed length, and what part of it is saved on the average."""
    return f"never up to {MOST:,} | all" if fixed is None else f"{fixed:,} | {1 - mean / fixed:.0%}"


if __name__ == "__main__":
    sys.exit(main())
