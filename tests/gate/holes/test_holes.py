"""No way in which a run can end without proof is a GO, through a real pytest process.

None of them exits with 0.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.gate.holes import (
    assessment_holes,
    attestation_holes,
    call_holes,
    collection_holes,
    hostile_holes,
    left_out_holes,
    order_holes,
    parts_holes,
    preflight_holes,
    provenance_holes,
    release_holes,
    sheltered_holes,
    slip_holes,
    step_holes,
    swallowed_holes,
    time_holes,
    write_holes,
)
from tests.gate.holes.catalogue import HOLES, Hole, body, documents_fail
from tests.gate.holes.toy_project import ROOT, Toy
from tests.selection import further

NO_RUN = [
    "--collect-only",
    further("--collect-only -n 2"),
    "--fixtures",
    further("--cache-show"),
    further("--markers"),
    further("--setup-plan"),
]


def test_without_a_hole_the_toy_is_a_go(toy: Toy) -> None:
    """The clean run: GO and 0. Otherwise the tests below would prove nothing."""
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


ALL_HOLES = (
    *HOLES,
    *assessment_holes.HOLES,
    *attestation_holes.HOLES,
    *hostile_holes.HOLES,
    *left_out_holes.HOLES,
    *order_holes.HOLES,
    *parts_holes.HOLES,
    *provenance_holes.HOLES,
    *preflight_holes.HOLES,
    *release_holes.HOLES,
    *sheltered_holes.HOLES,
    *slip_holes.HOLES,
    *step_holes.HOLES,
    *swallowed_holes.HOLES,
    *time_holes.HOLES,
    *call_holes.HOLES,
    *write_holes.HOLES,
    *collection_holes.HOLES,
)


def _as_parameter(hole: Hole) -> Any:
    marks = [pytest.mark.thorough] if hole.thorough else []
    return pytest.param(hole, id=hole.name, marks=marks)


@pytest.mark.parametrize("hole", [_as_parameter(hole) for hole in ALL_HOLES])
def test_a_hole_is_never_a_go(toy: Toy, hole: Hole) -> None:
    """NO-GO, an exit status that is not 0, and the item that lost its proof says why."""
    if hole.change:
        hole.change(toy)
    gate = () if "-m" in hole.words else ("-m", "phase3")
    ran = toy.run(*gate, *hole.words, cwd=None, **dict(hole.environment))
    (judged,) = ran.verdicts
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert ran.outcome(hole.item, judged) == hole.outcome, ran.why(hole.item, judged)
    assert hole.says in ran.why(hole.item, judged), ran.output
    assert hole.holds in "\n".join(ran.verdicts[judged]["holds"]), ran.output


@pytest.mark.parametrize("words", NO_RUN)
def test_a_gate_that_was_asked_for_and_not_run_is_not_a_success(toy: Toy, words: str) -> None:
    """A pipeline with such an option in PYTEST_ADDOPTS is not green, though pytest exits with 0."""
    ran = toy.gate(PYTEST_ADDOPTS=words)
    assert ran.status != 0
    assert "NOT JUDGED" in ran.output or "NO-GO" in ran.output


@pytest.mark.parametrize("words", ["", further("--assert=plain")])
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
    """The conftest.py of a checkout says so; its markers are unknown besides, which is an error."""
    assert toy.gate("-p", "no:cutover_gates.plugin.hooks").status != 0
    toy.write("conftest.py", (ROOT / "conftest.py").read_text(encoding="utf-8"))
    ran = toy.gate("-p", "no:cutover_gates.plugin.hooks")
    assert (ran.status, "NO-GO: the plugin" in ran.output) == (4, True), ran.output


@pytest.mark.parametrize(
    "part",
    [
        "cutover_gates.plugin.options",
        pytest.param("cutover_gates.plugin.fixtures.hospital", marks=pytest.mark.thorough),
        pytest.param("cutover-gate-session", marks=pytest.mark.thorough),
    ],
)
def test_without_a_part_that_writes_the_verdict_there_is_no_green_run(toy: Toy, part: str) -> None:
    """Nothing can be judged then: the terminal says NO-GO, without a traceback."""
    ran = toy.gate("-p", f"no:{part}")
    assert (ran.status != 0, "NO-GO" in ran.output) == (True, True), ran.output
    assert "Traceback" not in ran.output
    assert "INTERNALERROR" not in ran.output


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
    first = toy.gate()
    assert first.outcome("documents") == "failed", first.output
    toy.replace("smoke/test_documents.py", "    assert False\n", "")
    ran = toy.gate("--lf")
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert (ran.outcome("documents"), ran.outcome("sign-in")) == ("passed", "not proven"), (
        ran.output
    )
