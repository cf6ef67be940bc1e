"""Faults of memory: instances of the new release that grow until they are killed.

The samples stand in a real Prometheus, each fault's as a job of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import sin
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.rollout_sources import MemoryGrowth
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.metrics.memory_growth import StepMemory
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from tests.faults.proofs.first_day import running_samples
from tests.faults.registry import faults_of_kind
from tests.faults.steps.step_fault import StepSourceFault

MEMORY = "test_the_memory_of_the_new_release_lasts"
MIB = 1024**2
SCRAPE, STEP = 15, 600
ENDS = int(time.time()) - 3600
"""The step ended an hour ago."""
BEGINS = ENDS - STEP
Curve = Callable[[float], float]
"""Returns the MiB of an instance so many seconds after the beginning of the step."""


def stay(seconds: float) -> float:
    """Return memory that goes up and down with collections, and stays."""
    return 300 + 40 * (seconds % 60) / 60 + 3 * sin(seconds)


def leak(seconds: float) -> float:
    """Return memory with a leak of 0.1 MiB a second."""
    return stay(seconds) + 0.1 * seconds


def warm_up(seconds: float) -> float:
    """Return memory whose caches fill in the first minute."""
    return stay(seconds) + min(seconds, 50.0) * 4


class MemoryFault(StepSourceFault):
    """`new` and `old` are the curves of the releases' instances, `since` their first seconds."""

    item, gate, check = "canary-deployment", "phase2-10", MEMORY
    breaks = (rules.MEMORY_LASTS,)
    declared: ClassVar[Mapping[str, Any]] = {"limit_mib": 1024}
    series: ClassVar[Mapping[str, Any]] = {}
    curves: ClassVar[Mapping[str, Curve]] = {"new-a": stay, "old-a": stay}
    since: ClassVar[Mapping[str, float]] = {}

    @classmethod
    def samples(cls) -> Iterator[str]:
        """Yield the lines of OpenMetrics, series by series."""
        for instance, curve in cls.curves.items():
            labels = f'job="{cls.__name__}",instance="{instance}"{cls.release_label(instance)}'
            for at in range(BEGINS, ENDS, SCRAPE):
                if at - BEGINS >= cls.since.get(instance, 0):
                    value = round(curve(at - BEGINS) * MIB)
                    yield f"process_resident_memory_bytes{{{labels}}} {value} {at}"

    @classmethod
    def release_label(cls, instance: str) -> str:
        """Return the label with the release of an instance."""
        return f',release="{"2.0.0" if instance.startswith("new") else "1.9.0"}"'

    @classmethod
    def ask_of(cls, url: str) -> Mapping[str, Any]:
        """Return the fixtures of the check."""
        memory = StepMemory(
            MemoryGrowth.model_validate(cls.declared),
            TriggerSeries.model_validate(cls.series),
            f'job="{cls.__name__}"',
            PrometheusApi(JsonService(url)),
            lambda: (float(BEGINS), float(ENDS)),
            "2.0.0",
            "1.9.0",
            ObservabilityContext("staging"),
            warm_up_seconds=60,
        )
        return {"step_memory": memory}


class TheNewReleaseLeaks(MemoryFault):
    """It is killed two hours after the cutover, in the middle of the ward round (hazard 24)."""

    curves: ClassVar[Mapping[str, Curve]] = {"new-a": leak, "old-a": stay}
    shows = "new-a | below 1,024 MiB for 24 hours | +3"


class OneOfTwoNewInstancesLeaks(MemoryFault):
    """The one that runs the night's jobs: what the other does hides it in an average."""

    curves: ClassVar[Mapping[str, Curve]] = {"new-a": stay, "new-b": leak, "old-a": stay}
    shows = "new-b | below 1,024 MiB for 24 hours |"


class TheMemoryOfTheNewReleaseIsNotScraped(MemoryFault):
    """Its series has another name since the new runtime: a leak of it is not seen."""

    outcome, shows = "not proven", "Prometheus has no process_resident_memory_bytes"
    curves: ClassVar[Mapping[str, Curve]] = {"old-a": stay}


class TheReleaseIsNotOnTheMemory(MemoryFault):
    """The label with the release is missing: whose memory it is, nobody knows."""

    outcome, shows = "not proven", "new-a |  | it has no label release"
    curves: ClassVar[Mapping[str, Curve]] = {"new-a": leak, "old-a": stay}

    @classmethod
    def release_label(cls, instance: str) -> str:
        return ""


class TheNewInstanceIsScrapedTooLate(MemoryFault):
    """It was found by Prometheus in the last minute of the step: that shows no slope."""

    outcome, shows = "not proven", "new-a |  | samples in"
    curves: ClassVar[Mapping[str, Curve]] = {"new-a": stay, "old-a": stay}
    since: ClassVar[Mapping[str, float]] = {"new-a": STEP - 70}


class _QuietFault(MemoryFault):
    """Both go up and down with their collections."""


class _WarmUpFault(MemoryFault):
    """The new release fills its caches in the first minute."""

    curves: ClassVar[Mapping[str, Curve]] = {"new-a": warm_up, "old-a": stay}


class _BothLeakFault(MemoryFault):
    """The release before leaks as fast: a rollback does not help (it is told)."""

    curves: ClassVar[Mapping[str, Curve]] = {"new-a": leak, "old-a": leak}


class _NoLimitFault(MemoryFault):
    """No limit is declared, so nothing is asked."""

    declared: ClassVar[Mapping[str, Any]] = {}
    curves: ClassVar[Mapping[str, Curve]] = {"new-a": leak, "old-a": stay}


QUIET_MEMORY = (_QuietFault, _WarmUpFault, _BothLeakFault, _NoLimitFault)


@contextmanager
def running_memory(folder: Path) -> Iterator[str]:
    """Run a Prometheus with the samples of all faults, and yield its address."""
    faults: list[type[MemoryFault]] = [
        *QUIET_MEMORY,
        *faults_of_kind("steps", MemoryFault).values(),
    ]
    with running_samples(folder, [line for fault in faults for line in fault.samples()]) as url:
        yield url
