"""The catalogue is whole: no item without faults, no fault that is not tried, none that could get
out of `tests/`.
"""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.fault import Fault
from tests.faults.hospitals import ROOT
from tests.faults.judge import FUNCTIONAL, PLAN
from tests.faults.registry import BY_NAME, is_a_fault

FEWEST = 3
"""Faults that every item must catch: one could be caught by luck."""
ROOMS = ("src", "reference", "smoke", "migrations", "performance", "contract", "benchmarks")


@pytest.mark.parametrize("item", FUNCTIONAL)
def test_every_functional_item_has_faults_to_catch(item: str) -> None:
    assert Counter(fault.item for fault in BY_NAME.values())[item] >= FEWEST


def test_every_fault_is_in_the_catalogue() -> None:
    """A fault in a module that the catalogue does not know would never be tried."""
    here = Path(__file__).parent
    for folder in ("functional", "access"):
        for path in (here / folder).glob("[a-z]*.py"):
            if not path.name.startswith(("test_", "conftest")):
                importlib.import_module(f"tests.faults.{folder}.{path.stem}")
    written = {kind.__name__ for kind in _kinds_of(Fault) if is_a_fault(kind)}
    assert written == set(BY_NAME)


def _kinds_of(kind: type[Fault]) -> Iterator[type[Fault]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_of(below)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_says_its_harm_and_names_items_of_the_plan(name: str) -> None:
    fault = BY_NAME[name]
    assert fault.__doc__
    assert {fault.item, *fault.also} - {"*"} <= PLAN.by_id.keys()
    assert all(fault.also.values())


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
