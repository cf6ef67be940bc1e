"""Real processes with metrics pages, a real Prometheus that scrapes them, and its reader."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.evaluation import Evaluation
from cutover_gates.core.triggers.recorded_evaluations import format_evaluation
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import SignalSource
from cutover_gates.probes.observability.metric_pages import PageQuery
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from cutover_gates.watch.counted_readings import ReadingMaker
from cutover_gates.watch.prometheus_readings import PrometheusReadings, ReleaseNames
from cutover_gates.watch.prometheus_scrapes import ScrapeFollower
from cutover_gates.watch.reading_sources import SourceReader
from tests.calibration import scale_seconds

ROOT = Path(__file__).parents[1]
NEW, OLD = "2.0.0", "1.9.0"
OPERATION = {"search": 'route="/patients"'}
SCRAPE_SECONDS, EVALUATE_SECONDS = 0.25, 0.5


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ScrapedProcess:
    """One process. It can be killed and started again on its port."""

    release: str
    edges: str = "0.05,0.1,0.2,0.5"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = ["-m", "tests.standins.metrics_process", str(self.port), self.release, self.edges]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
        self.process = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=environment)
        until(self._answers, "the process does not answer")

    def kill(self) -> None:
        """Kill it as the kernel does."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def tell(self, path: str, **values: str | int) -> None:
        """Have it count, or serve its page in another way."""
        httpx.get(f"http://{self.address}/{path}", params=values, timeout=10)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://{self.address}/metrics", timeout=1).status_code == 200
        except httpx.TransportError:
            return False


def until(true: Callable[[], bool], otherwise: str) -> None:
    """Wait until something holds."""
    ends = time.monotonic() + scale_seconds(20)
    while not true():
        assert time.monotonic() < ends, otherwise
        time.sleep(0.05)


@dataclass
class RunningPrometheus:
    """A Prometheus that can be killed and started again."""

    folder: Path
    jobs: dict[str, Any]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        seconds = f"{int(1000 * SCRAPE_SECONDS)}ms"
        timing = {"scrape_interval": seconds, "scrape_timeout": seconds}
        configuration = {"global": timing, "scrape_configs": list(self.jobs.values())}
        (self.folder / "prometheus.yml").write_text(json.dumps(configuration))
        program = shutil.which("prometheus")
        assert program, "there is no prometheus on this machine: apt-get install prometheus"
        words = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"]
        words.append(f"--web.listen-address=127.0.0.1:{self.port}")
        self.process = subprocess.Popen([program, *words], cwd=self.folder)
        until(self._is_ready, "Prometheus is not ready")

    def wait_for_scrapes(self, instances: int) -> None:
        """Wait until so many instances were scraped twice."""
        api = PrometheusApi(JsonService(self.url))
        until(lambda: len(api.query("count_over_time(up[2s]) >= 2")) == instances, "no scrapes")

    def kill(self) -> None:
        """Kill it."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=1).status_code == 200
        except httpx.TransportError:
            return False


def job(name: str, *processes: ScrapedProcess, **more: Any) -> dict[str, Any]:
    """Return a scrape configuration."""
    targets = [each.address for each in processes]
    return {"job_name": name, "static_configs": [{"targets": targets}], **more}


@contextmanager
def running_prometheus(folder: Path, *jobs: dict[str, Any]) -> Iterator[RunningPrometheus]:
    """Run a Prometheus until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    running = RunningPrometheus(folder, {each["job_name"]: each for each in jobs})
    running.start()
    try:
        yield running
    finally:
        running.kill()


def trigger_settings(**changed: Any) -> TriggerSettings:
    """Return the plan's limits with short durations."""
    table: dict[str, Any] = {
        "evaluate_seconds": EVALUATE_SECONDS,
        "rate_seconds": 2,
        "error_seconds": 4,
        "error_requests": 20,
        "response_seconds": 4,
        "response_requests": 20,
        "blind_seconds": 3,
    }
    return TriggerSettings.model_validate({**table, **changed})


def trigger_series(**changed: Any) -> TriggerSeries:
    """Return the series of those processes."""
    table = {"release_info": "build_info", "operations": OPERATION}
    return TriggerSeries.model_validate({**table, **changed})


@dataclass
class LiveEvaluations:
    """The machine, fed with Prometheus alone as a watcher feeds it. `lines` are its record."""

    url: str
    labels: str = 'job="hospital"'
    series: dict[str, Any] = field(default_factory=dict)
    triggers: TriggerSettings = field(default_factory=trigger_settings)
    maker: ReadingMaker | None = None
    serves_new: bool = False
    lines: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        series = trigger_series(**self.series)
        api = PrometheusApi(JsonService(self.url, seconds=2))
        operations = self.triggers.response_operations if self.maker else ()
        query = PageQuery(series, self.labels, operations)
        self.source = PrometheusReadings(
            ScrapeFollower(api, query, self.triggers.evaluate_seconds, 5.0),
            self.maker or ReadingMaker(series, self.triggers),
            series,
            self.triggers,
            ReleaseNames(NEW, OLD),
            lambda: self.serves_new,
        )
        self.machine = TriggerMachine(self.triggers.limits)
        self.reader = SourceReader(
            [self.source], 2.0, lambda about, reason: self.told.append((about, reason))
        )

    def run(self, seconds: float, act: Callable[[], None] = lambda: None) -> list[str]:
        """Evaluate for so many seconds, and act before each; return what fired."""
        fired: list[str] = []
        ends = time.time() + seconds
        planned = time.time()
        while planned < ends:
            act()
            time.sleep(max(0.0, planned - time.time()))
            probes = {SignalSource.PROBES: True}
            evaluation = self.reader.add_readings(Evaluation(time.time(), (), probes))
            fired += [each.key.text for each in self.machine.evaluate(evaluation)]
            self.lines.append(format_evaluation(evaluation) + "\n")
            planned = max(planned + self.triggers.evaluate_seconds, time.time())
        return fired

    @property
    def heard(self) -> bool:
        """Whether Prometheus was heard at the last evaluation."""
        return bool(json.loads(self.lines[-1])["sources"][SignalSource.PROMETHEUS])

    def counts(self, about: str, first: int = 0) -> list[tuple[int, int]]:
        """Return the known counts of a condition, from one evaluation on."""
        readings = [one for line in self.lines[first:] for one in json.loads(line)["readings"]]
        found = [one for one in readings if one["key"] == about and one.get("total") is not None]
        return [(one["bad"], one["total"]) for one in found]

    def reasons(self, about: str) -> list[str]:
        """Return why something was unknown, in the order of the changes."""
        return [reason for key, reason in self.told if key.startswith(about)]
