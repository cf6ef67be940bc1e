"""Single requests of ours and of bare locust, in one process and in turns.

    python -m benchmarks.load_turns URL

`benchmarks.load_cpu` runs it. Each request starts when the one before is answered. So none shares a
wake-up with another, and other work of the machine affects both alike. The cost of starting
requests when they are due is not included. It prints the ratio of each turn, ours over bare.
"""

from __future__ import annotations

import locust  # first: it patches sockets for gevent

# isort: split
import json
import sys
import time
from collections.abc import Callable
from functools import partial

import gevent
from locust.env import Environment

from benchmarks.load_bare import Bare
from benchmarks.load_runs import make_worker_config
from cutover_gates.config.performance import Performance
from cutover_gates.probes.load.journey_run import JourneyRun
from cutover_gates.probes.load.load_worker import LoadWorker
from cutover_gates.probes.load.sample_writer import SampleWriter

REQUESTS, TURNS = 400, 20
assert locust


def main(url: str) -> None:
    """Print the ratio of each turn, ours over bare."""
    writer = SampleWriter(("patient",), 0, lambda _block: None)
    worker = LoadWorker(make_worker_config(url, Performance(rate=1000)), writer)
    worker.sign_in()
    Bare.host = url
    environment = Environment(user_classes=[Bare], reset_stats=False)
    environment.create_local_runner()  # its statistics are part of a request's cost
    user = Bare(environment)
    turns = [
        (_turn(user.patient), _turn(partial(_visit, worker, writer))) for _ in range(TURNS + 1)
    ]
    print(
        json.dumps([ours / bare for bare, ours in turns[1:]])
    )  # the first turn opens the connections


def _visit(worker: LoadWorker, writer: SampleWriter) -> None:
    """Run one journey from its beginning to its end in this greenlet."""
    journey = worker._journeys["look"]
    worker._run_journey(
        journey,
        JourneyRun(writer.clock(), writer.clock, gevent.sleep, lambda: 0.0, writer.record_request),
    )


def _turn(ask: Callable[[], None]) -> float:
    """Return the CPU seconds of one turn."""
    began = time.process_time()
    for _ in range(REQUESTS):
        ask()
    return time.process_time() - began


if __name__ == "__main__":
    main(sys.argv[1])
