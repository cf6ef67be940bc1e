"""The response times of a night by the buckets that were scraped: proven, refuted, or neither."""

from __future__ import annotations

from math import inf

import pytest

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.triggers.instance_reader import InstancePage
from cutover_gates.probes.observability.metric_pages import (
    CountedKind,
    CounterMeaning,
    MetricPages,
    PageQuery,
    ScrapedInstance,
)
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.metrics.night_traffic import NightTraffic
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService

BEGINS, ENDS, EVERY = 1_000.0, 1_600.0, 15.0
Buckets = dict[float, int]


def meaning(edge: float) -> CounterMeaning:
    return CounterMeaning(CountedKind.DURATIONS, operation="search", edge=edge)


def instance(name: str, buckets: Buckets) -> ScrapedInstance:
    """Return the pages of an instance that answered nothing before the window, and then this."""
    pages = []
    for number in range(42):
        at = BEGINS - EVERY + number * EVERY
        counters = {str(edge): float(count if number > 1 else 0) for edge, count in buckets.items()}
        pages.append(InstancePage(at, counters, {}, "2.0.0", 0.0, heartbeat=at))
    return ScrapedInstance(name, {"job"}, [(one.at, True) for one in pages], pages)


@pytest.fixture
def scraped(monkeypatch: pytest.MonkeyPatch) -> dict[str, Buckets]:
    """Provide what instances have counted in the window, by name; a test fills it."""
    counted: dict[str, Buckets] = {}

    def fetch(*_: object) -> MetricPages:
        found = {name: instance(name, buckets) for name, buckets in counted.items()}
        edges = {edge for buckets in counted.values() for edge in buckets}
        return MetricPages(found, {str(edge): meaning(edge) for edge in edges})

    monkeypatch.setattr(PageQuery, "fetch", fetch)
    monkeypatch.setattr(PrometheusApi, "fetch_time", lambda _: ENDS)
    return counted


def ask(**objectives: float | None) -> Assessment:
    return NightTraffic(
        Monitoring(prometheus="http://localhost:1"),
        PrometheusApi(JsonService("http://localhost:1")),
        0.001,
        lambda: (BEGINS, ENDS),
        ObservabilityContext("site", lambda _: None),
        objectives,
    ).assess_response_times()


def outcome(found: Assessment) -> tuple[list[str], list[str]]:
    return [one.rule.id for one in found.findings], [one.rule.id for one in found.not_proven]


FAST = rules.NIGHT_FAST.id


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        pytest.param({0.2: 2_000, 0.5: 2_000, inf: 2_000}, ([], []), id="all are fast"),
        pytest.param({0.2: 1_960, 0.5: 2_000, inf: 2_000}, ([], []), id="2 % are slow"),
        pytest.param({0.2: 1_800, 0.5: 2_000, inf: 2_000}, ([FAST], []), id="10 % are slow"),
        pytest.param({0.2: 1_900, 0.5: 2_000, inf: 2_000}, ([], [FAST]), id="5 % are slow"),
        pytest.param({0.2: 72, 0.5: 72, inf: 72}, ([], [FAST]), id="too few"),
        pytest.param({0.2: 73, 0.5: 73, inf: 73}, ([], []), id="enough"),
        pytest.param({0.2: 0, 0.5: 0, inf: 0}, ([], [FAST]), id="no request"),
        pytest.param({0.2: 9, 0.5: 30, inf: 30}, ([FAST], []), id="few, and most are slow"),
    ],
)
def test_an_objective_at_an_edge(
    scraped: dict[str, Buckets], buckets: Buckets, expected: tuple[list[str], list[str]]
) -> None:
    scraped["a"] = buckets
    assert outcome(ask(search=0.2)) == expected


@pytest.mark.parametrize(
    ("buckets", "expected"),
    [
        pytest.param({0.2: 2_000, 0.5: 2_000, inf: 2_000}, ([], []), id="below the lower edge"),
        pytest.param({0.2: 1_000, 0.5: 2_000, inf: 2_000}, ([], [FAST]), id="between the edges"),
        pytest.param({0.2: 1_000, 0.5: 1_000, inf: 2_000}, ([FAST], []), id="above the upper edge"),
        pytest.param({0.5: 2_000, inf: 2_000}, ([], [FAST]), id="no edge below"),
        pytest.param({}, ([], [FAST]), id="no bucket"),
    ],
)
def test_an_objective_between_two_edges(
    scraped: dict[str, Buckets], buckets: Buckets, expected: tuple[list[str], list[str]]
) -> None:
    """What lies between the edges around the objective may be slow or not."""
    scraped["a"] = buckets
    assert outcome(ask(search=0.3)) == expected


def test_releases_with_other_buckets_are_compared_at_common_edges(
    scraped: dict[str, Buckets],
) -> None:
    """An edge of one instance alone would count all requests of the other as slow, or as fast."""
    scraped["a"] = {0.1: 1_000, 0.2: 1_000, inf: 1_000}
    scraped["b"] = {0.1: 1_000, 0.3: 1_000, inf: 1_000}
    assert outcome(ask(search=0.3)) == ([], [])
    scraped["b"] = {0.3: 1_000, inf: 1_000}
    assert outcome(ask(search=0.3)) == ([], [FAST])


def test_one_operation_with_too_few_requests_is_named_beside_another(
    scraped: dict[str, Buckets],
) -> None:
    """The load run judges what people hardly asked; what they asked is judged here."""
    scraped["a"] = {0.2: 2_000, inf: 2_000}
    found = ask(search=0.2, upload=None)
    assert outcome(found) == ([], [])
    assert found.figures["not judged"] == {"upload": "no objective"}


def test_without_an_objective_nothing_is_asked() -> None:
    found = ask(upload=None)
    assert outcome(found) == ([], [])
    assert found.checked[0].startswith("absent: targets.site.monitoring.triggers.operations")
