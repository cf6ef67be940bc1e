"""Walks a mapping once, step by step, as the checks will, and says where it stops.

It judges nobody: a stop is a line to mend.

    for walked in walk(way, teller): …          # what came of each step, as it comes

It goes on after a stop with all that does not need what the stopped step would have given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from cutover.drivers.guard import GuardError
from cutover.drivers.walking.lines import line_of, lines_of
from cutover.drivers.walking.places import Places
from cutover.drivers.walking.seen import Seen
from cutover.drivers.walking.steps import STEPS
from cutover.drivers.walking.telling import Stop, Teller
from cutover.drivers.walking.way import NotRefused, Step, Way
from cutover.hospital import Misbehaved, NotOffered, Refused

__all__ = [
    "Outcome",
    "Places",
    "Seen",
    "Stop",
    "Teller",
    "Walked",
    "Way",
    "line_of",
    "lines_of",
    "walk",
]


class Outcome(StrEnum):
    """What came of a step."""

    WELL = "ok"
    NOT_OFFERED = "not offered"
    LEFT_OUT = "left out"  # it needs what the settings do not give
    NOT_REACHED = "not reached"  # it needs what an earlier step did not give
    STOP = "STOP"


@dataclass(frozen=True)
class Walked:
    """One step and what came of it, in a few words; with `stop`, where it stops."""

    step: Step
    outcome: Outcome
    said: str = ""
    stop: Stop | None = None


def walk(way: Way, teller: Teller) -> Iterator[Walked]:
    """Every step of `STEPS`. Raises nothing: whatever a driver raises is a stop."""
    lacks: dict[str, Walked] = {}  # operations and things that will not do, and because of what
    for step in STEPS:
        walked = _not_walked(step, way, lacks) or _walked(step, way, teller)
        if walked.outcome is not Outcome.WELL and step.gives and step.gives not in way.things:
            lacks[step.gives] = walked
        if walked.stop and not step.refusal and walked.said != "refused":
            lacks[step.operation] = walked
        if walked.stop and walked.stop.final:
            lacks["the target"] = walked
        yield walked


def _not_walked(step: Step, way: Way, lacks: dict[str, Walked]) -> Walked | None:
    """Why a step is not tried; None where it can be.

    What needs something that is declared as not offered is not offered either.
    """
    before = next(
        (lacks[need] for need in ("the target", step.operation, *step.needs) if need in lacks), None
    )
    if before is not None:
        offered = before.outcome is not Outcome.NOT_OFFERED
        return Walked(
            step,
            Outcome.NOT_REACHED if offered else Outcome.NOT_OFFERED,
            f"it needs: {before.step.title}",
        )
    missing = next((need for need in step.needs if need not in way.things), "")
    if not missing:
        return None
    role = missing.removeprefix("account of ")
    if f"account-{role}" in way.unsupported:
        return Walked(step, Outcome.NOT_OFFERED, way.unsupported[f"account-{role}"])
    return Walked(step, Outcome.LEFT_OUT, f"the settings give no {missing}: write users.{role}")


def _walked(step: Step, way: Way, teller: Teller) -> Walked:
    teller.seen.begin(step.operation)
    try:
        _act(step, way, teller.seen)
    except NotOffered as missing:
        return Walked(step, Outcome.NOT_OFFERED, missing.why)
    except GuardError as guarded:
        return Walked(step, Outcome.LEFT_OUT, str(guarded))
    except Exception as error:  # also what a driver of the user's own raises without knowing: the teller says where
        return Walked(
            step,
            Outcome.STOP,
            "refused" if isinstance(error, Refused) else "",
            teller.stop(step, way, error),
        )
    return Walked(step, Outcome.WELL, teller.seen.line())


def _act(step: Step, way: Way, seen: Seen) -> None:
    """Do it, keep what it gives, and see that what must be refused is."""
    try:
        given = step.act(way)
    except Refused as refused:
        if not step.refusal:
            raise
        if refused.reason not in step.refusal:
            raise NotRefused(step.refusal, refused) from None
        return
    except Misbehaved:
        if step.refusal and seen.answer is not None and seen.answer.status >= 400:
            raise NotRefused(step.refusal, None) from None
        raise
    if step.refusal:
        raise NotRefused(step.refusal, None)
    if step.gives:
        way.things[step.gives] = given
