"""The gates of the API's contract bite: each fault alone is a NO-GO that blames the right item, and
without a fault every item is passed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import hospitals
from tests.faults.api.api_fault import ApiFault
from tests.faults.api.gate_on_fault import (
    run_gate_on_defect,
    run_gate_on_fault,
    run_gate_without_fault,
)
from tests.faults.api.other_refusals import REFUSES_WITH_400, TheHospitalThatRefusesWith400
from tests.faults.functional.visits import VisitsLiveInMemory
from tests.faults.judge import find_problems
from tests.faults.registry import faults_of_kind
from tests.faults.selection import gates

BY_NAME = faults_of_kind("api", ApiFault)
WHOLE = ("RegistrarsDownloadDocuments",)
BY_ITEM = ("AHugePageBreaksTheLists", "AFieldIsGone", "TheDocumentIsInvalid")
"""The quickest of their items; all whole gates take five minutes (`tox run -e thorough`)."""
ITEMS = ("contract-document", "contract-fuzzing", "contract-access", "contract-compatibility")


@pytest.mark.timeout(260)
@pytest.mark.parametrize(("name", "files"), gates(BY_NAME, WHOLE, BY_ITEM))
def test_the_gate_catches(
    name: str, files: tuple[str, ...], cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """With this one fault in the hospital, or in what it says of itself, the gate does not say GO,
    and names its item.
    """
    verdict = run_gate_on_fault(cluster, BY_NAME[name], tmp_path, *files)
    wrong = find_problems(BY_NAME[name], verdict, files)
    assert not wrong, "\n".join([*wrong, verdict.output])


@pytest.mark.timeout(260)
def test_without_a_fault_every_item_is_passed(cluster: hospitals.Cluster, tmp_path: Path) -> None:
    """No false alarm, and an exit status that says so."""
    verdict = run_gate_without_fault(cluster, {}, tmp_path)
    assert {
        item: verdict.message(item) for item in ITEMS if verdict.outcome(item) != "passed"
    } == {}, verdict.output
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output


@pytest.mark.thorough
@pytest.mark.timeout(500)
def test_a_target_that_refuses_with_400_is_not_blamed(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """The mapping says how it refuses, and every check of the API goes by that."""
    verdict = run_gate_on_defect(
        cluster,
        TheHospitalThatRefusesWith400.__name__,
        tmp_path,
        "contract/test_fuzzing.py",
        "contract/test_document.py",
        "contract/test_access.py",
        more=REFUSES_WITH_400,
    )
    named = {item: verdict.message(item) for item in ITEMS if verdict.outcome(item) == "failed"}
    assert named == {}, verdict.output
    assert verdict.outcome("contract-fuzzing") == "passed", verdict.output


@pytest.mark.thorough
@pytest.mark.timeout(500)
def test_a_lost_write_holds_a_gate_that_asks_for_no_item_about_it(
    cluster: hospitals.Cluster, tmp_path: Path
) -> None:
    """The visits that the checks of access opened are in the server's memory only.

    No item of this gate holds what was acknowledged, so it is an error of the run.
    """
    name = VisitsLiveInMemory.__name__
    verdict = run_gate_on_defect(cluster, name, tmp_path, "contract/test_access.py")
    assert verdict.word == "NO-GO"
    assert "an acknowledged write is lost: visit" in verdict.output, verdict.output
