"""A server that answers nobody for two seconds in every ten: what ours says of it, what others say,
and what is true.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import load_rivals
from benchmarks.figures import Figure
from benchmarks.load_runs import ours
from benchmarks.load_server import standing
from cutover_gates.core.statistics.confidence_intervals import Floats, quantile
from cutover_gates.probes.load.load_runner import LoadRun

RATE, SECONDS, FREEZE = 100.0, 30.0, 2.0
OURS, TRUE, LOCUST, K6 = "ours", "true by the server's own log", "locust's own", "k6's own"
K6_USERS = 400
"""More than come in a freeze, so that k6 sends all of them."""
HOW = f"""{RATE:g} requests/s for {SECONDS:g} s, and in the last {FREEZE:g} s of every ten nobody is answered. The truth: when an answer had been
  written by the server's own log, less when that request was due by ours. The two are brought together by their order, for who is due first is there
  first. Bare locust (closed: {load_rivals.USERS} users with `constant_throughput`) waits for its answers before it asks again, so most of those who
  would have waited never come. k6 has a constant arrival rate, as open as ours."""


def stall(rounds: int) -> Iterator[Figure]:
    """The p95 that each says, and how far it is off the true one."""
    p95: dict[str, list[float]] = {
        name: [] for name in (OURS, TRUE, LOCUST, *([K6] if load_rivals.there_is("k6") else []))
    }
    for _ in range(rounds):
        took, true = _ours()
        p95[OURS].append(quantile(np.sort(took), 0.95))
        p95[TRUE].append(quantile(np.sort(true), 0.95))
        p95[LOCUST].append(_rival(LOCUST))
        if K6 in p95:
            p95[K6].append(_rival(K6))
    yield from (Figure(f"p95 under a stall, {name}", "s", found) for name, found in p95.items())
    for name in [name for name in p95 if name != TRUE]:
        off = [abs(said / it - 1) * 100 for said, it in zip(p95[name], p95[TRUE], strict=True)]
        yield Figure(f"p95 under a stall, {name}, off the true one", "%", off)


def _ours() -> tuple[Floats, Floats]:
    with tempfile.TemporaryDirectory() as kept:
        with standing(Path(kept), "--freeze", str(FREEZE)) as server:
            run = ours(server.url, Path(kept), rate=RATE, min_seconds=SECONDS, max_seconds=SECONDS)
        return both(run, server.served())


def _rival(name: str) -> float:
    with (
        tempfile.TemporaryDirectory() as kept,
        standing(Path(kept), "--freeze", str(FREEZE)) as server,
    ):
        if name == K6:
            return load_rivals.k6(server.url, SECONDS, RATE, Path(kept), K6_USERS)["p95"]
        return float(load_rivals.locust(server.url, SECONDS, RATE)["p95"])


def both(run: LoadRun, served: Floats) -> tuple[Floats, Floats]:
    """What each request took in seconds, by our log and in truth; of those that were due long
    enough before the end to be answered.
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
