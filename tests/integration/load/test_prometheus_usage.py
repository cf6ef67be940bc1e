"""A real Prometheus, asked as the settings say: it scrapes a page that the test serves."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import httpx
import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.resources import PoolMetricNames, ResourceSettings
from cutover_gates.probes.load.resource_usage.prometheus_source import PrometheusResourceSource
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample
from cutover_gates.util.http import SourceUnavailable
from tests.integration.load.test_metrics_page import PYTHON, page
from tests.standins.http_server import HttpServerStandin, json_reply, running_http_standin

PATIENCE = 30.0
CONFIGURATION = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: hospital
    static_configs:
      - {{targets: ["{page}"], labels: {{instance: a}}}}
      - {{targets: ["{page}"], labels: {{instance: b}}}}
  - {{job_name: other, metrics_path: /other, static_configs: [{{targets: ["{page}"]}}]}}
  - {{job_name: passed-on, metrics_path: /passed-on, static_configs: [{{targets: ["{page}"]}}]}}
"""


@dataclass
class Running:
    """A Prometheus at `url`, and the stand-in whose pages it scrapes."""

    url: str
    pages: HttpServerStandin

    def resources(self, **changed: object) -> ResourceSettings:
        return ResourceSettings.model_validate(
            {"prometheus": self.url, "labels": 'job="hospital",instance="a"', **changed}
        )


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus on this machine: apt-get install prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    with running_http_standin() as pages:
        pages.answers |= {
            "GET /metrics": page(PYTHON),
            "GET /other": page("process_resident_memory_bytes 5\n"),
            "GET /passed-on": page(""),
        }
        (folder / "prometheus.yml").write_text(
            CONFIGURATION.format(page=pages.url.removeprefix("http://")), encoding="utf-8"
        )
        address = f"127.0.0.1:{_free_port()}"
        command = [
            program,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            running = Running(f"http://{address}", pages)
            until(lambda: process.poll() is not None or _scraped(running.url))
            assert process.poll() is None, "Prometheus ended before it was asked"
            yield running
        finally:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _scraped(url: str) -> bool:
    try:
        told = httpx.get(
            f"{url}/api/v1/query", params={"query": "count(up == 1)"}, timeout=1
        ).json()
        return [one["value"][1] for one in told["data"]["result"]] == ["4"]
    except (httpx.HTTPError, ValueError):  # while it starts it answers in words
        return False


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, f"did not come true within {PATIENCE:g} s"
        time.sleep(0.05)


def figures(look: ResourceSample) -> tuple[float | None, ...]:
    return (
        look.cpu_seconds,
        look.memory,
        look.pool_in_use,
        look.pool_max,
        look.pool_waiting,
        look.pool_timeouts,
    )


def test_the_figures_of_one_target_are_read(prometheus: Running) -> None:
    look = PrometheusResourceSource(prometheus.resources()).take_sample()
    assert (figures(look), look.missing, look.parts) == ((12.34, 2**27, 3, 10, 0, 2), {}, 1)


def test_the_figures_of_several_are_added_up(prometheus: Running) -> None:
    look = PrometheusResourceSource(prometheus.resources(labels='job="hospital"')).take_sample()
    assert (figures(look), look.parts) == ((24.68, 2**28, 6, 20, 0, 4), 2)


def test_a_metric_may_bring_labels_of_its_own(prometheus: Running) -> None:
    names = {
        name: f'db_pool_max{{job="hospital",instance="{instance}"}}'
        for name, instance in (("in_use", "a"), ("maximum", 'no \\"such\\" one'))
    }
    look = PrometheusResourceSource(
        prometheus.resources(labels='{instance=~"a|b"}', pool=PoolMetricNames(**names))
    ).take_sample()
    assert (look.pool_in_use, look.pool_max, look.pool_timeouts) == (10, None, 4)


def test_a_counter_may_be_called_without_total(prometheus: Running) -> None:
    assert (
        PrometheusResourceSource(
            prometheus.resources(
                cpu="process_cpu_seconds", pool=PoolMetricNames(timeouts="db_pool_timeouts")
            )
        )
        .take_sample()
        .pool_timeouts
        == 2
    )


def test_what_is_not_told_is_missing_and_says_which_key_mends_it(prometheus: Running) -> None:
    look = PrometheusResourceSource(prometheus.resources(labels='job="other"')).take_sample()
    assert look.memory == 5
    assert (
        look.missing["pool_max"]
        == f"{prometheus.url}/api/v1/query (with performance.resources.labels 'job=\"other\"')"
        " tells no db_pool_max; name what it tells in performance.resources.pool.maximum"
    )


def test_one_sample_has_one_moment_however_often_it_is_looked_at(prometheus: Running) -> None:
    source = PrometheusResourceSource(prometheus.resources())
    looks = [source.take_sample() for _ in range(20)]
    moments = sorted({look.measurement_time("memory") for look in looks})
    assert len(moments) <= 2 + looks[-1].at - looks[0].at
    assert all(later - earlier > 0.5 for earlier, later in pairwise(moments))
    assert all(-0.5 < look.at - look.measurement_time("memory") < 5 for look in looks)


def test_a_sample_from_long_ago_is_stale(prometheus: Running) -> None:
    """Prometheus itself goes on telling it for five minutes, as if it were from now."""
    prometheus.pages.answers["GET /passed-on"] = page(
        f"process_resident_memory_bytes 7 {round(1000 * (time.time() - 60))}\ndb_pool_max 5\n"
    )
    source = PrometheusResourceSource(prometheus.resources(labels='job="passed-on"'))
    until(lambda: source.take_sample().pool_max == 5)
    look = source.take_sample()
    assert look.memory is None
    assert look.missing["memory"].startswith("last measured 6")


def test_a_target_that_is_not_scraped_any_more_is_missing(prometheus: Running) -> None:
    prometheus.pages.answers["GET /other"] = page("", 500)
    source = PrometheusResourceSource(prometheus.resources(labels='job="other"'))
    until(lambda: source.take_sample().memory is None)
    prometheus.pages.answers["GET /other"] = page("process_resident_memory_bytes 5\n")
    until(lambda: source.take_sample().memory == 5)


def test_labels_that_are_none_are_told_in_prometheus_words(prometheus: Running) -> None:
    with pytest.raises(
        SourceUnavailable, match=r"/api/v1/query answered 400: .*parse error"
    ) as raised:
        PrometheusResourceSource(prometheus.resources(labels="job=hospital")).take_sample()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "cpu", ["process_cpu_seconds_total", 'process_cpu_seconds_total{job="hospital"}']
)
def test_all_that_is_scraped_is_never_added_up(cpu: str) -> None:
    with pytest.raises(
        SettingsError, match=r"has no label and performance\.resources\.labels is empty"
    ):
        PrometheusResourceSource(ResourceSettings(prometheus="http://127.0.0.1:1", cpu=cpu))


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            json_reply(
                {"status": "success", "warnings": ["store-2: timeout"], "data": {"result": []}}
            ),
            "answered in part: store-2: timeout",
        ),
        ((200, {}, b"<html>"), "answered 200, and not as the HTTP API of a Prometheus does"),
        (json_reply([1]), "answered 200, and not as the HTTP API of a Prometheus does"),
        (
            json_reply({"status": "success", "data": {"result": [{"metric": {}}]}}),
            "gave an answer that is no vector",
        ),
        (
            json_reply(
                {"status": "error", "error": "query timed out in\nexpression evaluation"}, 503
            ),
            "answered 503: query timed out in expression evaluation",
        ),
    ],
)
def test_an_answer_without_figures_is_told(
    answer: tuple[int, dict[str, str], bytes], why: str
) -> None:
    """What Prometheus does not say on demand: a stand-in says it."""
    with running_http_standin() as other:
        other.answers["GET /api/v1/query"] = answer
        with pytest.raises(SourceUnavailable) as raised:
            PrometheusResourceSource(
                ResourceSettings(prometheus=other.url, labels='job="hospital"')
            ).take_sample()
    assert str(raised.value) == f"{other.url}/api/v1/query {why}"


def test_a_value_that_is_no_number_is_missing() -> None:
    vector = [
        {"metric": {"asked": asked}, "value": [1.0, value]}
        for asked, value in (("memory", "NaN"), ("memory measured", "1"))
    ]
    with running_http_standin() as other:
        other.answers["GET /api/v1/query"] = json_reply(
            {"status": "success", "data": {"resultType": "vector", "result": vector}}
        )
        look = PrometheusResourceSource(
            ResourceSettings(prometheus=other.url, labels='job="hospital"')
        ).take_sample()
    assert look.memory is None
    assert "memory" in look.missing
