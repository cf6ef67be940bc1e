"""The reasons that a verdict gives for an item: what its checks say, and what nothing proves."""

from __future__ import annotations

from collections.abc import Sequence

from cutover_gates.core.plan import Item
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    PROVEN_OUTCOMES,
    CheckResult,
    ItemResult,
    Outcome,
)
from cutover_gates.core.waivers import check_names


def explain_outcome(
    outcome: Outcome, own: Sequence[CheckResult], below: Sequence[ItemResult]
) -> str:
    """Return what the worst of the parts say: the first in full, the others as a number."""
    if outcome is Outcome.PASSED:
        return _describe_exempt_checks(own)
    if outcome in PROVEN_OUTCOMES:
        return ""
    reasons = [result.why for result in own if result.outcome is outcome and result.why]
    reasons += [
        f"{result.item.id} is {result.outcome.value}"
        for result in below
        if result.outcome in OPEN_OUTCOMES | {Outcome.WAIVED}
    ]
    if outcome is Outcome.NOT_PROVEN and not reasons:
        reasons = _describe_missing_proof(own, below)
    if not reasons:
        return ""
    rest = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]}{rest}"


def applicability_objection(item: Item) -> str:
    """Return why an item cannot be declared not applicable; empty where it can."""
    if not item.waivable:
        return (
            f"{item.id} is declared not applicable, but it protects against data loss or"
            " unauthorised access and must be checked"
        )
    if item.rests_on:
        # It would hide what it rests on, which this gate may not ask for by itself.
        return (
            f"declared not applicable, but it rests on {', '.join(item.rests_on)}: declare the one"
            " that is meant"
        )
    return ""


def describe_contradiction(item: Item, found: Sequence[CheckResult]) -> str:
    """Return why an item that is declared not applicable is open: a check of it failed."""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return (
        f"{item.id} is declared not applicable, and its check {found[0].check} found something:"
        f" {found[0].why}{more}"
    )


def describe_unasked(item: Item, missing: Sequence[CheckResult]) -> str:
    """Return why an item that is declared not applicable is open: a check of it did not run."""
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return (
        f"{item.id} is declared not applicable, and its check {missing[0].check} did not run:"
        f" {missing[0].why}{more}. Run all its checks: what they cannot see is excused"
    )


def describe_surprise(item: Item, own: Sequence[CheckResult]) -> str:
    """Return a note where checks of an item pass that is declared not applicable, or nothing."""
    passed = sum(result.outcome is Outcome.PASSED for result in own)
    if not passed:
        return ""
    return (
        f"{item.id} is declared not applicable, and {passed} of its {len(own)} checks passed. Where"
        " the target has it, remove the declaration, so that it gets proven."
    )


def describe_missing_minimum(item: Item, own: Sequence[CheckResult]) -> str:
    """Return which of the checks that the plan asks for at least has not passed; or nothing.

    An item that is never waived may leave out checks only where the plan says what it needs.
    """
    left_out = sum(result.outcome is Outcome.NOT_APPLICABLE for result in own)
    if left_out and not item.waivable and not item.at_least:
        return (
            f"{left_out} of its {len(own)} checks are declared not applicable, and the plan does"
            f" not say which ones {item.id} needs at least: name them in its at_least"
        )
    for name in item.at_least:
        named = [result for result in own if name in check_names(result.check)]
        outcomes = {result.outcome for result in named}
        if not named:
            known = {each for result in own for each in check_names(result.check)}
            nearest = suggest_nearest(name, known)
            return f"the plan asks for {name} at least, and no check of it is called so.{nearest}"
        if not outcomes & {Outcome.PASSED, Outcome.WAIVED}:
            why = f": {named[0].why}" if named[0].why else ""
            return f"the plan asks for {name} at least, which is {named[0].outcome.value}{why}"
    return ""


def _describe_exempt_checks(own: Sequence[CheckResult]) -> str:
    """Return which checks of a passed item the settings declare not applicable."""
    exempt = [result for result in own if result.outcome is Outcome.NOT_APPLICABLE]
    if not exempt:
        return ""
    return f"{len(exempt)} of its {len(own)} checks are declared not applicable: {exempt[0].why}"


def _describe_missing_proof(own: Sequence[CheckResult], below: Sequence[ItemResult]) -> list[str]:
    """Return why nothing proves an item that must be checked, where none of its parts is open."""
    return [
        *(
            f"nothing proves it: {result.why}"
            for result in own
            if result.outcome is Outcome.NOT_APPLICABLE
        ),
        *(
            f"nothing proves it: {result.item.id} is not applicable"
            for result in below
            if result.outcome is Outcome.NOT_APPLICABLE
        ),
    ]
