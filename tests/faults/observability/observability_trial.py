"""All faults of observability in one Prometheus and one Alertmanager, and the checks to call."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

from tests.faults.observability.alerts import GOOD, AlertFault
from tests.faults.observability.dashboards import DashboardFault
from tests.faults.observability.logs import LogFault
from tests.faults.observability.metrics import MetricFault
from tests.faults.observability.observability_fault import ObservabilityFault
from tests.faults.observability.prometheus_stack import (
    PrometheusStack,
    healthy_page,
    running_stack,
)
from tests.faults.observability.rule_agreement import AgreementFault
from tests.faults.registry import faults_of_kind
from tests.faults.results import CheckResults, run_check

ROOT = Path(__file__).resolve().parents[3]
SUITE = tuple(
    f"smoke/monitoring/test_{name}.py" for name in ("metrics", "alerts", "logs", "dashboards")
)
METRICS = faults_of_kind("observability", MetricFault)
ALERTS = faults_of_kind("observability", AlertFault)
LOGS = faults_of_kind("observability", LogFault)
DASHBOARDS = faults_of_kind("observability", DashboardFault)
AGREEMENT = faults_of_kind("observability", AgreementFault)
ALL: Mapping[str, type[ObservabilityFault]] = {
    **METRICS,
    **ALERTS,
    **LOGS,
    **DASHBOARDS,
    **AGREEMENT,
}


def stack_with_all_faults(folder: Path) -> AbstractContextManager[PrometheusStack]:
    """Start Prometheus and Alertmanager with each fault as a job, a rule or a route of its own."""
    rules = {name: fault.rule for name, fault in ALERTS.items() if fault.rule}
    in_force = [rule for name, rule in rules.items() if not ALERTS[name].lazy]
    lazy = [rule for name, rule in rules.items() if ALERTS[name].lazy]
    pages = {name: fault.page for name, fault in METRICS.items()}
    canaries = {
        rule["alert"]: receiver
        for name, rule in rules.items()
        if (receiver := ALERTS[name].goes_to)
    }
    return running_stack(
        folder,
        {"good": healthy_page, **pages},
        [*GOOD, *in_force],
        lazy,
        {name: fault.interval for name, fault in METRICS.items() if fault.interval},
        {"GoodCanary": "cutover", **canaries},
        [fault.silence for fault in ALERTS.values() if fault.silence],
    )


def run_named_check(name: str, asked: object) -> CheckResults:
    """Return how a check of `smoke/monitoring` ends with this fixture."""
    check, _ = CHECKS[name]
    return CheckResults({name: run_check(lambda: check(asked), {})})


def _load_checks() -> Iterator[tuple[str, Callable[..., None], frozenset[str]]]:
    """Yield every check of `smoke/monitoring`: its name, the function, its items."""
    for path in SUITE:
        module = _load_module(path)
        for name, check in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_"):
                yield name, check, _items_of(module, check)


def _load_module(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem + "_as_checks", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _items_of(module: ModuleType, check: Callable[..., None]) -> frozenset[str]:
    marks = [getattr(module, "pytestmark", None), *getattr(check, "pytestmark", ())]
    return frozenset(item for mark in marks if mark is not None for item in mark.args)


CHECKS = {name: (check, items) for name, check, items in _load_checks()}
