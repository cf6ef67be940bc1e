"""A server that stalls for two seconds in every ten: our figures, others' figures, the truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import load_tools
from benchmarks.figures import Figure
from benchmarks.load_runs import run_own_load
from benchmarks.load_server import run_stand_in
from cutover_gates.core.statistics.confidence_intervals import Floats, quantile
from cutover_gates.probes.load.load_runner import LoadRun

RATE, SECONDS, FREEZE = 100.0, 30.0, 2.0
OURS, TRUE, LOCUST, K6 = "ours", "true by the server's own log", "locust's own", "k6's own"
K6_USERS = 400
"""More than come in a freeze, so that k6 sends all of them."""
HOW = f"""\
{RATE:g} requests/s for {SECONDS:g} s; in the last {FREEZE:g} s of every ten the server
  answers no request. The truth: the time at which an answer was written, by the server's own log,
  minus the time at which the request was due, by ours. The two logs are matched by their order:
  requests that are due first arrive first. Bare locust (closed: {load_tools.USERS} users with
  `constant_throughput`) waits for an answer before it sends the next request. So it never sends
  most of the requests that would have waited. k6 has a constant arrival rate, as open as ours."""


def stall(rounds: int) -> Iterator[Figure]:
    """Measure the p95 of each tool, and its distance from the true one."""
    p95: dict[str, list[float]] = {
        name: [] for name in (OURS, TRUE, LOCUST, *([K6] if load_tools.is_installed("k6") else []))
    }
    for _ in range(rounds):
        took, true = _measure_own()
        p95[OURS].append(quantile(np.sort(took), 0.95))
        p95[TRUE].append(quantile(np.sort(true), 0.95))
        p95[LOCUST].append(_measure_other(LOCUST))
        if K6 in p95:
            p95[K6].append(_measure_other(K6))
    yield from (Figure(f"p95 under a stall, {name}", "s", found) for name, found in p95.items())
    for name in [name for name in p95 if name != TRUE]:
        off = [abs(said / it - 1) * 100 for said, it in zip(p95[name], p95[TRUE], strict=True)]
        yield Figure(f"p95 under a stall, {name}, off the true one", "%", off)


def _measure_own() -> tuple[Floats, Floats]:
    with tempfile.TemporaryDirectory() as kept:
        with run_stand_in(Path(kept), "--freeze", str(FREEZE)) as server:
            run = run_own_load(
                server.url, Path(kept), rate=RATE, min_seconds=SECONDS, max_seconds=SECONDS
            )
        return pair_times(run, server.served())


def _measure_other(name: str) -> float:
    with (
        tempfile.TemporaryDirectory() as kept,
        run_stand_in(Path(kept), "--freeze", str(FREEZE)) as server,
    ):
        if name == K6:
            return load_tools.k6(server.url, SECONDS, RATE, Path(kept), K6_USERS)["p95"]
        return float(load_tools.locust(server.url, SECONDS, RATE)["p95"])


def pair_times(run: LoadRun, served: Floats) -> tuple[Floats, Floats]:
    """Return the seconds of each request, by our log and by the server's.

    Requests that were due too near the end to be answered are left out.
    """
    samples, served = run.results.samples, served[served[:, 0].argsort()]
    settled = int((samples["due"] < run.judged_until - FREEZE - 1).sum())
    apart = float(np.abs(served[:settled, 0] - samples["due"][:settled]).max())
    if apart > 0.5:
        raise SystemExit(
            f"benchmarks: a request was there {apart:.1f} s after its moment, so the two logs"
            " cannot be brought together"
        )
    return samples["took"][:settled].astype(float), served[:settled, 1] - samples["due"][:settled]
