"""CPU of the generator: ours over bare locust, at one rate on one endpoint; and others beside it."""

from __future__ import annotations

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
BARE, LOG, OURS, FLAT_OUT = "bare FastHttpUser", "bare FastHttpUser, our log on", "ours, log and mapping", "bare FastHttpUser, flat out"
HOW = f"""{RATE:g} requests/s of one chart, {SECONDS - 2.5:g} s of each run measured, by the operating system's count of CPU seconds and by the
stand-in's own count of requests. Bare: `self.client.get(path, name=…, headers=…)` of {load_rivals.USERS} users with `constant_throughput`. Ours: the
whole process that a run starts (open arrivals, the driver by mapping with all that it judges, the walk, the log). wrk knows no rate and goes as
fast as it can, which costs less for each request: nothing is waited for. "flat out" is bare locust without a pace, for comparison with wrk."""

Making = Callable[[str, Path, Meter], object]


def cpu(rounds: int) -> Iterator[Figure]:
    """CPU seconds per 10,000 requests, and the ratios. Each round measures all, so that a busy minute hits all alike."""
    makers = dict(_makers())
    costs: dict[str, list[Cost]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, make in makers.items():
            costs[name].append(_cost(make))
    for name, found in costs.items():
        yield Figure(f"CPU of {name}, per 10,000 requests", "s", [cost.per_10_000 for cost in found])
    for name in (LOG, OURS):
        yield Figure(f"CPU of {name}, over bare", "x", [one.per_10_000 / bare.per_10_000 for one, bare in zip(costs[name], costs[BARE], strict=True)])
    if any(cost.rate < 0.9 * RATE for name in (BARE, LOG, OURS) for cost in costs[name]):
        yield Figure("lowest rate that was reached", "/s", [min(cost.rate for cost in costs[name]) for name in (BARE, LOG, OURS)])


def _makers() -> Iterator[tuple[str, Making]]:
    yield BARE, partial(_locust, rate=RATE, logged=False)
    yield LOG, partial(_locust, rate=RATE, logged=True)
    yield OURS, lambda url, folder, meter: ours(url, folder, meter, rate=RATE, min_seconds=SECONDS, max_seconds=SECONDS)
    yield FLAT_OUT, partial(_locust, rate=0.0, logged=False)
    if load_rivals.there_is("wrk"):
        yield "wrk, flat out", _metered(lambda url, _: load_rivals.wrk(url, SECONDS))
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


def _locust(url: str, folder: Path, meter: Meter, *, rate: float, logged: bool) -> None:
    with meter:
        load_rivals.locust(url, SECONDS, rate, log=folder / "bare.log" if logged else None)


def _metered(make: Callable[[str, Path], object]) -> Making:
    def metered(url: str, folder: Path, meter: Meter) -> None:
        with meter:
            make(url, folder)

    return metered
