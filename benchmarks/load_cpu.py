"""CPU of the generator: ours over bare locust, at one rate on one endpoint; and others beside it."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import load_rivals
from benchmarks.figures import Figure
from benchmarks.load_runs import Cost, Meter, ours
from benchmarks.load_server import standing

RATE = 1000.0
SECONDS = 10.0
BARE, LOG, RANDOM, FLAT_OUT = (
    f"bare FastHttpUser{how}" for how in ("", ", our log on", " at random moments", " flat out")
)
OURS = "ours, log and mapping"
HOW = f"""{RATE:g} requests/s of one chart, {SECONDS - 2.5:g} s of each run measured, by the operating system's count of CPU seconds and by the
  stand-in's own count of requests. Bare: `self.client.get(path, name=…, headers=…)` of {load_rivals.USERS} users with `constant_throughput`. Ours:
  the whole process that a run starts (open arrivals, the driver by mapping with all that it judges, the walk, the log). What a request costs also
  depends on how many are awake together: bare users with `constant_throughput` fall into step, ten requests then share one awakening, and each costs
  less. Who comes at random moments, as ours do, comes alone. Therefore also bare users with random waits; and one request alone, one after the other,
  ours and bare ones in turns in one process. wrk knows no rate, and goes as fast as it can, as does "flat out"."""

Making = Callable[[str, Path, Meter], object]


def cpu(rounds: int) -> Iterator[Figure]:
    """CPU seconds per 10,000 requests, and the ratios.

    Each round measures all, so that a busy minute hits all alike.
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
        lambda url, folder, meter: ours(
            url, folder, meter, rate=RATE, min_seconds=SECONDS, max_seconds=SECONDS
        ),
    )
    yield RANDOM, partial(_locust, rate=RATE, users=2 * load_rivals.USERS, random=True)
    yield FLAT_OUT, partial(_locust, rate=0.0)
    if load_rivals.there_is("wrk"):
        yield "wrk flat out", _metered(lambda url, _: load_rivals.wrk(url, SECONDS))
    if load_rivals.there_is("hey"):
        yield "hey", _metered(lambda url, _: load_rivals.hey(url, SECONDS, RATE))
    if load_rivals.there_is("k6"):
        yield "k6", _metered(lambda url, folder: load_rivals.k6(url, SECONDS, RATE, folder))


def _cost(make: Making) -> Cost:
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        with standing(folder) as server:
            meter = Meter(server.pid)
            make(server.url, folder, meter)
        return meter.cost(server.served())


def _alone() -> float:
    with tempfile.TemporaryDirectory() as kept, standing(Path(kept)) as server:
        return statistics.median(load_rivals.closed(server.url))


def _locust(
    url: str,
    folder: Path,
    meter: Meter,
    *,
    rate: float,
    users: int = load_rivals.USERS,
    logged: bool = False,
    random: bool = False,
) -> None:
    with meter:
        load_rivals.locust(
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
