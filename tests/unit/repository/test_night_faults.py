"""The night by one command: what counts as right, and faults that still fit the hospital."""

from __future__ import annotations

import json
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from tests.faults.hospitals import ROOT
from tests.gate.all_gates import NIGHT, JudgedGate, main, name_output, write_table
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


def test_a_gate_that_is_judged_twice_keeps_both_outputs(tmp_path: Path) -> None:
    twice = [judged("GO", row_counts="passed"), judged("NO-GO", FAULTS[0], row_counts="failed")]
    assert [name_output(twice, one) for one in twice] == ["01-phase1.txt", "02-phase1.txt"]
    write_table(twice, tmp_path)
    lines = (tmp_path / "night.md").read_text(encoding="utf-8").splitlines()
    assert lines[2:] == [
        "| phase1 | GO | 1 | 1 passed |  |  |",
        f"| phase1 | NO-GO | 1 | 1 failed | {FAULTS[0].harm} | row-counts |",
    ]
    written = json.loads((tmp_path / "night.json").read_text(encoding="utf-8"))
    assert [one["output"] for one in written] == ["01-phase1.txt", "02-phase1.txt"]


def test_faults_that_no_gate_is_asked_for_are_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["all_gates", "--with-faults", "t12"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
