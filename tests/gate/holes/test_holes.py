"""No way in which a run can end without proof is a GO, through a real pytest process.

None of them exits with 0.
"""

from __future__ import annotations

import pytest

from tests.gate.holes.catalogue import HOLES, Hole, body, documents_fail
from tests.gate.holes.toy_project import Toy

NO_RUN = [
    "--collect-only",
    "--collect-only -n 2",
    "--fixtures",
    "--cache-show",
    "--markers",
    "--setup-plan",
]


def test_without_a_hole_the_toy_is_a_go(toy: Toy) -> None:
    """The clean run: GO and 0. Otherwise the tests below would prove nothing."""
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_hole_is_never_a_go(toy: Toy, hole: Hole) -> None:
    """NO-GO, an exit status that is not 0, and the item that lost its proof says why."""
    if hole.change:
        hole.change(toy)
    ran = toy.run(*(() if "-m" in hole.words else ("-m", "phase3")), *hole.words)
    (gate,) = ran.verdicts
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert ran.outcome(hole.item, gate) == hole.outcome, ran.why(hole.item, gate)
    assert hole.says in ran.why(hole.item, gate), ran.output


@pytest.mark.parametrize("words", NO_RUN)
def test_a_gate_that_was_asked_for_and_not_run_is_not_a_success(toy: Toy, words: str) -> None:
    """A pipeline with such an option in PYTEST_ADDOPTS is not green, though pytest exits with 0."""
    ran = toy.gate(PYTEST_ADDOPTS=words)
    assert ran.status != 0
    assert "NO-GO" in ran.output


@pytest.mark.parametrize("words", ["", "--assert=plain"])
def test_without_assertions_nothing_is_proven(toy: Toy, words: str) -> None:
    """`python -O` removes every `assert` that pytest has not rewritten.

    Checks would pass whatever the target does.
    """
    ran = toy.gate(PYTHONOPTIMIZE="1", PYTEST_ADDOPTS=words)
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert "assertions are not executed" in ran.output


def test_a_sweep_is_no_gate(toy: Toy) -> None:
    """`--sweep` in PYTEST_ADDOPTS would turn every gate into a success."""
    ran = toy.gate(PYTEST_ADDOPTS="--sweep")
    assert ran.status == 4
    assert "--sweep runs no gate" in ran.output


def test_without_the_plugin_there_is_no_green_run(toy: Toy) -> None:
    """Its markers are unknown then, and strict markers make that an error."""
    assert toy.gate("-p", "no:cutover_gates.plugin.hooks").status != 0


def test_a_check_that_ends_the_process_does_not_end_it_well(toy: Toy) -> None:
    """`os._exit(0)` would be a green pipeline without a verdict.

    The NO-GO of the start stands, and the status is not 0.
    """
    body("import os", "os._exit(0)")(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output


def test_failed_first_narrows_the_next_run(toy: Toy) -> None:
    """`--lf` after a failure runs only what failed: fixed or not, the rest is not proven."""
    documents_fail(toy)
    toy.gate()
    toy.replace("smoke/test_documents.py", "    assert False\n", "")
    ran = toy.gate("--lf")
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert (ran.outcome("documents"), ran.outcome("sign-in")) == ("passed", "not proven")
