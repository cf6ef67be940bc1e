"""A real Prometheus and a real Alertmanager, which scrape metrics pages of the tests.

Each fault is a job, a rule or a route of its own, so that they start only once.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.probes.observability.alerts.alertmanager import AlertmanagerApi
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from tests.standins.http_server import ReceivedRequest, Reply, running_http_standin

PATIENCE = 20.0
INSTANCES = ("a", "b")
PROGRAMS = ("prometheus", "prometheus-alertmanager")
Page = Callable[["Pages", str], str | None]


@dataclass
class Pages:
    """The requests that the instances of one job have counted."""

    counted: Counter[str] = field(default_factory=Counter)

    def move(self, times: int) -> int:
        """Count so many requests, in turn on each instance."""
        for number in range(times):
            self.counted[INSTANCES[number % 2]] += 1
        return times


def healthy_page(pages: Pages, instance: str) -> str:
    """Return a page without a fault."""
    return page_text(pages.counted[instance])


def page_text(
    requests: float, *, pool: str = "db_pool_in_use 1\n", seconds: float | None = None
) -> str:
    return (
        '# TYPE http_requests_total counter\nhttp_requests_total{route="/patients",status="200"}'
        f" {5 + requests}\n# TYPE http_seconds_count counter\nhttp_seconds_count"
        f" {5 + (requests if seconds is None else seconds)}\n{pool}"
    )


@dataclass
class PrometheusStack:
    """The addresses of both. `run` is the port to which a canary's webhook sends."""

    prometheus_url: str
    alertmanager_url: str
    run: int
    jobs: Mapping[str, Pages]

    def settings(self, job: str = "good", **changed: Any) -> Monitoring:
        """Return a target's settings; `changed` tables are merged."""
        table: dict[str, Any] = {
            "prometheus": self.prometheus_url,
            "labels": f'job="{job}"',
            "targets": INSTANCES,
            "scrape_seconds": 5,
            "metrics": {
                "requests": 'http_requests_total{route="/patients"}',
                "moving": ["http_seconds_count"],
                "present": ["db_pool_in_use"],
            },
            "alerts": {
                "alertmanager": self.alertmanager_url,
                "receiver": "operations",
                "canary": "GoodCanary",
                "canary_receiver": "cutover",
                "canary_labels": {"severity": "test"},
                "receiver_listen": f"127.0.0.1:{self.run}",
                "canary_seconds": 10,
                "rules": {
                    "health": "GoodHealth",
                    "error-rate": "GoodErrors",
                    "response-time": "GoodSlow",
                    "database": "GoodDatabase",
                },
                "for_seconds": {"health": 3},
                "thresholds": {"error-rate": 0.01},
                "absent_when_healthy": {
                    'http_requests_total{job="good",status=~"5.."}': "no request has failed yet"
                },
            },
        }
        for key, value in changed.items():
            table[key] = {**table[key], **value} if isinstance(value, Mapping) else value
        return Monitoring.model_validate(table)

    def metrics(
        self, job: str = "good", *, client: type[PrometheusApi] = PrometheusApi, **changed: Any
    ) -> MetricAssessments:
        return MetricAssessments(
            self.settings(job, **changed),
            client(JsonService(self.prometheus_url)),
            self.jobs[job].move,
            ObservabilityContext("staging"),
        )

    def alerts(
        self, *, client: type[PrometheusApi] = PrometheusApi, **changed: Any
    ) -> AlertAssessments:
        settings = self.settings("good", alerts=changed)
        alertmanager = (
            AlertmanagerApi(JsonService(settings.alerts.alertmanager, seconds=1))
            if settings.alerts.alertmanager
            else None
        )
        return AlertAssessments(
            settings,
            client(JsonService(self.prometheus_url)),
            alertmanager,
            self.jobs["good"].move,
            ObservabilityContext("staging"),
        )

    def rule(self, name: str, trigger: str = "health") -> AlertAssessments:
        """Return the questions about alerts, where one trigger has this rule."""
        rules = {
            "health": "GoodHealth",
            "error-rate": "GoodErrors",
            "response-time": "GoodSlow",
            "database": "GoodDatabase",
            trigger: name,
        }
        return self.alerts(rules=rules)

    def canary(self, name: str, **changed: Any) -> AlertAssessments:
        return self.alerts(canary=name, **{"canary_seconds": 1, **changed})


def missing_programs() -> str | None:
    """Return which programs are missing on this machine; None: none is."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    return (
        f"{' and '.join(lacking)} not on this machine: apt-get install {' '.join(lacking)}"
        if lacking
        else None
    )


@contextmanager
def running_stack(
    folder: Path,
    pages: Mapping[str, Page],
    rules: Sequence[Mapping[str, Any]],
    lazy: Sequence[Mapping[str, Any]],
    intervals: Mapping[str, str],
    canaries: Mapping[str, str],
    silences: Sequence[Mapping[str, str]],
) -> Iterator[PrometheusStack]:
    """Run both programs until the block ends.

    `pages`: what each job's instances show. `lazy` rules are evaluated once an hour. `intervals`:
    how often a job is scraped that is not scraped all the time. `canaries`: to which receiver an
    alert goes. `silences`: matchers by label, regular expressions all.
    """
    jobs = {name: Pages() for name in pages}
    prometheus, alertmanager, run = _free_port(), _free_port(), _free_port()
    with ExitStack() as stack:
        served = stack.enter_context(running_http_standin())
        for name, page in pages.items():
            for instance in INSTANCES:
                served.answers[f"GET /{name}/{instance}"] = _showing(page, jobs[name], instance)
        address = served.url.removeprefix("http://")
        scraped = [
            {
                "job_name": f"{name}-{instance}",
                "metrics_path": f"/{name}/{instance}",
                "scrape_interval": intervals.get(name, "250ms"),
                "static_configs": [
                    {"targets": [address], "labels": {"job": name, "instance": instance}}
                ],
            }
            for name in pages
            for instance in INSTANCES
        ]
        groups = [
            {"name": "rules", "rules": list(rules)},
            {"name": "lazy", "interval": "1h", "rules": list(lazy)},
        ]
        _write(folder / "rules.yml", {"groups": groups})
        _write(
            folder / "prometheus.yml",
            {
                "global": {
                    "scrape_interval": "250ms",
                    "scrape_timeout": "250ms",
                    "evaluation_interval": "250ms",
                },
                "scrape_configs": scraped,
                "rule_files": ["rules.yml"],
                "alerting": {
                    "alertmanagers": [
                        {"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}
                    ]
                },
            },
        )
        _write(folder / "alertmanager.yml", _alertmanager(run, _free_port(), canaries))
        _start(
            stack,
            folder,
            [
                "prometheus-alertmanager",
                "--config.file=alertmanager.yml",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
                "--storage.path=alerts",
            ],
        )
        _start(
            stack,
            folder,
            [
                "prometheus",
                "--config.file=prometheus.yml",
                f"--web.listen-address=127.0.0.1:{prometheus}",
                "--storage.tsdb.path=data",
                "--rules.alert.resend-delay=500ms",
            ],
        )
        there = PrometheusStack(
            f"http://127.0.0.1:{prometheus}", f"http://127.0.0.1:{alertmanager}", run, jobs
        )
        _until(lambda: _ready(there), "Prometheus and Alertmanager did not get ready")
        for silence in silences:
            _silence(there, silence)
        _until(
            lambda: _warm(there, len(rules)), "Prometheus has not scraped and evaluated everything"
        )
        yield there


def _showing(page: Page, counted: Pages, instance: str) -> Callable[[ReceivedRequest], Reply]:
    def shown(_asked: ReceivedRequest) -> Reply:
        body = page(counted, instance)
        return (
            (500, {}, b"")
            if body is None
            else (200, {"Content-Type": "text/plain; version=0.0.4"}, body.encode())
        )

    return shown


def _alertmanager(run: int, nobody: int, canaries: Mapping[str, str]) -> dict[str, Any]:
    """Return a configuration: canaries go to their receivers, the rest by team or to operations."""
    quick = {"group_wait": "0s", "group_interval": "1s", "repeat_interval": "1s"}
    hook = {
        name: [{"url": f"http://127.0.0.1:{port}/{name}"}]
        for name, port in {
            "operations": nobody,
            "cutover": run,
            "another-team": run,
            "refusing": nobody,
        }.items()
    }
    return {
        "route": {
            "receiver": "operations",
            "group_by": ["alertname"],
            **quick,
            "routes": [
                *(
                    {"matchers": [f'alertname="{alert}"'], "receiver": receiver}
                    for alert, receiver in canaries.items()
                ),
                {"match": {"team": "billing"}, "receiver": "another-team"},
                {"match": {"team": "asleep"}, "mute_time_intervals": ["always"]},
                {"match_re": {"team": "nobody.*"}, "receiver": "drawer"},
            ],
        },
        "receivers": [
            *({"name": name, "webhook_configs": hooks} for name, hooks in hook.items()),
            {"name": "drawer"},
        ],
        "time_intervals": [{"name": "always", "time_intervals": [{"years": ["2000:2100"]}]}],
        "inhibit_rules": [
            {
                "source_matchers": ['alertname="Maintenance"'],
                "target_matchers": ['alertname=~"Inhibited.*"'],
                "equal": ["site"],
            }
        ],
    }


def _write(path: Path, table: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(table), encoding="utf-8")  # JSON is YAML


def _start(stack: ExitStack, folder: Path, command: Sequence[str]) -> None:
    log = stack.enter_context((folder / f"{command[0]}.log").open("wb"))
    process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    stack.callback(_stop, process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)  # what it has on disk is thrown away
    process.wait()


def _ready(there: PrometheusStack) -> bool:
    try:
        return all(
            httpx.get(f"{url}/-/ready", timeout=1).status_code == 200
            for url in (there.prometheus_url, there.alertmanager_url)
        )
    except httpx.TransportError:
        return False


def _warm(there: PrometheusStack, rules: int) -> bool:
    """Every page was scraped twice or so, every rule evaluated, and the alerts that always fire are
    at Alertmanager.
    """
    client = PrometheusApi(JsonService(there.prometheus_url))
    evaluated = [rule for rule in client.fetch_rules() if rule.health != "unknown"]
    arrived = {
        alert.labels["alertname"]
        for alert in AlertmanagerApi(JsonService(there.alertmanager_url)).fetch_alerts()
    }
    return (
        len(evaluated) >= rules
        and {"Maintenance", "SilencedCanary"} <= arrived
        and bool(client.query('up{job="good",instance="b"}'))
    )


def _silence(there: PrometheusStack, matchers: Mapping[str, str]) -> None:
    body = {
        "matchers": [
            {"name": name, "value": value, "isRegex": True, "isEqual": True}
            for name, value in matchers.items()
        ],
        "startsAt": "2020-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "somebody",
        "comment": "a month ago",
    }
    httpx.post(f"{there.alertmanager_url}/api/v2/silences", json=body).raise_for_status()


def _until(done: Callable[[], bool], otherwise: str) -> None:
    ends, pause = time.monotonic() + PATIENCE, threading.Event()
    while not done():
        assert time.monotonic() < ends, otherwise
        pause.wait(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
