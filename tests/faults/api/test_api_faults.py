"""The gates of the API's contract bite: each fault alone is a NO-GO that blames the right item, and
without a fault every item is passed.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import hospitals
from tests.faults.api.access import RegistrarsDownloadDocuments
from tests.faults.api.api_fault import ApiFault
from tests.faults.api.api_judge import find_problems
from tests.faults.api.behaviour import AHugePageBreaksTheLists
from tests.faults.api.catalogue import BY_NAME
from tests.faults.api.document_changes import AFieldIsGone
from tests.faults.api.gate_on_fault import run_gate_on_fault, run_gate_without_fault
from tests.faults.data.data_judge import item_messages
from tests.faults.judge import PLAN

ALWAYS: tuple[type[ApiFault], ...] = (
    AHugePageBreaksTheLists,
    RegistrarsDownloadDocuments,
    AFieldIsGone,
)
"""What every run tries: the others take five minutes (`tox run -e thorough`)."""
FEWEST = 3
"""Faults that every item must catch: one could be caught by luck."""
ITEMS = ("contract-document", "contract-fuzzing", "contract-access", "contract-compatibility")


@pytest.mark.timeout(260)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if fault in ALWAYS else [pytest.mark.thorough])
        for name, fault in BY_NAME.items()
    ],
)
def test_the_gate_catches(name: str, cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """With this one fault in the hospital, or in what it says of itself, the gate does not say GO,
    and names its item.
    """
    verdict = run_gate_on_fault(cluster, BY_NAME[name], tmp_path)
    wrong = find_problems(BY_NAME[name], verdict)
    assert not wrong, "\n".join([*wrong, verdict.output])


@pytest.mark.timeout(260)
def test_without_a_fault_every_item_is_passed(cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """No false alarm, and an exit status that says so."""
    verdict = run_gate_without_fault(cluster, {}, tmp_path)
    assert {
        item: item_messages(verdict, item) for item in ITEMS if verdict.outcome(item) != "passed"
    } == {}, verdict.output
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.parametrize("item", ITEMS)
def test_every_item_of_the_contract_has_faults_to_catch(item: str) -> None:
    assert Counter(fault.item for fault in BY_NAME.values())[item] >= FEWEST


def test_every_fault_of_the_contract_is_in_the_catalogue() -> None:
    """A fault in a module that the catalogue does not know would never be tried."""
    for path in Path(__file__).parent.glob("[a-z]*.py"):
        if not path.name.startswith(("test_", "conftest")):
            importlib.import_module(f"tests.faults.api.{path.stem}")
    assert {
        kind.__name__ for kind in _kinds_of(ApiFault) if not kind.__name__.startswith("_")
    } == set(BY_NAME)


def _kinds_of(kind: type[ApiFault]) -> Iterator[type[ApiFault]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_of(below)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_says_its_harm_and_names_items_of_the_plan(name: str) -> None:
    fault = BY_NAME[name]
    assert fault.__doc__
    assert {fault.item, *fault.also} <= PLAN.by_id.keys()
    assert all(fault.also.values())
