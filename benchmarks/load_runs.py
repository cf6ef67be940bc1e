"""Our own load runs against the stand-in server, and their cost.

The runs are made as the suite `performance` makes them, without a hospital and without pytest.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import numpy as np
import psutil
from numpy.typing import NDArray

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import Credentials, Document, Patient, Role, Sex
from cutover_gates.probes.load.journeys import KnownPatient
from cutover_gates.probes.load.load_runner import LoadPlan, LoadRun, run_load
from cutover_gates.probes.load.objective_builder import build_objectives
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig

JOURNEYS = '''
from cutover_gates.probes.load.journeys import JourneyContext, steps

@steps("patient")
def look(context: JourneyContext) -> None:
    """One chart, and that it is the right one."""
    known = context.known.patient
    assert context.front_desk.patient(known.id).mrn == known.mrn, "another patient's chart came"
'''
KNOWN = KnownPatient(
    Patient("MRN-1", "Synthetic", "Ada", date(1980, 2, 29), Sex.FEMALE, id="1"),
    Document("1", "1", "none.txt", "text/plain"),
    "",
)
USERS = {
    role: Credentials(role.value, "a-password-for-the-stand-in")
    for role in (Role.REGISTRAR, Role.CLINICIAN)
}
STREAMS = 10
TAG = "bench-load"
TICK = 0.5
WARM_UP = 2.0
"""Seconds after its first request in which a generator is not measured."""


def run_own_load(
    url: str,
    folder: Path,
    watcher: AbstractContextManager[object] | None = None,
    *,
    judged: bool = False,
    **settings: Any,
) -> LoadRun:
    """Run load with these settings of `performance`.

    A `judged` run has objectives and ends when they are certain. Another run ends when its time is
    over.
    """
    performance = Performance.model_validate(
        {"journeys": {"look": {"weight": 1, "think_seconds": 0}}, "ramp_seconds": 0, **settings}
    )
    config = make_worker_config(url, performance)
    objectives = build_objectives(performance, config.operations, {}) if judged else []
    with ExitStack() as stack:
        ledger = Ledger(folder / "ledger.jsonl", TAG, "stand-in")
        stack.callback(ledger.close)
        order = LoadPlan(
            config,
            performance,
            objectives,
            folder / "samples.log",
            ledger,
            Redactor(),
            lambda _line: None,
        )
        run = run_load(order, watcher or nullcontext())
    if run.results.problems:
        raise SystemExit(f"benchmarks: the load could not be made: {run.results.problems[0]}")
    return run


def make_worker_config(url: str, performance: Performance) -> WorkerConfig:
    """Return the work of a run: to read one chart."""
    rate = performance.intended_rate
    return WorkerConfig(
        url,
        "rest",
        None,
        "default_dialect.toml",
        production=False,
        tag=TAG,
        users=USERS,
        journeys=JOURNEYS,
        work={"look": (1.0, 0.0)},
        operations=("patient",),
        journey_rate=rate,
        streams=STREAMS * performance.processes,
        ramp_seconds=performance.ramp_seconds,
        connect_seconds=2.0,
        request_seconds=performance.request_seconds,
        most_waiting=round(rate * performance.request_seconds) + 20,
        seed=performance.seed,
        document_type="text/plain",
        known=(KNOWN,) * 20,
        stock=PlannedRecords(),
    )


@dataclass(frozen=True)
class Cost:
    """Resources that a generator used between two moments.

    `cpu` is the seconds of all its processes for `requests` requests, `memory` the megabytes at the
    end.
    """

    cpu: float
    requests: int
    seconds: float
    memory: float

    @property
    def per_10_000(self) -> float:
        """Return the CPU seconds per 10,000 requests."""
        return self.cpu / self.requests * 10_000

    @property
    def rate(self) -> float:
        """The requests a second."""
        return self.requests / self.seconds


class Meter:
    """Meter of the generator during a block.

    The generator is all processes that this one has started, except the stand-in server.
    """

    def __init__(self, stand_in: int) -> None:
        self._stand_in, self._stop, self._samples = (
            stand_in,
            threading.Event(),
            list[tuple[float, float, float]](),
        )

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def cost(self, served: NDArray[np.float64]) -> Cost:
        """Return the cost of the requests in the stand-in's own log.

        It counts from the end of the warm-up to the last moment at which all processes were there.
        """
        first = float(served[:, 0].min()) + WARM_UP
        until = float(served[:, 0].max()) - 0.5
        steady = [one for one in self._samples if first <= one[0] <= until]
        (began, cpu, _), (ended, more_cpu, memory) = steady[0], steady[-1]
        requests = int(((served[:, 0] >= began) & (served[:, 0] < ended)).sum())
        return Cost(more_cpu - cpu, requests, ended - began, memory)

    def _watch(self) -> None:
        me = psutil.Process(os.getpid())
        while not self._stop.wait(TICK):
            try:
                times = [
                    (one.cpu_times(), one.memory_info().rss)
                    for one in me.children(recursive=True)
                    if one.pid != self._stand_in
                ]
            except psutil.NoSuchProcess:  # one has just ended
                continue
            self._samples.append(
                (
                    time.time(),
                    sum(cpu.user + cpu.system for cpu, _ in times),
                    sum(memory for _, memory in times) / 1e6,
                )
            )
