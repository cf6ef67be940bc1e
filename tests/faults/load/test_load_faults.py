"""The gates of load bite: each fault alone is a NO-GO that blames the right item, and without a
fault every item is passed.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import hospitals
from tests.faults.data.data_judge import item_messages
from tests.faults.judge import PLAN
from tests.faults.load.catalogue import BY_NAME, is_a_fault
from tests.faults.load.gate_on_fault import run_gate_on_fault, run_gate_without_fault
from tests.faults.load.load_fault import LoadFault
from tests.faults.load.load_judge import find_problems
from tests.faults.load.request_errors import AnswersAreEmpty
from tests.faults.load.response_times import EverythingTakesASecond

ALWAYS: tuple[type[LoadFault], ...] = (AnswersAreEmpty, EverythingTakesASecond)
"""What every run tries; the others take as long as their loads (`tox run -e thorough`)."""
FEWEST = 3
"""Faults that every item must catch: one could be caught by luck."""
ITEMS = ("response-times", "error-rate", "connection-pool", "resource-usage", "baseline-recorded")


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if fault in ALWAYS else [pytest.mark.thorough])
        for name, fault in BY_NAME.items()
    ],
)
def test_the_gate_catches(name: str, cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """With this one fault in the hospital, or in the load, the gate does not say GO, and names its
    item.
    """
    found = run_gate_on_fault(cluster, BY_NAME[name], tmp_path)
    wrong = find_problems(BY_NAME[name], found)
    assert not wrong, "\n".join([*wrong, found.verdict.output])


@pytest.mark.timeout(200)
def test_without_a_fault_every_item_is_passed(cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """No false alarm, and an exit status that says so."""
    verdict = run_gate_without_fault(cluster, {}, tmp_path).verdict
    assert {
        item: item_messages(verdict, item)
        for item in verdict.items
        if verdict.outcome(item) != "passed"
    } == {}, verdict.output
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_of_load_has_faults_to_catch(item: str) -> None:
    assert Counter(fault.item for fault in BY_NAME.values())[item] >= FEWEST


def test_every_fault_under_load_is_in_the_catalogue() -> None:
    """A fault in a module that the catalogue does not know would never be tried."""
    for path in Path(__file__).parent.glob("[a-z]*.py"):
        if not path.name.startswith(("test_", "conftest")):
            importlib.import_module(f"tests.faults.load.{path.stem}")
    assert {kind.__name__ for kind in _kinds_of(LoadFault) if is_a_fault(kind)} == set(BY_NAME)


def _kinds_of(kind: type[LoadFault]) -> Iterator[type[LoadFault]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_of(below)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_says_its_harm_and_names_items_of_the_plan(name: str) -> None:
    fault = BY_NAME[name]
    assert fault.__doc__
    assert {fault.item, *fault.also, *fault.perhaps} <= PLAN.by_id.keys()
    assert all((*fault.also.values(), *fault.perhaps.values()))
