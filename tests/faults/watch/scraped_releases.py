"""Faults that only Prometheus sees, and scrapes that prove nothing.

The watcher's probes go to the hospital and find nothing. The page of the new release is that of a
small process of its own, which a real Prometheus scrapes.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.watch import rules
from cutover_gates.watch.histogram_baseline import FILE
from tests.calibration import scale_seconds
from tests.faults.watch.fired_triggers import DATABASE, ERRORS, RESPONSE
from tests.faults.watch.two_releases import TriggerFault
from tests.scraped_processes import (
    NEW,
    OPERATION,
    RunningPrometheus,
    ScrapedProcess,
    job,
    running_prometheus,
)
from tests.watched_hospital import TARGET, WatchedHospital

PAUSE_SECONDS = 0.3


class ScrapedFault(TriggerFault):
    """`tell` has the process count while the fault harms; `before` is what it counts until then."""

    baseline: ClassVar[float] = 0.0
    lasts: ClassVar[float] = 10.0
    paths: ClassVar[str] = "paths.search = 0.1\npaths.read = 0.1"
    edges: ClassVar[str] = "0.05,0.1,0.2,0.5"
    before: ClassVar[Mapping[str, int]] = {"good": 500, "bad": 1}
    jobs: ClassVar[tuple[str, ...]] = ("hospital",)
    relabelling: ClassVar[Mapping[str, Any]] = {}
    new: ClassVar[ScrapedProcess]
    prometheus: ClassVar[RunningPrometheus]

    def ask(self, hospital: WatchedHospital) -> Mapping[str, Any]:
        """Watch with a Prometheus that scrapes the new release."""
        with ExitStack() as stack:
            new = type(self).new = ScrapedProcess(NEW, self.edges)
            stack.callback(new.kill)
            new.start()
            new.tell("count", **self.before)
            folder = hospital.folder / "prometheus"
            jobs = [job(name, new, **self.relabelling) for name in self.jobs]
            type(self).prometheus = stack.enter_context(running_prometheus(folder, *jobs))
            self.prometheus.wait_for_scrapes(len(jobs))
            return super().ask(hospital)

    def tables(self, hospital: WatchedHospital) -> str:
        """Return where Prometheus is, and what it has."""
        lines = [f"[targets.{TARGET}.monitoring]", f'prometheus = "{self.prometheus.url}"']
        lines += ["labels = 'job=\"hospital\"'", f"[targets.{TARGET}.monitoring.triggers]"]
        lines += ['release_info = "build_info"', f"operations.search = '{OPERATION['search']}'"]
        return "\n".join(lines)

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        """Have the process tell of the harm for a while."""
        ends = time.monotonic() + scale_seconds(self.lasts)
        while time.monotonic() < ends:
            self.tell()
            time.sleep(PAUSE_SECONDS)

    def tell(self) -> None:
        """Have the process count once. By default all is well."""
        self.new.tell("count", good=50)


class _Errors(ScrapedFault):
    item = "trigger-error-rate"
    check = ERRORS
    breaks = (rules.NOT_FIRED,)
    shows = "error-rate/new/prometheus"

    def tell(self) -> None:
        self.new.tell("count", good=45, bad=5)


class TheProxyHidesTheErrorsOfTheNewRelease(_Errors):
    """It asks the release before again: patients wait twice as long, and no probe fails (hazard 19)."""


class TheErrorsHadNoSeriesBefore(_Errors):
    """The counter of failures appears with the first one: `increase()` says none (hazard 4)."""

    before: ClassVar[Mapping[str, int]] = {"good": 500}


class TheHistogramTellsOfSlowAnswers(ScrapedFault):
    """Those of a site that nobody probes."""

    item = "trigger-response-time"
    check = RESPONSE
    breaks = (rules.NOT_FIRED,)
    shows = "response-time/new/prometheus/search"
    limits = 'response_source = "prometheus"'

    def prepare(self, hospital: WatchedHospital) -> None:
        """Write a baseline as gate t1 does."""
        operation = {
            "durations": "http_request_duration_seconds",
            "labels": 'job="hospital"',
            "operation": OPERATION["search"],
            "statistic": "p95",
            "seconds": 0.1,
            "requests": 500,
            "per_second": 500,
        }
        recorded = datetime.now(UTC).isoformat()
        plain = {"recorded": recorded, "release": "1.9.0", "operations": {"search": operation}}
        path: Path = hospital.folder / "reports/baselines" / TARGET / FILE
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(plain), encoding="utf-8")

    def tell(self) -> None:
        self.new.tell("count", good=50, slow=10)


class NoBucketEndsAtTwiceTheBaseline(TheHistogramTellsOfSlowAnswers):
    """Between 0.1 and 1 s the histogram sees no difference (hazard 30)."""

    outcome = "not proven"
    breaks = (rules.DECIDED,)
    shows = "no bucket ends within 10 %"
    edges = "0.1,1"


class ThePoolOfTheNewReleaseGivesNoConnection(ScrapedFault):
    """Requests wait for a connection in vain, and the proxy asks elsewhere."""

    item = "trigger-database"
    check = DATABASE
    breaks = (rules.NOT_FIRED,)
    shows = "database/new/prometheus"

    def tell(self) -> None:
        self.new.tell("count", good=50)
        self.new.tell("pool", timeouts=1)


class _Unproven(_Errors):
    outcome = "not proven"
    breaks = (rules.DECIDED,)
    lasts = 6.0


class NoLabelTellsTheNewRelease(_Unproven):
    """A relabelling drops it: the errors are nobody's (hazard 9)."""

    shows = "the series has no label release"
    relabelling: ClassVar[Mapping[str, Any]] = {
        "metric_relabel_configs": [{"action": "labeldrop", "regex": "release"}]
    }

    def tell(self) -> None:
        self.new.tell("count", good=50)


class PrometheusDiesInTheNight(_Unproven):
    """It was restarted in the night and did not come back: a hold, and no order (hazard 6)."""

    shows = "prometheus"
    limits = "blind_seconds = 2"

    def tell(self) -> None:
        self.prometheus.kill()


class AnOldPageIsServed(_Unproven):
    """A cache stands before the metrics: what fails behind it is not seen (hazard 7)."""

    shows = "it is a stored one"
    lasts = 14.0

    def tell(self) -> None:
        self.new.tell("mode", page="stored")
        super().tell()


class TwoJobsScrapeTheNewRelease(_Unproven):
    """Each request counts twice, and one error in two is that of the other job (hazard 8)."""

    shows = "is scraped by 2 jobs"
    jobs = ("hospital", "hospital-again")

    def tables(self, hospital: WatchedHospital) -> str:
        return super().tables(hospital).replace('job="hospital"', 'job=~"hospital.*"')
