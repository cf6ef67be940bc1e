"""A mapping that was sketched and that nobody finished judges nothing, in a real process."""

from __future__ import annotations

import pytest

from tests.gate.holes.catalogue import documents_fail
from tests.gate.holes.toy_project import Toy


def test_a_mapping_with_an_open_place_is_no_go(toy: Toy) -> None:
    """A gate would judge by a guess, and take for absent what nobody looked for."""
    toy.write(
        "cutover.toml",
        (toy.folder / "cutover.toml").read_text(encoding="utf-8")
        + '[targets.toy.rest]\nextends = "default"\n[targets.toy.rest.answers.patient]\nmrn = "TODO"\n',
    )
    ran = toy.gate()
    assert ran.status != 0, ran.output
    assert ran.verdict != "GO", ran.output
    assert "answers.patient.mrn = 'TODO': the sketch left this open" in ran.output
    assert "Traceback" not in ran.output


@pytest.mark.thorough
def test_a_failure_that_never_asked_the_target_is_no_fault_of_the_mapping(toy: Toy) -> None:
    """A gate of the database or the network says nothing of a mapping that it does not use."""
    toy.write(
        "cutover.toml",
        (toy.folder / "cutover.toml").read_text(encoding="utf-8")
        + '[targets.toy.rest]\nextends = "default"\n',
    )
    documents_fail(toy)
    ran = toy.gate()
    assert ran.verdict == "NO-GO", ran.output
    assert "has not passed --check-mapping" not in ran.output
