"""The runner of the mapping check: every step once, going on after a failure where possible.

It judges no target: a failure is a line to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cutover_gates.drivers.mapping_check.check_context import (
    COUNTS_AS_REFUSAL,
    CheckContext,
    CheckStep,
    NotRejected,
)
from cutover_gates.drivers.mapping_check.diagnoser import Diagnoser
from cutover_gates.drivers.mapping_check.diagnosis import Diagnosis
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.steps import list_steps
from cutover_gates.drivers.production_guard import GuardError
from cutover_gates.hospital import ProtocolViolation, Rejected, Unsupported

TARGET = "the target"
"""The name under which an unreachable target blocks every further step."""


class StepOutcome(StrEnum):
    """The outcome of a step."""

    PASSED = "ok"
    UNSUPPORTED = "not offered"
    LEFT_OUT = "left out"  # it needs what the settings do not give
    NOT_REACHED = "not reached"  # it needs what an earlier step did not give
    FAILED = "STOP"


@dataclass(frozen=True)
class StepResult:
    """One step and its outcome. `note` says more in a few words; a failure has its `diagnosis`."""

    step: CheckStep
    outcome: StepOutcome
    note: str = ""
    diagnosis: Diagnosis | None = None
    rejected: bool = False


def run_steps(
    context: CheckContext, diagnoser: Diagnoser, more: Sequence[CheckStep] = ()
) -> Iterator[StepResult]:
    """Run every step, and `more` of this target.

    Raises nothing: whatever a driver raises is a failure.
    """
    blockers: dict[str, StepResult] = {}  # what a later step may need -> the step that lacks it
    for step in (*list_steps(context), *more):
        result = _skip(step, context, blockers) or _run_step(step, context, diagnoser)
        _block(result, context, blockers)
        yield result


def _block(result: StepResult, context: CheckContext, blockers: dict[str, StepResult]) -> None:
    """Note what later steps cannot have because of this result."""
    step = result.step
    passed = result.outcome is StepOutcome.PASSED
    if not passed and step.gives and step.gives not in context.values:
        blockers[step.gives] = result
    if result.diagnosis is None:
        return
    # After a rejection the operation itself works: other steps may use it with other values.
    if not step.rejections and not result.rejected:
        blockers[step.operation] = result
    if result.diagnosis.final:
        blockers[TARGET] = result


def _skip(
    step: CheckStep, context: CheckContext, blockers: dict[str, StepResult]
) -> StepResult | None:
    """Return why a step is not tried; None where it can be.

    What needs something that is declared as unsupported is unsupported too.
    """
    if step.capability in context.unsupported:
        return StepResult(step, StepOutcome.UNSUPPORTED, context.unsupported[step.capability])
    for need in (TARGET, step.operation, *step.needs):
        if need in blockers:
            blocker = blockers[need]
            outcome = StepOutcome.NOT_REACHED
            if blocker.outcome is StepOutcome.UNSUPPORTED:
                outcome = StepOutcome.UNSUPPORTED
            return StepResult(step, outcome, f"it needs: {blocker.step.title}")
    missing = next((need for need in step.needs if need not in context.values), "")
    if not missing:
        return None
    role = missing.removeprefix("account of ")
    if f"account-{role}" in context.unsupported:
        return StepResult(step, StepOutcome.UNSUPPORTED, context.unsupported[f"account-{role}"])
    note = f"the settings give no {missing}: write users.{role}"
    return StepResult(step, StepOutcome.LEFT_OUT, context.missing.get(role, note))


def _run_step(step: CheckStep, context: CheckContext, diagnoser: Diagnoser) -> StepResult:
    diagnoser.exchange.begin(step.operation)
    try:
        _act(step, context, diagnoser.exchange)
    except Unsupported as missing:
        return StepResult(step, StepOutcome.UNSUPPORTED, missing.why)
    except GuardError as guarded:
        return StepResult(step, StepOutcome.LEFT_OUT, str(guarded))
    except Exception as error:  # an own driver may raise anything: the diagnosis names its line
        diagnosis = diagnoser.diagnose(step, context, error)
        rejected = isinstance(error, Rejected)
        return StepResult(step, StepOutcome.FAILED, "", diagnosis, rejected)
    return StepResult(step, StepOutcome.PASSED, diagnoser.exchange.summarize())


def _act(step: CheckStep, context: CheckContext, exchange: LastExchange) -> None:
    """Do the step, keep what it gives, and require the rejections that it expects."""
    try:
        value = step.act(context)
    except Rejected as rejection:
        if not step.rejections:
            raise
        if rejection.reason not in step.rejections:
            raise NotRejected(step.rejections, rejection) from None
        return
    except ProtocolViolation:
        # An error status that no rule knows: the target does reject, and a rule is missing.
        if step.rejections and exchange.answer is not None and exchange.answer.status >= 400:
            raise NotRejected(step.rejections, None) from None
        raise
    if step.rejections and value is not COUNTS_AS_REFUSAL:
        raise NotRejected(step.rejections, None)
    if step.gives:
        context.values[step.gives] = value
