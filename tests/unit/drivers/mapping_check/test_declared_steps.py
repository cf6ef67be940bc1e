"""Steps that try a rule which the target is declared not to keep."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.drivers.mapping_check.check_context import CheckContext
from cutover_gates.drivers.mapping_check.runner import StepOutcome, run_steps
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory


def run(*absent: str) -> dict[str, str]:
    """The outcome of each step that tries a rule, by the rule. The target gives no answer."""
    nobody: Any = SimpleNamespace()
    diagnosis = SimpleNamespace(final=True)
    diagnoser: Any = SimpleNamespace(
        exchange=SimpleNamespace(begin=lambda _: None), diagnose=lambda *_: diagnosis
    )
    context = CheckContext(
        nobody,
        PatientFactory("run-1"),
        FileFactory("run-1"),
        "1",
        ("text/plain",),
        unsupported=dict.fromkeys(absent, "it is so"),
    )
    return {
        result.step.capability: f"{result.outcome.value}: {result.note}"
        for result in run_steps(context, diagnoser)
        if result.step.capability
    }


def test_each_rule_of_a_step_is_one_that_may_be_declared() -> None:
    found = run().keys()
    assert CAPABILITIES.keys() >= found
    assert {"versions", "unique-record-numbers", "required-names", "file-types"} <= found


def test_a_rule_that_is_declared_absent_is_not_tried() -> None:
    """The walk passes without it; a rule that is not declared is tried."""
    found = run("versions")
    assert found.pop("versions") == f"{StepOutcome.UNSUPPORTED.value}: it is so"
    assert not [text for text in found.values() if StepOutcome.UNSUPPORTED.value in text]
