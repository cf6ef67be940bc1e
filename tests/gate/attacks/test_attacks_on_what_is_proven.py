"""Attacks by somebody who built none of it: each is a real pytest process, and none ends in GO."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gate.attacks import left_out_attacks, release_attacks
from tests.gate.holes.catalogue import Hole
from tests.gate.holes.toy_project import Toy

ATTACKS = (*left_out_attacks.HOLES, *release_attacks.HOLES)


def _as_parameter(hole: Hole) -> Any:
    marks = [pytest.mark.thorough] if hole.thorough else []
    return pytest.param(hole, id=hole.name, marks=marks)


@pytest.mark.parametrize("attack", [_as_parameter(hole) for hole in ATTACKS])
def test_an_attack_is_never_a_go(toy: Toy, attack: Hole) -> None:
    """NO-GO, an exit status that is not 0, and the item that lost its proof says why."""
    if attack.change:
        attack.change(toy)
    gate = () if "-m" in attack.words else ("-m", "phase3")
    ran = toy.run(*gate, *attack.words, cwd=None)
    judged = attack.words[attack.words.index("-m") + 1] if "-m" in attack.words else "phase3"
    verdict = ran.verdicts[judged]
    assert (verdict["verdict"], ran.status != 0) == ("NO-GO", True), ran.output
    assert ran.outcome(attack.item, judged) == attack.outcome, ran.why(attack.item, judged)
    assert attack.says in ran.why(attack.item, judged), ran.why(attack.item, judged)
    assert attack.holds in "\n".join(verdict["holds"]), ran.output
    assert "Traceback" not in ran.output
