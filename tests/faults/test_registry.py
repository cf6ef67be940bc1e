"""The registry is whole: every fault is in it once, every item keeps its number of faults, and no
fault can get out of `tests/`.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.faults.fault import Fault
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.hospitals import ROOT
from tests.faults.judge import FUNCTIONAL, PLAN
from tests.faults.registry import (
    MODULES,
    all_faults,
    count_by_item,
    is_fault,
)

ROOMS = ("src", "reference", "smoke", "migrations", "performance", "contract", "benchmarks")
NOT_FAULTS = ("test_", "conftest", "__main__")
LEAST: Mapping[str, Mapping[str, int]] = {
    "functional": {
        "authentication-flow": 21,
        "access-control": 62,
        "patient-creation": 48,
        "acknowledged-writes": 63,
        "visit-creation": 17,
        "document-upload": 25,
        "critical-paths": 3,
        "api-endpoints": 34,
        "health-checks": 14,
    },
    "data": {
        "migrations-applied": 13,
        "migration-verified": 56,
        "key-tables": 2,
        "row-counts": 6,
        "content-unchanged": 38,
        "constraints-hold": 12,
        "indexes-agree": 1,
        "final-backups": 13,
        "backup-taken": 3,
        "database-rolled-back": 13,
        "contraction-unaltered": 1,
        "migration-dry-run": 9,
        "migration-scripts-tested": 1,
        "script-lint": 2,
        "database-health": 2,
    },
    "load": {
        "error-rate": 15,
        "response-times": 15,
        "connection-pool": 7,
        "resource-usage": 11,
        "baseline-recorded": 3,
    },
    "api": {
        "contract-fuzzing": 18,
        "contract-access": 13,
        "contract-compatibility": 10,
        "contract-document": 14,
    },
    "network": {
        "tls-certificates": 18,
        "dns-records": 13,
        "load-balancer": 12,
        "redis-cluster": 11,
    },
    "deployment": {
        "kubernetes-cluster": 47,
        "previous-version": 15,
        "traffic-stopped": 3,
        "tests-passing": 10,
        "code-coverage": 8,
        "database-cluster": 11,
    },
    "observability": {
        "metrics-reporting": 14,
        "alerts-configured": 30,
        "alert-rules-tested": 8,
        "logs-flowing": 18,
        "rollback-logs": 4,
        "dashboards-verified": 6,
    },
    "proofs": {
        "security-scans": 28,
        "final-code-review": 15,
        "channels-tested": 7,
        "error-logs-checked": 11,
        "metrics-reviewed": 6,
    },
    "watch": {
        "zero-downtime": 21,
        "no-data-loss": 4,
        "trigger-health": 3,
        "trigger-error-rate": 16,
        "trigger-response-time": 8,
        "trigger-database": 9,
        "success-error-rate": 3,
        "success-response-times": 1,
        "previous-version": 3,
        "traffic-stopped": 4,
        "rollback-verified": 4,
        "canary-deployment": 5,
    },
    "steps": {
        "canary-deployment": 25,
        "full-deployment": 1,
        "visit-creation": 2,
        "api-endpoints": 1,
        "health-checks": 1,
    },
}
"""The faults of each item on 2026-12-01: 650. A fault is not given up without a reason, so a number
only goes up.
"""


@pytest.mark.parametrize("subject", MODULES)
def test_every_item_keeps_its_faults(subject: str) -> None:
    counts = count_by_item(subject)
    fewer = {
        item: counts.get(item, 0) for item, least in LEAST[subject].items() if counts[item] < least
    }
    assert not fewer


def test_every_functional_item_has_faults() -> None:
    assert set(FUNCTIONAL) <= LEAST["functional"].keys()


def test_every_fault_is_registered_under_a_name_of_its_own() -> None:
    """A fault in a module that the registry does not know would never be tried."""
    here = Path(__file__).parent
    for path in here.rglob("[a-z]*.py"):
        if not path.name.startswith(NOT_FAULTS):
            name = ".".join(path.relative_to(here).with_suffix("").parts)
            importlib.import_module(f"tests.faults.{name}")
    written = {
        f"{kind.__module__}.{kind.__name__}"
        for kind in _kinds_of(Fault)
        if is_fault(kind) and kind.__module__.startswith("tests.faults.")
    }
    assert written == {f"{kind.__module__}.{name}" for name, kind in all_faults().items()}


def _kinds_of(kind: type[Fault]) -> Iterator[type[Fault]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_of(below)


@pytest.mark.parametrize("name", all_faults())
def test_a_fault_says_its_harm_and_names_items_of_the_plan(name: str) -> None:
    """Each excuse has its reason. A fault that is tried without a gate excuses checks."""
    fault = all_faults()[name]
    assert fault.__doc__
    excused = [] if fault.check else [*fault.also, *fault.perhaps, *fault.follows]
    assert {fault.item, *excused} - {"*"} <= PLAN.by_id.keys()
    assert all((*fault.also.values(), *fault.perhaps.values()))


def test_a_fault_names_the_rules_that_it_breaks() -> None:
    """Otherwise it would be caught by another one's finding.

    A functional check is its own rule, so a fault of functions needs none.
    """
    silent = [
        name
        for name, fault in all_faults().items()
        if not fault.breaks and not issubclass(fault, FunctionalFault)
    ]
    assert not silent


def test_no_room_imports_from_tests() -> None:
    """A fault can only reach a run of the tests."""
    importers = [
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if any(name.partition(".")[0] == "tests" for name in _imported(path))
    ]
    assert not importers


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
