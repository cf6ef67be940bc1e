"""Bare locust for comparison: one request again and again. `benchmarks.load_tools` runs it.

`LOAD_RATE`: requests a second of each user, one in each interval (0: without a pause). With
`LOAD_RANDOM` the waits are random instead. `LOAD_LOG`: a file for a log such as ours, to which each
request is written. With `LOAD_RAW` the seconds that locust measured are written beside it (`.raw`).
At the end locust's own figures are printed on standard error, as one line of JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from array import array
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, constant_throughput, events, task
from locust.env import Environment

from benchmarks.load_server import TOKEN
from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.sample_writer import SampleWriter

RATE, LOG = float(os.environ.get("LOAD_RATE", "0")), os.environ.get("LOAD_LOG")


def _at_random(_user: FastHttpUser) -> float:
    return random.expovariate(RATE)


class Bare(FastHttpUser):
    """A user who reads one chart again and again."""

    wait_time = (
        _at_random
        if "LOAD_RANDOM" in os.environ
        else constant_throughput(RATE)
        if RATE
        else constant(0)
    )

    @task
    def patient(self) -> None:
        """Request one patient's chart."""
        self.client.get(
            "/api/v1/patients/1", name="patient", headers={"Authorization": f"Bearer {TOKEN}"}
        )


@events.quitting.add_listener  # type: ignore[untyped-decorator]  # locust brings no types for it
def _print_figures(environment: Environment, **_: Any) -> None:
    total = environment.stats.total
    figures = {
        name: (total.get_response_time_percentile(share) or 0) / 1000
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }
    print(json.dumps({**figures, "requests": total.num_requests}), file=sys.stderr, flush=True)


if LOG:
    _FILE, _RAW = Path(LOG).open("wb", buffering=0), array("d")  # for as long as the process lasts  # noqa: SIM115

    def _write(block: bytes) -> None:
        _FILE.write(block)

    _WRITER = SampleWriter(("patient",), 0, _write)

    @events.request.add_listener  # type: ignore[untyped-decorator]  # locust brings no types for it
    def _record(
        name: str,
        start_time: float,
        response_time: float,
        exception: Exception | None,
        response: Any,
        **_: Any,
    ) -> None:
        outcome = RequestOutcome.SUCCESS if exception is None else RequestOutcome.REJECTED
        _WRITER.record_request(
            name, start_time, 0.0, response_time / 1000, outcome, response.status_code, ""
        )
        if "LOAD_RAW" in os.environ:
            _RAW.append(response_time / 1000)

    @events.test_start.add_listener  # type: ignore[untyped-decorator]  # locust brings no types for it
    def _write_often(**_: Any) -> None:
        def write() -> None:
            while True:
                gevent.sleep(0.5)
                _WRITER.write_block()

        gevent.spawn(write)

    @events.quitting.add_listener  # type: ignore[untyped-decorator]  # locust brings no types for it
    def _write_last(**_: Any) -> None:
        _WRITER.write_block(ended=True)
        if _RAW:
            Path(f"{LOG}.raw").write_bytes(_RAW.tobytes())
