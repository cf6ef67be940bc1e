"""The settings say which source is asked, and one that is silent does not silence another."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.settings import Kubernetes, Resources
from cutover.telemetry import FIGURES, Look, TelemetrySilent, source_of
from cutover.telemetry.choosing import Together
from cutover.telemetry.page import Page
from cutover.telemetry.prometheus import Prometheus
from tests.unit.drivers.stand_in import standing_in
from tests.unit.telemetry.cluster_stand_in import cluster_standing_in, pod
from tests.unit.telemetry.test_page import PYTHON, page


class Told:
    """A source that tells one look, or is silent."""

    def __init__(self, look: Look | None) -> None:
        self._look = look

    def look(self) -> Look:
        if self._look is None:
            raise TelemetrySilent("it is silent")
        return self._look


CLUSTER = Look(
    100.0,
    cpu_cores=0.5,
    memory=7.0,
    measured={"cpu_cores": 80.0, "memory": 80.0},
    over=15.0,
    parts=3,
)
PAGE = Look(
    101.0,
    cpu_seconds=9.0,
    memory=5.0,
    pool_in_use=1.0,
    missing={"pool_max": "why"},
    measured={"pool_in_use": 99.0, "memory": 98.0},
)


def test_without_an_address_there_is_no_source() -> None:
    assert source_of(Resources(metrics_path=None), "http://127.0.0.1:1") is None


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/metrics", "GET /api/metrics"), ("actuator/prometheus", "GET /api/actuator/prometheus")],
)
def test_the_page_is_seen_from_the_targets_url(path: str, asked: str) -> None:
    with standing_in() as target:
        target.answers[asked] = page(PYTHON)
        source = source_of(Resources(metrics_path=path), f"{target.url}/api/")
        assert isinstance(source, Page)
        assert source.look().memory == 2**27


def test_the_page_may_be_elsewhere() -> None:
    with standing_in() as target:
        target.answers["GET /m"] = page(PYTHON)
        source = source_of(Resources(metrics_path=f"{target.url}/m"), "http://127.0.0.1:1")
        assert source is not None
        assert source.look().memory == 2**27


def test_a_prometheus_is_asked_instead_of_the_page() -> None:
    assert isinstance(
        source_of(
            Resources(prometheus="http://127.0.0.1:1", labels='job="hospital"'),
            "http://127.0.0.1:2",
        ),
        Prometheus,
    )


def test_a_cluster_tells_cpu_and_memory_and_the_page_the_pool(tmp_path: Path) -> None:
    with cluster_standing_in(tmp_path) as cluster, standing_in() as target:
        (tmp_path / "token").write_text(cluster.token, encoding="utf-8")
        cluster.pods = [pod("a", ("250m", "1Gi"), at=cluster.now)]
        target.answers["GET /metrics"] = page(PYTHON)
        asked = Kubernetes(
            api=cluster.url,
            namespace="wards",
            selector="app=hospital",
            token_file=str(tmp_path / "token"),
            ca_file=cluster.ca_file,
        )
        source = source_of(Resources(kubernetes=asked), target.url)
        assert source is not None
        look = source.look()
    assert (look.cpu_cores, look.memory, look.pool_in_use, look.pool_max) == (0.25, 2**30, 3, 10)


def test_each_figure_keeps_where_and_when_it_is_from() -> None:
    look = Together(Told(CLUSTER), Told(PAGE)).look()
    assert (
        look.cpu_cores,
        look.memory,
        look.cpu_seconds,
        look.pool_in_use,
        look.over,
        look.parts,
    ) == (0.5, 7.0, 9.0, 1.0, 15.0, 3)
    assert {
        name: look.moment(name) for name in ("cpu_cores", "memory", "pool_in_use", "cpu_seconds")
    } == {"cpu_cores": 80.0, "memory": 80.0, "pool_in_use": 99.0, "cpu_seconds": 101.0}
    assert look.missing == {"pool_max": "why"}


def test_a_silent_cluster_does_not_silence_the_page() -> None:
    look = Together(Told(None), Told(PAGE)).look()
    assert (look.cpu_cores, look.memory, look.pool_in_use) == (None, None, 1.0)
    assert look.missing == {
        "pool_max": "why",
        "cpu_cores": "it is silent",
        "memory": "it is silent",
    }


def test_a_silent_page_does_not_silence_the_cluster() -> None:
    look = Together(Told(CLUSTER), Told(None)).look()
    assert (look.cpu_cores, look.memory, look.pool_in_use) == (0.5, 7.0, None)
    assert set(look.missing) == set(FIGURES) - {"cpu_cores", "memory"}


def test_a_cluster_alone_is_silent_when_it_is() -> None:
    with pytest.raises(TelemetrySilent, match="it is silent"):
        Together(Told(None), None).look()
