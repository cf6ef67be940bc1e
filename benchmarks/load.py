"""Measure the cost of load, and the accuracy of its figures.

    python -m benchmarks.load [--rounds N] [--only PART …] [--write]

The results are ratios within one run, on a stand-in server (`load_server`). `--write` puts the
figures into docs/load-cost.md. The exit status is 1 when a limit of `figures.LIMITS` is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks import load_cpu, load_stall, load_tools
from benchmarks.certainty import StoppingRule
from benchmarks.figures import ROOT, Figure
from benchmarks.load_runs import Meter, run_own_load
from benchmarks.load_server import run_stand_in
from cutover_gates.core.statistics.confidence_intervals import quantile
from cutover_gates.probes.load.sample_log import BlockReader

SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
CERTAIN_RATE, CERTAIN_SECONDS, ERROR_RATE = 500.0, 90.0, 0.001
ERRORS = (0.0, 0.0001, 0.003, 0.01, 0.05)
RATES, GROWTH_SECONDS = (100.0, 500.0, 1000.0, 2000.0), 8.0
HEAD = ("| figure | median | from, to | runs | limit |", "|---|---|---|---|---|")
PAGE = ROOT / "docs" / "load-cost.md"
HOW = f"""\
Made by `python -m benchmarks.load --write`. A stand-in server answers one chart, on this machine,
beside the generator.

- **CPU.** {load_cpu.HOW}
- **Stall.** {load_stall.HOW}
- **Percentiles.** Answers take 0.15 s on the average. Each percentile of our log, and of locust's
  own figures, is compared with the exact one of the same requests.
- **Certainty.** Real runs at {CERTAIN_RATE:g} requests/s, each ended by itself, at several true
  error rates; the limit is {ERROR_RATE:.1%}. None decides before 5 s are judged. The fixed lengths
  are those for a known true rate, and those planned for half the limit (GO) and for 1.5 times the
  limit (NO-GO): `benchmarks.certainty`.
- **Growth.** CPU and memory of all load processes, one against two."""


def percentiles(rounds: int) -> Iterator[Figure]:
    """Compare our log and locust's own figures with the exact percentiles of the same requests."""
    off: dict[str, list[float]] = {"our log": [], "locust's own figures": []}
    for _ in range(rounds):
        with (
            tempfile.TemporaryDirectory() as kept,
            run_stand_in(Path(kept), "--delay", "0.15") as server,
        ):
            log = Path(kept) / "bare.log"
            told = load_tools.locust(server.url, 10.0, 200.0, users=60, log=log, raw=True)
            exact = np.sort(np.fromfile(f"{log}.raw"))
            kept_by_us = np.sort(
                np.concatenate(
                    [block.samples["took"] for block in BlockReader().feed(log.read_bytes())]
                ).astype(float)
            )
        true = {name: quantile(exact, share) for name, share in SHARES.items()}
        off["our log"].append(
            max(
                abs(quantile(kept_by_us, share) / true[name] - 1) * 100
                for name, share in SHARES.items()
            )
        )
        off["locust's own figures"].append(
            max(abs(told[name] / true[name] - 1) * 100 for name in SHARES)
        )
    yield from (
        Figure(f"percentiles, {name}, off the exact ones", "%", found)
        for name, found in off.items()
    )


def certainty(rounds: int) -> Iterator[Figure]:
    """Count the requests until a run is certain, at several true error rates.

    A fixed length is shown beside each.
    """
    rule = StoppingRule(ERROR_RATE)
    for share in ERRORS:
        requests, seconds, ended = list[float](), list[float](), set[str]()
        for number in range(1, rounds + 1):
            with (
                tempfile.TemporaryDirectory() as kept,
                run_stand_in(Path(kept), "--errors", str(share), "--seed", str(number)) as server,
            ):
                run = run_own_load(
                    server.url,
                    Path(kept),
                    judged=True,
                    rate=CERTAIN_RATE,
                    min_seconds=5,
                    max_seconds=CERTAIN_SECONDS,
                    error_rate=ERROR_RATE,
                )
            requests.append(float(len(run.judged_samples)))
            seconds.append(run.judged_seconds)
            ended.add(
                "NO-GO" if "does not hold" in run.end_reason else "GO" if run.is_decided else "open"
            )
        name = f"{' or '.join(sorted(ended))} at {share:.2%} errors"
        yield Figure(f"{name}: requests", "", requests)
        yield Figure(f"{name}: judged", "s", seconds)
        for how, at in (
            ("known", share),
            ("planned", ERROR_RATE * (0.5 if share < ERROR_RATE else 1.5)),
        ):
            if fixed := rule.fixed_length(at):
                yield Figure(
                    f"{name}: over a fixed length of {fixed:,}, {how}",
                    "x",
                    [one / fixed for one in requests],
                )


def growth(rounds: int) -> Iterator[Figure]:
    """Measure CPU and memory of the generator from 100 to 2,000 requests a second."""
    for processes in (1, 2):
        for rate in RATES:
            costs = []
            for _ in range(rounds):
                with tempfile.TemporaryDirectory() as kept:
                    with run_stand_in(Path(kept)) as server:
                        meter = Meter(server.pid)
                        run_own_load(
                            server.url,
                            Path(kept),
                            meter,
                            rate=rate,
                            processes=processes,
                            min_seconds=GROWTH_SECONDS,
                            max_seconds=GROWTH_SECONDS,
                        )
                    costs.append(meter.cost(server.served()))
            name = f"{processes} process{'es' if processes > 1 else ''}, {rate:g} requests/s"
            yield Figure(f"{name}: reached", "/s", [cost.rate for cost in costs])
            yield Figure(f"{name}: CPU per 10,000", "s", [cost.per_10_000 for cost in costs])
            yield Figure(f"{name}: memory", "MB", [cost.memory for cost in costs])


PARTS: dict[str, Callable[[int], Iterator[Figure]]] = {
    "cpu": load_cpu.cpu,
    "stall": load_stall.stall,
    "percentiles": percentiles,
    "certainty": certainty,
    "growth": growth,
}


def main() -> int:
    """Measure, and print the figures. The exit status is 1 where a limit is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description="What load costs, and how true its figures are.",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="measurements of each figure (default 3)"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        help="parts to measure; all when none is named",
    )
    parser.add_argument("--write", action="store_true", help="write docs/load-cost.md")
    words = parser.parse_args()
    shown: list[Figure] = []
    for part in words.only:
        for figure in PARTS[part](words.rounds):
            print(figure, flush=True)
            shown.append(figure)
    if words.write:
        busy = (
            f"Load average of the machine at the end: {os.getloadavg()[0]:.1f}, with"
            f" {os.cpu_count()} processors."
        )
        PAGE.write_text(
            "\n".join(["# What load costs", "", HOW, "", busy, "", *HEAD, *map(_row, shown), ""]),
            encoding="utf-8",
        )
    return int(not all(figure.holds for figure in shown))


def _row(figure: Figure) -> str:
    limit = (
        "" if figure.limit is None else f"{figure.limit:g}: {'holds' if figure.holds else 'MISSED'}"
    )
    spread = f"{min(figure.runs):,.2f} to {max(figure.runs):,.2f}"
    return (
        f"| {figure.name} | {figure.median:,.2f} {figure.unit} | {spread} | {len(figure.runs)} |"
        f" {limit} |"
    )


if __name__ == "__main__":
    sys.exit(main())
