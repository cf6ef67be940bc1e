"""A target's own page: the figures that the settings name, each of them or why not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from cutover_gates.config.base import SettingsError
from cutover_gates.config.resources import PoolMetricNames, ResourceSettings
from cutover_gates.probes.load.resource_usage.metrics_page import (
    MetricsPageSource,
    fetch_metrics_page,
    parse_metrics,
)
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_client import BoundedHttpClient
from tests.standins.http_server import Reply, running_http_standin, running_socket_server

PYTHON = """\
# HELP process_resident_memory_bytes Resident memory size in bytes.
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 1.34217728e+08
# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 12.34
# TYPE process_cpu_seconds_created gauge
process_cpu_seconds_created 1.7e+09
# TYPE db_pool_max gauge
db_pool_max 10.0
# TYPE db_pool_in_use gauge
db_pool_in_use 3.0
# TYPE db_pool_waiting gauge
db_pool_waiting 0.0
# TYPE db_pool_timeouts_total counter
db_pool_timeouts_total 2.0
"""
SPRING = """\
# HELP hikaricp_connections_active Active connections
# TYPE hikaricp_connections_active gauge
hikaricp_connections_active{pool="main",} 4.0
hikaricp_connections_active{pool="reports",} 1.0
# TYPE hikaricp_connections_max gauge
hikaricp_connections_max{pool="main",} 10.0
hikaricp_connections_max{pool="reports",} 5.0
# TYPE hikaricp_connections_timeout_total counter
hikaricp_connections_timeout_total{pool="main",} 0.0
hikaricp_connections_timeout_total{pool="reports",} 7.0
# TYPE jvm_memory_used_bytes gauge
jvm_memory_used_bytes{area="heap",id="G1 Eden Space",} 3.0E7
jvm_memory_used_bytes{area="heap",id="G1 Old Gen",} 5.0E7
jvm_memory_used_bytes{area="nonheap",id="Metaspace",} 9.0E7
# TYPE process_cpu_usage gauge
process_cpu_usage NaN
"""
MAIN = PoolMetricNames(
    in_use='hikaricp_connections_active{pool="main"}',
    maximum='hikaricp_connections_max{pool="main"}',
    waiting="hikaricp_connections_pending",
    timeouts='hikaricp_connections_timeout_total{pool="main"}',
)


def page(text: str, status: int = 200) -> Reply:
    return status, {"Content-Type": "text/plain; version=0.0.4"}, text.encode()


def look_at(text: str, resources: ResourceSettings | None = None) -> ResourceSample:
    """A look at a page that says `text`. Its sentences are without the address of this test."""
    with running_http_standin() as target:
        target.answers["GET /metrics"] = page(text)
        look = MetricsPageSource(
            f"{target.url}/metrics", resources or ResourceSettings()
        ).take_sample()
    return replace(
        look, missing={name: why.replace(target.url, "") for name, why in look.missing.items()}
    )


def test_the_figures_of_a_page_are_read() -> None:
    look = look_at(PYTHON)
    assert (
        look.cpu_seconds,
        look.memory,
        look.pool_in_use,
        look.pool_max,
        look.pool_waiting,
        look.pool_timeouts,
    ) == (12.34, 2**27, 3, 10, 0, 2)
    assert not look.missing


def test_series_are_added_up_and_labels_choose_among_them() -> None:
    seen = look_at(
        SPRING,
        ResourceSettings(
            memory='jvm_memory_used_bytes{area="heap"}', cpu="jvm_memory_used_bytes", pool=MAIN
        ),
    )
    assert (seen.memory, seen.cpu_seconds) == (8e7, 17e7)
    assert (seen.pool_in_use, seen.pool_max, seen.pool_timeouts) == (4, 10, 0)


def test_cpu_time_is_read_in_its_unit() -> None:
    """Micrometer counts nanoseconds: as seconds they would be thousands of processors."""
    told = 'process_cpu_time_ns_total{application="ward",} 1.25E10\n'
    resources = ResourceSettings(cpu="process_cpu_time_ns_total", cpu_unit="nanoseconds")
    assert look_at(told, resources).cpu_seconds == 12.5
    milliseconds = ResourceSettings(cpu="cpu_used", cpu_unit="milliseconds")
    assert look_at("cpu_used 1500\n", milliseconds).cpu_seconds == 1.5


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        ("process_cpu_time_ns_total", "seconds"),
        ('process_cpu_time_ns{pod="a"}', "milliseconds"),
        ("process_cpu_seconds_total", "nanoseconds"),
        ("process_cpu_millis", "seconds"),
    ],
)
def test_a_unit_that_the_name_contradicts_is_refused(metric: str, unit: Any) -> None:
    """In the wrong unit every target uses nothing, or a data centre."""
    with pytest.raises(ValidationError, match="by its name"):
        ResourceSettings(cpu=metric, cpu_unit=unit)


def test_what_is_not_told_is_missing_and_says_which_key_mends_it() -> None:
    seen = look_at(SPRING, ResourceSettings(memory="jvm_memory_used_bytes", pool=MAIN))
    assert (seen.cpu_seconds, seen.pool_waiting) == (None, None)
    assert seen.missing == {
        "cpu_seconds": (
            "/metrics tells no process_cpu_seconds_total; name what it tells in"
            " performance.resources.cpu"
        ),
        "pool_waiting": (
            "/metrics tells no hikaricp_connections_pending; name what it tells in"
            " performance.resources.pool.waiting"
        ),
    }


def test_a_label_that_no_series_has_finds_nothing() -> None:
    assert (
        look_at(
            SPRING,
            ResourceSettings(
                pool=PoolMetricNames(in_use='hikaricp_connections_active{pool="other"}')
            ),
        ).pool_in_use
        is None
    )


@pytest.mark.parametrize(
    "told",
    [
        "# TYPE waited_total counter\nwaited_total 5",
        "# TYPE waited counter\nwaited 5",
        "waited 5",
        "waited_total 5",
    ],
)
@pytest.mark.parametrize("asked", ["waited", "waited_total"])
def test_a_counter_may_be_called_with_or_without_total(told: str, asked: str) -> None:
    assert look_at(told, ResourceSettings(pool=PoolMetricNames(timeouts=asked))).pool_timeouts == 5


def test_what_is_no_number_is_missing() -> None:
    seen = look_at(SPRING, ResourceSettings(memory="process_cpu_usage"))
    assert seen.memory is None
    assert "memory" in seen.missing


def test_a_page_that_tells_nothing_is_not_an_error() -> None:
    assert len(look_at("").missing) == 6


def test_a_figure_with_an_old_time_is_stale() -> None:
    """Pages that pass on what others measured say when that was."""
    old, new = round(1000 * (time.time() - 45)), round(1000 * (time.time() - 5))
    seen = look_at(f"process_resident_memory_bytes 5 {old}\nprocess_cpu_seconds_total 1 {new}\n")
    assert (seen.memory, seen.cpu_seconds) == (None, 1)
    assert (
        seen.missing["memory"]
        == "last measured 45 s before the sample, at most 30 s allowed: the target is no longer"
        " measured"
    )


def test_figures_can_be_read_once() -> None:
    with running_http_standin() as target:
        target.answers["GET /metrics"] = page(PYTHON)
        figures = fetch_metrics_page(f"{target.url}/metrics", 1.0)
    memory = next(
        metric for metric in parse_metrics(ResourceSettings()) if metric.figure == "memory"
    )
    found = figures.sum_metric(memory)
    assert found is not None
    assert (found.value, found.parts, found.measured) == (2**27, 1, None)


# ── settings that cannot be used ──


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two words",
        "name{",
        'name{a="b"} 5',
        "name 5",
        "a 1\nb",
        '{a="b"}',
        "5",
        "name{a=b}",
        "# HELP x y",
    ],
)
def test_what_is_no_metric_is_refused_with_its_key(text: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^performance\.resources\.pool\.waiting = .* is no metric: write name"
    ):
        parse_metrics(ResourceSettings(pool=PoolMetricNames(waiting=text)))


# ── sources that are silent ──


def silent(speak: Callable[[socket.socket], None], seconds: float = 0.3) -> tuple[str, float]:
    """What is said of a server that speaks like this, and after how many seconds."""
    with running_socket_server(speak) as url:
        source = MetricsPageSource(f"{url}/metrics", ResourceSettings(), seconds)
        begun = time.monotonic()
        with pytest.raises(SourceUnavailable) as raised:
            source.take_sample()
        return str(raised.value).replace(url, ""), time.monotonic() - begun


def hangs(connection: socket.socket) -> None:
    while connection.recv(4096):
        """Reads, and answers nothing."""


def drips(start: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(start)
        for _ in range(100):
            time.sleep(
                0.05
            )  # well within any bound of a single read: only a bound of the whole ends it
            connection.sendall(b"x")

    return speak


@pytest.mark.parametrize(
    "speak",
    [
        hangs,
        drips(b"HTTP/1.1 200 OK\r\nX-Long: "),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"),
    ],
    ids=["says nothing", "drips a header", "drips the body"],
)
def test_a_source_that_hangs_is_given_up_in_time(speak: Callable[[socket.socket], None]) -> None:
    said, took = silent(speak)
    assert said == "/metrics gave no complete answer within 0.3 s"
    assert took < 0.6


class WaitingAuth(httpx.Auth):
    """Stands in for what can hold up a request in its thread and knows no deadline."""

    def __init__(self) -> None:
        self.asked = 0
        self.over = threading.Event()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self.asked += 1
        self.over.wait(30)
        yield request


def test_nothing_more_is_sent_while_an_answer_is_out() -> None:
    waits = WaitingAuth()
    asker = BoundedHttpClient(0.2, auth=waits)
    said = []
    for _ in range(5):
        with pytest.raises(SourceUnavailable) as raised:
            asker.get("http://127.0.0.1:1/")
        said.append(str(raised.value).replace("http://127.0.0.1:1", "it").replace("it/", "it"))
    waits.over.set()
    assert said == ["it gave no complete answer within 0.2 s"] + 4 * [
        "it is still busy with the request before"
    ]
    assert waits.asked == 1


def test_a_refused_connection_is_told() -> None:
    with pytest.raises(
        SourceUnavailable, match=r"^http://127\.0\.0\.1:1/metrics cannot be asked: .*refused"
    ):
        MetricsPageSource("http://127.0.0.1:1/metrics", ResourceSettings()).take_sample()


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (
            page("no", 404),
            "/metrics answered 404; say where the page is in performance.resources.metrics_path",
        ),
        (
            (302, {"Location": "http://127.0.0.1:1/"}, b""),
            "/metrics answered 302; say where the page is in performance.resources.metrics_path",
        ),
        (
            page("<html><body>Sign in</body></html>"),
            "/metrics is not in Prometheus' text format (ValueError)",
        ),
        (page('{"cpu": 5}'), "/metrics is not in Prometheus' text format (ValueError)"),
        (
            (200, {"Content-Encoding": "gzip"}, b"no gzip"),
            "/metrics gave content as gzip that cannot be decoded (Error -3 while decompressing data:"
            " incorrect header check)",
        ),
    ],
)
def test_an_answer_that_is_no_page_is_told(reply: Reply, why: str) -> None:
    with running_http_standin() as target:
        target.answers["GET /metrics"] = reply
        with pytest.raises(SourceUnavailable) as raised:
            MetricsPageSource(f"{target.url}/metrics", ResourceSettings()).take_sample()
    assert str(raised.value).replace(target.url, "") == why


def test_an_endless_page_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutover_gates.util.http.SIZE_LIMIT", 1000)
    with running_http_standin() as target:
        target.answers["GET /metrics"] = page("x 1\n" * 1000)
        with pytest.raises(SourceUnavailable, match="gave more than 1000 bytes"):
            MetricsPageSource(f"{target.url}/metrics", ResourceSettings()).take_sample()


def test_a_password_in_an_address_is_not_told() -> None:
    with pytest.raises(SourceUnavailable) as raised:
        MetricsPageSource(
            "http://anna:s3cret-word@127.0.0.1:1/metrics?key=s3cret-key", ResourceSettings()
        ).take_sample()
    assert "s3cret" not in str(raised.value)
    assert "http://127.0.0.1:1/metrics" in str(raised.value)
