"""Walks a mapping once, step by step, as the checks will, and says where it stops.

It judges nobody: a stop is a line to mend.

    for walked in walk(way, teller): …          # what came of each step, as it comes

It goes on after a stop with all that does not need what the stopped step would have given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cutover_gates.drivers.mapping_check.check_context import CheckContext, CheckStep, NotRejected
from cutover_gates.drivers.mapping_check.diagnosis import Diagnoser, Diagnosis
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.source_locations import (
    SourceLocations,
    find_line,
    index_lines,
)
from cutover_gates.drivers.mapping_check.steps import STEPS
from cutover_gates.drivers.transport import GuardError
from cutover_gates.hospital import ProtocolViolation, Rejected, Unsupported

__all__ = [
    "CheckContext",
    "Diagnoser",
    "Diagnosis",
    "LastExchange",
    "SourceLocations",
    "StepOutcome",
    "StepResult",
    "find_line",
    "index_lines",
    "run_steps",
]


class StepOutcome(StrEnum):
    """What came of a step."""

    WELL = "ok"
    NOT_OFFERED = "not offered"
    LEFT_OUT = "left out"  # it needs what the settings do not give
    NOT_REACHED = "not reached"  # it needs what an earlier step did not give
    STOP = "STOP"


@dataclass(frozen=True)
class StepResult:
    """One step and what came of it, in a few words; with `stop`, where it stops."""

    step: CheckStep
    outcome: StepOutcome
    said: str = ""
    stop: Diagnosis | None = None


def run_steps(way: CheckContext, teller: Diagnoser) -> Iterator[StepResult]:
    """Every step of `STEPS`. Raises nothing: whatever a driver raises is a stop."""
    lacks: dict[str, StepResult] = {}  # operations and things that will not do, and because of what
    for step in STEPS:
        walked = _skip_reason(step, way, lacks) or _run_step(step, way, teller)
        if walked.outcome is not StepOutcome.WELL and step.gives and step.gives not in way.things:
            lacks[step.gives] = walked
        if walked.stop and not step.refusal and walked.said != "refused":
            lacks[step.operation] = walked
        if walked.stop and walked.stop.final:
            lacks["the target"] = walked
        yield walked


def _skip_reason(
    step: CheckStep, way: CheckContext, lacks: dict[str, StepResult]
) -> StepResult | None:
    """Why a step is not tried; None where it can be.

    What needs something that is declared as not offered is not offered either.
    """
    before = next(
        (lacks[need] for need in ("the target", step.operation, *step.needs) if need in lacks), None
    )
    if before is not None:
        offered = before.outcome is not StepOutcome.NOT_OFFERED
        return StepResult(
            step,
            StepOutcome.NOT_REACHED if offered else StepOutcome.NOT_OFFERED,
            f"it needs: {before.step.title}",
        )
    missing = next((need for need in step.needs if need not in way.things), "")
    if not missing:
        return None
    role = missing.removeprefix("account of ")
    if f"account-{role}" in way.unsupported:
        return StepResult(step, StepOutcome.NOT_OFFERED, way.unsupported[f"account-{role}"])
    return StepResult(
        step, StepOutcome.LEFT_OUT, f"the settings give no {missing}: write users.{role}"
    )


def _run_step(step: CheckStep, way: CheckContext, teller: Diagnoser) -> StepResult:
    teller.seen.begin(step.operation)
    try:
        _act(step, way, teller.seen)
    except Unsupported as missing:
        return StepResult(step, StepOutcome.NOT_OFFERED, missing.why)
    except GuardError as guarded:
        return StepResult(step, StepOutcome.LEFT_OUT, str(guarded))
    except Exception as error:  # also what a driver of the user's own raises without knowing: the teller says where
        return StepResult(
            step,
            StepOutcome.STOP,
            "refused" if isinstance(error, Rejected) else "",
            teller.diagnose(step, way, error),
        )
    return StepResult(step, StepOutcome.WELL, teller.seen.summarize())


def _act(step: CheckStep, way: CheckContext, seen: LastExchange) -> None:
    """Do it, keep what it gives, and see that what must be refused is."""
    try:
        given = step.act(way)
    except Rejected as refused:
        if not step.refusal:
            raise
        if refused.reason not in step.refusal:
            raise NotRejected(step.refusal, refused) from None
        return
    except ProtocolViolation:
        if step.refusal and seen.answer is not None and seen.answer.status >= 400:
            raise NotRejected(step.refusal, None) from None
        raise
    if step.refusal:
        raise NotRejected(step.refusal, None)
    if step.gives:
        way.things[step.gives] = given
