"""The checks of observability catch each fault, and pass without a fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.judge import find_problems
from tests.faults.observability import alerts, dashboards, logs, metrics
from tests.faults.observability.dashboards import DashboardFault
from tests.faults.observability.logs import LogFault
from tests.faults.observability.observability_fault import ObservabilityFault
from tests.faults.observability.observability_trial import (
    ALERTS,
    ALL,
    CHECKS,
    DASHBOARDS,
    LOGS,
    METRICS,
    run_named_check,
    stack_with_all_faults,
)
from tests.faults.observability.prometheus_stack import PrometheusStack, missing_programs
from tests.faults.selection import cases

OFTEN = 5
"""Faults of metrics and alerts, of each item, that are tried in every run: some last a second or
two.
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusStack]:
    if why := missing_programs():
        pytest.skip(why)
    with stack_with_all_faults(tmp_path_factory.mktemp("watched")) as stack:
        yield stack


def complaint(fault: type[ObservabilityFault], asked: object) -> str:
    """Return why the fault does not count as caught by its check. Empty: it is."""
    return "\n".join(find_problems(fault, run_named_check(fault.check, asked)))


@pytest.mark.parametrize("name", cases(METRICS, OFTEN))
def test_a_fault_of_metrics_is_caught(name: str, world: PrometheusStack) -> None:
    assert complaint(METRICS[name], METRICS[name].asked(world)) == ""


@pytest.mark.parametrize("name", cases(ALERTS, OFTEN))
def test_a_fault_of_alerts_is_caught(name: str, world: PrometheusStack) -> None:
    assert complaint(ALERTS[name], ALERTS[name].asked(world)) == ""


@pytest.mark.parametrize("name", LOGS)
def test_a_fault_of_logs_is_caught(name: str, tmp_path: Path) -> None:
    assert complaint(LOGS[name], LOGS[name].asked(tmp_path)) == ""


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_fault_of_dashboards_is_caught(name: str, tmp_path: Path) -> None:
    with dashboards.grafana() as stand_in:
        assert complaint(DASHBOARDS[name], DASHBOARDS[name].asked(stand_in, tmp_path)) == ""


# ── and nothing else is blamed ──


@pytest.mark.parametrize("check", [metrics.TARGETS, metrics.THERE, metrics.MOVING])
def test_without_a_fault_metrics_are_sound(check: str, world: PrometheusStack) -> None:
    CHECKS[check][0](world.metrics(metrics={"quiet": True}))


@pytest.mark.parametrize(
    "check", [alerts.LOADED, alerts.GROUNDED, alerts.ROUTED, alerts.AUDIBLE, alerts.ARRIVING]
)
def test_without_a_fault_alerts_are_sound(check: str, world: PrometheusStack) -> None:
    CHECKS[check][0](world.alerts())


@pytest.mark.parametrize("check", [logs.ARRIVES, logs.SECRETS, logs.PATIENTS, logs.ROLLBACK])
def test_without_a_fault_logs_are_sound(check: str, tmp_path: Path) -> None:
    CHECKS[check][0](LogFault.asked(tmp_path))


def test_without_a_fault_dashboards_are_sound(tmp_path: Path) -> None:
    with dashboards.grafana() as stand_in:
        CHECKS[DashboardFault.check][0](DashboardFault.asked(stand_in, tmp_path))
        asked = [one.json["queries"][0]["expr"] for one in stand_in.asked if one.method == "POST"]
    assert sorted(asked) == [
        'db_pool_in_use{job="hospital"}',
        'rate(http_requests_total{job="hospital",site=~".*"}[$__rate_interval])',
        'rate(http_requests_total{status=~"5.."}[5m])',
    ]


@pytest.mark.parametrize("name", ALL)
def test_a_fault_is_caught_by_a_check_of_its_item(name: str) -> None:
    fault = ALL[name]
    assert fault.item in CHECKS[fault.check][1]


def test_every_check_has_a_fault_that_it_catches() -> None:
    assert {fault.check for fault in ALL.values()} == CHECKS.keys()
