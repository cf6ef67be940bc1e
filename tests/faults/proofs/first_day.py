"""Faults of the metrics in the day after the cutover, in a real Prometheus with two days of samples."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.metrics.day_review import MetricReview
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from tests.faults.proofs.proof_fault import ProofFault
from tests.faults.registry import faults_of_kind

HOUR, STEP = 3600, 120
NOW = int(time.time())
BEGAN = NOW - 26 * HOUR
"""When the new release took over: the day after it ended an hour or two ago."""
SHARE = "sum(increase(errors_total{{job='{0}',version='$release'}}[24h])) / sum(increase(requests_total{{job='{0}',version='$release'}}[24h]))"


def times(hours_from: float, hours_to: float) -> range:
    """Return the moments of scrapes, in hours after the cutover."""
    return range(int(BEGAN + hours_from * HOUR), int(BEGAN + hours_to * HOUR), STEP)


class DayFault(ProofFault):
    """The series of one job. `errors` and `old_errors` are those of a thousand requests, by release.

    Instances `a` and `b` are up from `up_from` to `up_to`, in hours after the cutover.
    """

    item, fixture = "metrics-reviewed", "metric_review"
    check = "test_the_first_day_is_no_worse_than_the_day_before"
    errors: ClassVar[float] = 1
    old_errors: ClassVar[float] = 1
    up_from: ClassVar[float] = -25
    up_to: ClassVar[Mapping[str, float]] = {"a": 26, "b": 26}
    query: ClassVar[str] = SHARE
    deployed: ClassVar[int] = BEGAN

    @classmethod
    def samples(cls) -> Iterator[str]:
        """Yield the lines of OpenMetrics, series by series."""
        job = cls.__name__
        for instance, end in cls.up_to.items():
            name = f'up{{job="{job}",instance="{instance}"}}'
            yield from (f"{name} 1 {at}" for at in times(cls.up_from, end))
        counts = {"requests_total": (1000.0, 1000.0), "errors_total": (cls.old_errors, cls.errors)}
        for metric, (old, new) in counts.items():
            for release, rate, window in (("1.9.0", old, (-25, 0)), ("2.0.0", new, (0, 26))):
                name = f'{metric}{{job="{job}",version="{release}"}}'
                moments = times(*window)
                yield from (f"{name} {rate * number} {at}" for number, at in enumerate(moments))

    @classmethod
    def asked_of(cls, url: str) -> MetricReview:
        settings = Monitoring.model_validate(cls.settings(url))
        context = ObservabilityContext("staging")
        return MetricReview(settings, PrometheusApi(JsonService(url)), "2.0.0", "1.9.0", context)

    @classmethod
    def settings(cls, url: str) -> dict[str, Any]:
        job = cls.__name__
        compared = {"errors": {"query": cls.query.format(job), "factor": 1.5}}
        deployed = datetime.fromtimestamp(cls.deployed, UTC)
        return {
            "prometheus": url,
            "labels": f'job="{job}"',
            "targets": ["a", "b"],
            "review": {"deployed": deployed, "compared": compared},
        }


class QuietDayFault(DayFault):
    """No fault: the new release has as many errors as the one before."""


class TheNewReleaseFailsMoreOften(DayFault):
    """Twice as many requests fail as the day before."""

    breaks, shows = (rules.FIGURE_NOT_WORSE,), "errors | at most 0.0015 (1.5 times 0.001) | 0.002 |"
    errors = 2


class AnInstanceVanished(DayFault):
    """It died after twenty hours, and its errors are in no curve."""

    breaks, shows = (rules.INSTANCE_STAYED,), "b | up in each of 96 quarters of an hour | up in 8"
    up_to: ClassVar[Mapping[str, float]] = {"a": 26, "b": 20}


class AnInstanceWasNeverScraped(DayFault):
    """The second instance is in the balancer and not in Prometheus."""

    breaks, shows = (rules.INSTANCE_STAYED,), "b | up in each of 96 quarters of an hour | up in 0 |"
    up_to: ClassVar[Mapping[str, float]] = {"a": 26}


class PrometheusForgotTheDayBefore(DayFault):
    """It was started anew: there is nothing to hold the day against."""

    breaks, outcome, shows = (rules.DAY_BEFORE_WATCHED,), "not proven", "of 96 quarters"
    up_from = -3


class TheFigureDoesNotExist(DayFault):
    """The metric was renamed with the release: an empty curve has no errors."""

    breaks, outcome, shows = (rules.FIGURE_KNOWN,), "not proven", "errors, the first day |"
    query = "sum(increase(renamed_total{{job='{0}'}}[24h]))"


class TheDayIsNotOver(DayFault):
    """The night shift, in which most is entered, is still to come."""

    breaks, outcome, shows = (rules.REVIEWED_DAY,), "not proven", "monitoring.review.deployed |"
    deployed = NOW - 5 * HOUR


def all_days() -> list[type[DayFault]]:
    return [QuietDayFault, *faults_of_kind("proofs", DayFault).values()]


@contextmanager
def running_days(folder: Path) -> Iterator[str]:
    """Run a Prometheus with the samples of all faults, each a job of its own; yield its address."""
    with running_samples(folder, [one for fault in all_days() for one in fault.samples()]) as url:
        yield url


@contextmanager
def running_samples(folder: Path, lines: Sequence[str]) -> Iterator[str]:
    """Run a Prometheus with these lines of OpenMetrics, and yield its address."""
    text = "".join(f"{line}\n" for line in lines)
    (folder / "samples.om").write_text(f"{text}# EOF\n", encoding="utf-8")
    promtool, prometheus = shutil.which("promtool"), shutil.which("prometheus")
    assert promtool is not None
    assert prometheus is not None
    blocks = [promtool, "tsdb", "create-blocks-from", "openmetrics", "samples.om", "data"]
    subprocess.run(blocks, cwd=folder, check=True, capture_output=True)
    (folder / "prometheus.yml").write_text("global: {}\n", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        prometheus,
        "--config.file=prometheus.yml",
        f"--web.listen-address={address}",
        "--storage.tsdb.path=data",
        "--storage.tsdb.retention.time=30d",
    ]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_ready(f"http://{address}")
            yield f"http://{address}"
        finally:
            process.send_signal(signal.SIGTERM)


def _wait_until_ready(url: str) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise TimeoutError(f"Prometheus at {url} did not get ready")
