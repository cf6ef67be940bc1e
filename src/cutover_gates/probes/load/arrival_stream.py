"""A stream of journeys that start at random moments, as a user of locust.

The arrivals of a stream are a Poisson process. So any number of streams, on any number of
processes, adds up to one process with the sum of their rates: nothing need be agreed between
processes, and locust may deal the streams out as it likes. Only for load processes: this module
imports locust.
"""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate

import gevent
from locust import FastHttpUser, constant, task

from cutover_gates.probes.load.load_worker import LoadWorker


class ArrivalStream(FastHttpUser):
    """Journeys that start one after the other, whether those before them are done or not.

    `worker` is set by the program that makes the load.
    """

    wait_time = constant(0)
    host = "http://127.0.0.1"  # locust requires one; the target's is in the worker's config
    worker: LoadWorker
    _numbers = iter(range(10**9))

    def on_start(self) -> None:
        """Prepare the stream: its own random numbers, and its share of the rate."""
        config = self.worker.config
        number = next(ArrivalStream._numbers)
        self._dice = random.Random(f"{config.seed} {config.place.index} {number}")
        self._names = list(config.work)
        self._weights = [*accumulate(weight for weight, _ in config.work.values())]
        self._rate = config.journey_rate / config.streams
        self._due = self.worker.sample_writer.clock()

    @task
    def generate_arrivals(self) -> None:
        """Start journeys until locust ends the user: wait for the moment of each, and start it.

        A journey that starts late, because the process was busy, is due when it was due.
        """
        while True:
            self._due += self._dice.expovariate(self._rate)
            gevent.sleep(max(0.0, self._due - self.worker.sample_writer.clock()))
            number = bisect(self._weights, self._dice.random() * self._weights[-1])
            self.worker.start_journey(self._names[number], self._due, self._dice)
