"""The checks of the signals bite: each fault alone is caught by its own check, and without a fault
every check is content.
"""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.plan_file import load_plan
from tests.faults.observability import alerts, dashboards, logs, metrics
from tests.faults.observability.alerts import AlertFault
from tests.faults.observability.dashboards import DashboardFault
from tests.faults.observability.logs import LogFault
from tests.faults.observability.metrics import MetricFault
from tests.faults.observability.observability_fault import ObservabilityFault
from tests.faults.observability.prometheus_stack import (
    PrometheusStack,
    healthy_page,
    missing_programs,
    running_stack,
)
from tests.faults.selection import cases
from tests.shipped_plan import PLAN_FILE

ROOT = Path(__file__).resolve().parents[3]
PLAN = load_plan(PLAN_FILE)
SUITE = tuple(
    f"smoke/monitoring/test_{name}.py" for name in ("metrics", "alerts", "logs", "dashboards")
)


def faults_in(module: ModuleType, of: type[ObservabilityFault]) -> Mapping[str, Any]:
    """The faults of one module that are asked for: those with a check and a word of their own."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, of)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and value.says
    }


METRICS, ALERTS = faults_in(metrics, MetricFault), faults_in(alerts, AlertFault)
LOGS, DASHBOARDS = faults_in(logs, LogFault), faults_in(dashboards, DashboardFault)
OFTEN = 5
"""Faults of metrics and alerts, of each item, that are tried in every run: some last a second or
two.
"""
ALL: Mapping[str, type[ObservabilityFault]] = {**METRICS, **ALERTS, **LOGS, **DASHBOARDS}


def _checks() -> Iterator[tuple[str, Callable[..., None], frozenset[str]]]:
    """Every check of `smoke/monitoring`: its name, itself, its items."""
    for path in SUITE:
        spec = importlib.util.spec_from_file_location(Path(path).stem + "_as_checks", ROOT / path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        of_all = [getattr(module, "pytestmark", None)]
        for name, check in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_"):
                marks = [
                    mark
                    for mark in (*of_all, *getattr(check, "pytestmark", ()))
                    if mark is not None
                ]
                yield name, check, frozenset(item for mark in marks for item in mark.args)


CHECKS = {name: (check, items) for name, check, items in _checks()}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusStack]:
    if why := missing_programs():
        pytest.skip(why)
    pages = {"good": healthy_page, **{name: fault.page for name, fault in METRICS.items()}}
    rules = [
        *alerts.GOOD,
        *(fault.rule for fault in ALERTS.values() if fault.rule and not fault.lazy),
    ]
    lazy = [fault.rule for fault in ALERTS.values() if fault.lazy]
    canaries = {
        "GoodCanary": "cutover",
        **{fault.rule["alert"]: fault.goes_to for fault in ALERTS.values() if fault.goes_to},
    }
    intervals = {name: fault.interval for name, fault in METRICS.items() if fault.interval}
    silences = [fault.silence for fault in ALERTS.values() if fault.silence]
    with running_stack(
        tmp_path_factory.mktemp("watched"), pages, rules, lazy, intervals, canaries, silences
    ) as there:
        yield there


def complaint(fault: type[ObservabilityFault], asked: object) -> str:
    """Why the fault does not count as caught by its check. Empty: it is."""
    check, _ = CHECKS[fault.check]
    try:
        check(asked)
    except (AssertionError, NotProven) as caught:
        if isinstance(caught, NotProven) is not fault.open_end:
            return f"{fault.check} ended in {type(caught).__name__}: {caught}"
        return (
            ""
            if fault.says in str(caught)
            else f"{fault.check} does not say {fault.says!r}: {caught}"
        )
    return f"{fault.check} is content"


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
def test_a_fault_says_its_harm_and_is_caught_by_a_check_of_its_item(name: str) -> None:
    fault = ALL[name]
    assert fault.__doc__
    assert fault.item in PLAN.by_id
    assert fault.item in CHECKS[fault.check][1]


def test_every_check_has_a_fault_that_it_catches() -> None:
    assert {fault.check for fault in ALL.values()} == CHECKS.keys()
