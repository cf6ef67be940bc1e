"""The night by one command: what counts as right, and faults that still fit the hospital."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from tests.faults.hospitals import ROOT
from tests.gate.all_gates import NIGHT, JudgedGate
from tests.gate.night_faults import FAULTS, NightFault
from tests.shipped_plan import PLAN_FILE


def judged(verdict: str, fault: NightFault | None = None, **items: str) -> JudgedGate:
    told = (fault.harm, fault.item) if fault else ("", "")
    outcomes = {name.replace("_", "-"): outcome for name, outcome in items.items()}
    return JudgedGate("phase1", verdict, 0, 1.0, "", outcomes, *told)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.gate for fault in FAULTS])
def test_a_fault_fits_the_hospital_as_it_is(fault: NightFault, tmp_path: Path) -> None:
    copy = tmp_path / fault.file
    copy.parent.mkdir(parents=True)
    shutil.copy(ROOT / fault.file, copy)
    fault.put_in(tmp_path)
    compile(copy.read_text(encoding="utf-8"), fault.file, "exec")
    assert copy.read_text(encoding="utf-8") != (ROOT / fault.file).read_text(encoding="utf-8")
    copy.write_text("", encoding="utf-8")
    with pytest.raises(ValueError, match="correct the fault"):
        fault.put_in(tmp_path)


def test_each_fault_is_of_another_gate_of_the_night_and_names_an_item_of_the_plan() -> None:
    assert len({fault.gate for fault in FAULTS} & set(NIGHT)) == len(FAULTS) == 3
    plan = tomllib.loads(PLAN_FILE.read_text(encoding="utf-8"))
    assert {fault.item for fault in FAULTS} <= {item["id"] for item in plan["item"]}


def test_without_a_fault_only_go_is_right() -> None:
    assert judged("GO").is_right
    assert not judged("GO WITH WAIVERS").is_right
    assert not judged("").is_right


def test_with_a_fault_its_own_item_must_have_failed() -> None:
    """A NO-GO for another reason, or one that is only not proven, is no answer to the fault."""
    fault = FAULTS[0]
    assert judged("NO-GO", fault, row_counts="failed").is_right
    assert not judged("NO-GO", fault, row_counts="not proven", key_tables="failed").is_right
    assert not judged("GO", fault, row_counts="failed").is_right
