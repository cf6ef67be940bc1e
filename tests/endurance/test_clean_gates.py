"""The gates of the embedded hospital are GO, however often they are asked.

Each one is a gate of its own, with workers: nothing else may run on the machine.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.endurance.embedded_gate import EmbeddedGate

IN_A_ROW = range(20)
GATES = ["phase3", "phase1", "nightly"]
SECONDS_TO_END = 10.0


@pytest.mark.parametrize("number", IN_A_ROW)
@pytest.mark.parametrize("name", GATES)
def test_the_embedded_hospital_is_a_go(tmp_path: Path, name: str, number: int) -> None:
    """A NO-GO without a cause costs a night."""
    gate = EmbeddedGate(tmp_path, name)
    try:
        assert (gate.end(), gate.verdict()) == (0, "GO"), gate.output()
        assert gate.find_orphans(SECONDS_TO_END) == []
    finally:
        gate.remove()
