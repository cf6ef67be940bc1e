"""Every gate of the embedded hospital ends in GO, in the order of a cutover."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.all_gates import ORDER, judge_gate
from tests.gate.night_faults import FAULTS


@pytest.mark.thorough
@pytest.mark.timeout(3600)
def test_a_newcomer_sees_a_go_at_every_gate(tmp_path: Path) -> None:
    """With what the demonstration declares and attests, and nothing of the reader's own.

    One test, as later gates read the reports of earlier ones.
    """
    for gate in ORDER:
        judged = judge_gate(gate, tmp_path)
        assert (judged.status, judged.verdict) == (0, "GO"), judged.output


@pytest.mark.thorough
@pytest.mark.timeout(1800)
def test_each_fault_of_a_night_is_told_by_its_item(tmp_path: Path) -> None:
    """At the gate of the fault, by the item that the fault names; the snapshot before is good."""
    assert judge_gate("t12", tmp_path).is_right
    for fault in FAULTS:
        judged = judge_gate(fault.gate, tmp_path, fault)
        assert judged.is_right, judged.output
