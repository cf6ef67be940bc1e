"""The settings say which source is asked, and one that is silent does not silence another."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from cutover_gates.config.resources import PodMetricsSettings, ResourceSettings
from cutover_gates.probes.load.resource_usage.metrics_page import MetricsPageSource
from cutover_gates.probes.load.resource_usage.prometheus_source import PrometheusResourceSource
from cutover_gates.probes.load.resource_usage.resource_sample import (
    RESOURCE_FIGURES,
    ResourceSample,
)
from cutover_gates.probes.load.resource_usage.resource_sources import (
    CombinedResourceSource,
    create_resource_source,
)
from cutover_gates.util.http import SourceUnavailable
from tests.integration.load.test_metrics_page import PYTHON, page
from tests.standins.http_server import running_http_standin
from tests.standins.metrics_api import pod, running_metrics_api


class Told:
    """A source that tells one look, or is silent."""

    def __init__(self, look: ResourceSample | None) -> None:
        self._look = look

    def take_sample(self) -> ResourceSample:
        if self._look is None:
            raise SourceUnavailable("it is silent")
        return self._look


CLUSTER = ResourceSample(
    100.0,
    cpu_cores=0.5,
    memory=7.0,
    measured={"cpu_cores": 80.0, "memory": 80.0},
    over=15.0,
    parts=3,
)
PAGE = ResourceSample(
    101.0,
    cpu_seconds=9.0,
    memory=5.0,
    pool_in_use=1.0,
    missing={"pool_max": "why"},
    measured={"pool_in_use": 99.0, "memory": 98.0},
)


def test_without_an_address_there_is_no_source() -> None:
    assert create_resource_source(ResourceSettings(metrics_path=None), "http://127.0.0.1:1") is None


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/metrics", "GET /api/metrics"),
        ("actuator/prometheus", "GET /api/actuator/prometheus"),
        ("{origin}/actuator/prometheus", "GET /actuator/prometheus"),
    ],
)
def test_the_page_is_seen_from_the_targets_url(path: str, asked: str) -> None:
    with running_http_standin() as target:
        target.answers[asked] = page(PYTHON)
        source = create_resource_source(ResourceSettings(metrics_path=path), f"{target.url}/api/")
        assert isinstance(source, MetricsPageSource)
        assert source.take_sample().memory == 2**27


@pytest.mark.parametrize(
    "path", ["{origin}actuator", "{url}/metrics", "/{origin}/m", "https://ada:secret@h/m"]
)
def test_a_path_that_cannot_be_meant_is_refused(path: str) -> None:
    with pytest.raises(ValidationError):
        ResourceSettings(metrics_path=path)


def test_the_page_may_be_elsewhere() -> None:
    with running_http_standin() as target:
        target.answers["GET /m"] = page(PYTHON)
        source = create_resource_source(
            ResourceSettings(metrics_path=f"{target.url}/m"), "http://127.0.0.1:1"
        )
        assert source is not None
        assert source.take_sample().memory == 2**27


def test_a_prometheus_is_asked_instead_of_the_page() -> None:
    assert isinstance(
        create_resource_source(
            ResourceSettings(prometheus="http://127.0.0.1:1", labels='job="hospital"'),
            "http://127.0.0.1:2",
        ),
        PrometheusResourceSource,
    )


def test_a_cluster_tells_cpu_and_memory_and_the_page_the_pool(tmp_path: Path) -> None:
    with running_metrics_api(tmp_path) as cluster, running_http_standin() as target:
        (tmp_path / "token").write_text(cluster.token, encoding="utf-8")
        cluster.pods = [pod("a", ("250m", "1Gi"), at=cluster.now)]
        target.answers["GET /metrics"] = page(PYTHON)
        asked = PodMetricsSettings(
            api=cluster.url,
            namespace="wards",
            selector="app=hospital",
            token_file=str(tmp_path / "token"),
            ca_file=cluster.ca_file,
        )
        source = create_resource_source(ResourceSettings(kubernetes=asked), target.url)
        assert source is not None
        look = source.take_sample()
    assert (look.cpu_cores, look.memory, look.pool_in_use, look.pool_max) == (0.25, 2**30, 3, 10)


def test_each_figure_keeps_where_and_when_it_is_from() -> None:
    look = CombinedResourceSource(Told(CLUSTER), Told(PAGE)).take_sample()
    assert (
        look.cpu_cores,
        look.memory,
        look.cpu_seconds,
        look.pool_in_use,
        look.over,
        look.parts,
    ) == (0.5, 7.0, 9.0, 1.0, 15.0, 3)
    assert {
        name: look.measurement_time(name)
        for name in ("cpu_cores", "memory", "pool_in_use", "cpu_seconds")
    } == {"cpu_cores": 80.0, "memory": 80.0, "pool_in_use": 99.0, "cpu_seconds": 101.0}
    assert look.missing == {"pool_max": "why"}


def test_a_silent_cluster_does_not_silence_the_page() -> None:
    look = CombinedResourceSource(Told(None), Told(PAGE)).take_sample()
    assert (look.cpu_cores, look.memory, look.pool_in_use) == (None, None, 1.0)
    assert look.missing == {
        "pool_max": "why",
        "cpu_cores": "it is silent",
        "memory": "it is silent",
    }


def test_a_silent_page_does_not_silence_the_cluster() -> None:
    look = CombinedResourceSource(Told(CLUSTER), Told(None)).take_sample()
    assert (look.cpu_cores, look.memory, look.pool_in_use) == (0.5, 7.0, None)
    assert set(look.missing) == set(RESOURCE_FIGURES) - {"cpu_cores", "memory"}


def test_a_cluster_alone_is_silent_when_it_is() -> None:
    with pytest.raises(SourceUnavailable, match="it is silent"):
        CombinedResourceSource(Told(None), None).take_sample()
