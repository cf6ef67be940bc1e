"""One request alone, of ours and of bare locust, in one process and in turns: `python -m
benchmarks.load_closed URL`, run by `benchmarks.load_cpu`.

Each asks when the one before is answered, so that none shares an awakening with another one, and
whatever else the machine does hits both alike. What it costs to begin requests when they are due is
not in it. Prints the ratio of each turn, ours over bare.
"""

from __future__ import annotations

import locust  # before anything that opens a socket, for it makes this process gevent's

# isort: split
import json
import sys
import time
from collections.abc import Callable
from functools import partial

import gevent
from locust.env import Environment

from benchmarks.load_bare import Bare
from benchmarks.load_runs import brief_of
from cutover_gates.config.performance import Performance
from cutover_gates.probes.load.journey_run import JourneyRun
from cutover_gates.probes.load.load_worker import LoadWorker
from cutover_gates.probes.load.sample_writer import SampleWriter

REQUESTS, TURNS = 400, 20
assert locust


def main(url: str) -> None:
    scribe = SampleWriter(("patient",), 0, lambda _block: None)
    house = LoadWorker(brief_of(url, Performance(rate=1000)), scribe)
    house.sign_in()
    Bare.host = url
    environment = Environment(user_classes=[Bare], reset_stats=False)
    environment.create_local_runner()  # its statistics are part of what a request costs
    user = Bare(environment)
    turns = [(_turn(user.patient), _turn(partial(_visit, house, scribe))) for _ in range(TURNS + 1)]
    print(
        json.dumps([ours / bare for bare, ours in turns[1:]])
    )  # in the first one connections are made


def _visit(house: LoadWorker, scribe: SampleWriter) -> None:
    """A journey from its beginning to its end, in the one who asks for it."""
    journey = house._journeys["look"]
    house._run_journey(
        journey,
        JourneyRun(scribe.clock(), scribe.clock, gevent.sleep, lambda: 0.0, scribe.record_request),
    )


def _turn(ask: Callable[[], None]) -> float:
    """CPU seconds."""
    began = time.process_time()
    for _ in range(REQUESTS):
        ask()
    return time.process_time() - began


if __name__ == "__main__":
    main(sys.argv[1])
