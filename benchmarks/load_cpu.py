"""CPU of the load generator: ours over bare locust, and other tools beside them."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import load_tools
from benchmarks.figures import Figure
from benchmarks.load_runs import Cost, Meter, run_own_load
from benchmarks.load_server import run_stand_in

RATE = 1000.0
SECONDS = 10.0
BARE, LOG, RANDOM, FLAT_OUT = (
    f"bare FastHttpUser{how}" for how in ("", ", our log on", " at random moments", " flat out")
)
OURS = "ours, log and mapping"
HOW = f"""\
{RATE:g} requests/s of one chart, {SECONDS - 2.5:g} s of each run measured, by the operating
  system's CPU seconds and by the stand-in server's own count of requests. Bare:
  `self.client.get(path, name=…, headers=…)` of {load_tools.USERS} users with `constant_throughput`.
  Ours: the whole process that a run starts (open arrivals, the driver by mapping with all its
  checks, the journeys, the log). The cost of a request also depends on how many are awake together:
  bare users with `constant_throughput` fall into step, and ten requests then share one wake-up. Our
  requests come at random moments, and each has its own. So two more cases are measured: bare users
  with random waits; and single requests one after the other, ours and bare ones in turns in one
  process. wrk has no setting for a rate and sends without a pause, and so does "flat out"."""

Making = Callable[[str, Path, Meter], object]


def cpu(rounds: int) -> Iterator[Figure]:
    """Measure CPU seconds per 10,000 requests, and the ratios.

    Each round measures all generators, so that a busy minute affects all alike.
    """
    makers = dict(_makers())
    costs: dict[str, list[Cost]] = {name: [] for name in makers}
    alone = []
    for _ in range(rounds):
        for name, make in makers.items():
            costs[name].append(_cost(make))
        alone.append(_alone())
    for name, found in costs.items():
        yield Figure(
            f"CPU of {name}, per 10,000 requests", "s", [cost.per_10_000 for cost in found]
        )
    yield _over(LOG, BARE, costs, "")
    yield _over(OURS, BARE, costs, "")
    yield _over(OURS, RANDOM, costs, " at random moments")
    yield Figure("CPU of one request alone, ours over bare", "x", alone)
    if slow := [
        f"{name}: {cost.rate:.0f}"
        for name in (BARE, LOG, OURS)
        for cost in costs[name]
        if cost.rate < 0.9 * RATE
    ]:
        print(
            f"not every run reached its {RATE:g} requests/s, so these ratios say little:"
            f" {', '.join(slow)}"
        )


def _over(name: str, other: str, costs: dict[str, list[Cost]], how: str) -> Figure:
    ratios = [
        one.per_10_000 / two.per_10_000 for one, two in zip(costs[name], costs[other], strict=True)
    ]
    return Figure(f"CPU of {name}, over bare{how}", "x", ratios)


def _makers() -> Iterator[tuple[str, Making]]:
    yield BARE, partial(_locust, rate=RATE)
    yield LOG, partial(_locust, rate=RATE, logged=True)
    yield (
        OURS,
        lambda url, folder, meter: run_own_load(
            url, folder, meter, rate=RATE, min_seconds=SECONDS, max_seconds=SECONDS
        ),
    )
    yield RANDOM, partial(_locust, rate=RATE, users=2 * load_tools.USERS, random=True)
    yield FLAT_OUT, partial(_locust, rate=0.0)
    if load_tools.is_installed("wrk"):
        yield "wrk flat out", _metered(lambda url, _: load_tools.wrk(url, SECONDS))
    if load_tools.is_installed("hey"):
        yield "hey", _metered(lambda url, _: load_tools.hey(url, SECONDS, RATE))
    if load_tools.is_installed("k6"):
        yield "k6", _metered(lambda url, folder: load_tools.k6(url, SECONDS, RATE, folder))


def _cost(make: Making) -> Cost:
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        with run_stand_in(folder) as server:
            meter = Meter(server.pid)
            make(server.url, folder, meter)
        return meter.cost(server.served())


def _alone() -> float:
    with tempfile.TemporaryDirectory() as kept, run_stand_in(Path(kept)) as server:
        return statistics.median(load_tools.closed(server.url))


def _locust(
    url: str,
    folder: Path,
    meter: Meter,
    *,
    rate: float,
    users: int = load_tools.USERS,
    logged: bool = False,
    random: bool = False,
) -> None:
    with meter:
        load_tools.locust(
            url,
            SECONDS,
            rate,
            users=users,
            log=folder / "bare.log" if logged else None,
            random=random,
        )


def _metered(make: Callable[[str, Path], object]) -> Making:
    def metered(url: str, folder: Path, meter: Meter) -> None:
        with meter:
            make(url, folder)

    return metered
