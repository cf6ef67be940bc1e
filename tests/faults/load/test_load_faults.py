"""The gates of load bite: each fault alone is a NO-GO that blames the right item, and without a
fault every item is passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults import hospitals
from tests.faults.judge import find_problems
from tests.faults.load.connection_handling import IdleConnectionsAreClosed
from tests.faults.load.gate_on_fault import run_gate_on_fault, run_gate_without_fault
from tests.faults.load.jvm_resources import JVM_RESOURCES, AJvmInOrder
from tests.faults.load.load_fault import LoadFault
from tests.faults.load.request_errors import AnswersAreEmpty
from tests.faults.load.response_times import EverythingTakesASecond
from tests.faults.registry import faults_of_kind
from tests.selection import further

ALWAYS: tuple[type[LoadFault], ...] = (AnswersAreEmpty, EverythingTakesASecond)
"""What every run tries; the others take as long as their loads (`tox run -e thorough`)."""
WITHOUT_P99: Mapping[str, Any] = {"objectives": {"p95": 0.5, "p99": None}}
"""To be certain of a p99 takes five times as many requests, and half a minute more."""
IN_ORDER: Mapping[str, Mapping[str, Any]] = {
    IdleConnectionsAreClosed.__name__: {},
    AJvmInOrder.__name__: {"min_seconds": 30, "resources": JVM_RESOURCES},
}
"""Hospitals that are other ones, with the settings that their teams would write."""
BY_NAME = faults_of_kind("load", LoadFault)


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
    assert not wrong, "\n".join([*wrong, found.output])


@pytest.mark.timeout(200)
@pytest.mark.parametrize("asked", [WITHOUT_P99, further({})], ids=["p95", "p95 and p99"])
def test_without_a_fault_every_item_is_passed(
    asked: Mapping[str, Any], cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """No false alarm, and an exit status that says so."""
    verdict = run_gate_without_fault(cluster, asked, tmp_path)
    assert {
        item: verdict.message(item) for item in verdict.items if verdict.outcome(item) != "passed"
    } == {}, verdict.output
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.thorough
@pytest.mark.timeout(200)
@pytest.mark.parametrize("name", IN_ORDER)
def test_another_hospital_in_order_is_passed(
    name: str, cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """One that closes idle connections, as gunicorn does, and one on a JVM."""
    verdict = run_gate_without_fault(cluster, IN_ORDER[name], tmp_path, name=name)
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output
