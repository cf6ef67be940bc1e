"""Requests through a load balancer: one, many, or a stream in a few lanes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import BoundedResponse, SourceUnavailable

LANES = 4
"""Requests that are under way at a time."""
PAUSE_SECONDS = 0.03
"""Seconds between an answer and the next request of its lane."""
POLL_SECONDS = 0.02
"""Seconds between two looks at the traffic."""


@dataclass(frozen=True)
class ProbeResult:
    """One request: the time of its answer, who gave it, and what was wrong with it.

    `at` is `time.monotonic()`. `instance` is the value of the instance header. `error` is empty
    where nothing is wrong.
    """

    at: float
    instance: str | None
    error: str


@dataclass
class ProbeTraffic:
    """A stream of requests, which runs within `send_continuously`.

    `results` only grows, in the order of the answers.
    """

    ask: Callable[[], BoundedResponse]
    instance_header: str
    results: list[ProbeResult] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def results_since(self, moment: float) -> list[ProbeResult]:
        """Return the results from that moment on (`time.monotonic()`)."""
        # A copy, since the lanes go on adding.
        return [result for result in list(self.results) if result.at >= moment]

    @contextmanager
    def send_continuously(self) -> Iterator[None]:
        """Send requests until the block ends, and wait for those that are then under way."""
        lanes = [
            # Several lanes: one that waits for a dead backend must not stop the traffic.
            threading.Thread(target=self._send_until_stop, daemon=True, name="probe-traffic")
            for _ in range(LANES)
        ]
        for lane in lanes:
            lane.start()
        try:
            yield
        finally:
            self._stop.set()
            for lane in lanes:
                lane.join()

    def _send_until_stop(self) -> None:
        while not self._stop.wait(PAUSE_SECONDS):
            self.results.append(send_probe(self.ask, self.instance_header))


def send_probe(ask: Callable[[], BoundedResponse], instance_header: str) -> ProbeResult:
    """Send one request and return its result. Never raises."""
    try:
        reply = ask()
    except SourceUnavailable as error:
        return ProbeResult(time.monotonic(), None, error.reason)
    error_text = "" if reply.is_success else f"status {reply.status}"
    return ProbeResult(time.monotonic(), reply.headers.get(instance_header.lower()), error_text)


def send_probes(
    ask: Callable[[], BoundedResponse], instance_header: str, count: int, seconds: float
) -> list[ProbeResult]:
    """Send at least `count` requests in a few lanes, fewer where `seconds` are over."""
    in_each_lane, ends = count // LANES + 1, time.monotonic() + seconds

    def run_lane() -> list[ProbeResult]:
        results: list[ProbeResult] = []
        while len(results) < in_each_lane and time.monotonic() < ends:
            results.append(send_probe(ask, instance_header))
        return results

    return [result for lane in run_concurrently([run_lane] * LANES) for result in lane]
