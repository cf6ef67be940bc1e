"""How much the slowest answers of one release differ between windows: `python -m …tail_windows`.

It asks one embedded hospital the same questions in many windows, and compares p95 and p99 of every
window with those of every other one. The largest difference is what a comparison of two runs must
bear (`performance.baseline.unnoticed_seconds`), as far as the ratio does not bear it already.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from itertools import permutations

import httpx
import numpy as np

from benchmarks.hospitals import hospital
from cutover_gates.config.load_objectives import BaselineSettings

RATIOS: Mapping[int, float] = {
    95: BaselineSettings.model_fields["p95_ratio"].default,
    99: BaselineSettings.model_fields["p99_ratio"].default,
}
Ask = Callable[[], httpx.Response]


def main() -> int:
    """Measure, and print a line for each operation and percentile."""
    arguments = _arguments()
    with hospital() as announced, httpx.Client(base_url=announced["url"], timeout=30) as client:
        asks = _list_asks(client, announced["users"]["registrar"])
        windows = {name: [_measure(ask, arguments)] for name, ask in asks.items()}
        for _ in range(arguments.windows - 1):
            for name, ask in asks.items():
                windows[name].append(_measure(ask, arguments))
    load = os.getloadavg()[0]
    print(
        f"{arguments.windows} windows of {arguments.requests} requests, {arguments.rate} a second;"
        f" load of the machine {load:.1f} on {os.cpu_count()} cores"
    )
    for name, times in windows.items():
        for percent in RATIOS:
            print(_describe(name, percent, [float(np.percentile(one, percent)) for one in times]))
    return 0


def _list_asks(client: httpx.Client, user: Mapping[str, str]) -> dict[str, Ask]:
    """Return the questions: a search, and a chart that it finds."""
    signed = client.post("/api/v1/auth/sign-in", json=dict(user)).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {signed['access_token']}"
    page = client.get("/api/v1/patients", params={"name": "a"}).raise_for_status().json()
    path = f"/api/v1/patients/{page['items'][0]['id']}"
    return {
        "search": lambda: client.get("/api/v1/patients", params={"name": "a"}),
        "patient": lambda: client.get(path),
    }


def _measure(ask: Ask, arguments: argparse.Namespace) -> list[float]:
    """Return the seconds of each request. Each counts from when it was due."""
    began, times = time.monotonic(), []
    for number in range(arguments.requests):
        due = began + number / arguments.rate
        time.sleep(max(0.0, due - time.monotonic()))
        ask().raise_for_status()
        times.append(time.monotonic() - due)
    return times


def _describe(name: str, percent: int, values: list[float]) -> str:
    ratio = RATIOS[percent]
    worst = max(later / first for first, later in permutations(values, 2))
    pairs = permutations(values, 2)
    beyond = [later - first for first, later in pairs if later > ratio * first]
    largest = f"{1000 * max(beyond):.1f} ms" if beyond else "none"
    return (
        f"{name} p{percent}: {1000 * min(values):.1f} to {1000 * max(values):.1f} ms, ratio at most"
        f" {worst:.2f}; largest difference above {ratio:g} times: {largest}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tail_windows")
    parser.add_argument("--windows", type=int, default=20)
    parser.add_argument("--requests", type=int, default=200, help="in each window")
    parser.add_argument("--rate", type=float, default=40, help="requests a second")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
