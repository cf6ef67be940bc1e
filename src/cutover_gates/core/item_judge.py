"""Judges one item of the plan: its checks, what it rests on, and what people decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cutover_gates.core.declarations import Declaration
from cutover_gates.core.narrow_waivers import apply_narrow_waivers, find_unwaivable
from cutover_gates.core.outcome_reasons import (
    applicability_objection,
    describe_contradiction,
    describe_missing_minimum,
    describe_unasked,
    explain_outcome,
)
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    CheckResult,
    ItemResult,
    Outcome,
    worst_outcome,
)
from cutover_gates.core.waivers import COVERS, Decision


@dataclass(frozen=True)
class ItemJudge:
    """Everything that the outcome of one item may depend on.

    `waived` and `signed` are decisions about whole items, `narrow` waivers of rules and checks,
    `absent` the items that are declared not applicable.
    """

    plan: Plan
    judged: frozenset[str]
    results: Sequence[CheckResult]
    waived: Mapping[str, Decision]
    narrow: Sequence[Decision]
    signed: Mapping[str, Decision]
    absent: Mapping[str, Declaration]

    def judge_item(self, item: Item) -> ItemResult:
        """Return the outcome of an item, with its waiver where that covers the outcome."""
        result = self._judge_without_waiver(item)
        waiver = self.waived.get(item.id)
        if waiver is None:
            return result
        if not _reaches(waiver, result):
            return result
        if (check := find_unwaivable(result.checks)) is not None:
            why = f"no waiver covers access control and lost data, and {check.check} found it"
            return ItemResult(item, result.outcome, f"{why}: {check.why}", result.checks)
        why = f"{result.outcome.value}: {result.why}"
        return ItemResult(item, Outcome.WAIVED, why, result.checks, waiver)

    def own_checks(self, item: Item) -> tuple[CheckResult, ...]:
        """Return the results of the item's own checks, with what narrow waivers cover of them."""
        own = [result for result in self.results if item.id in result.items]
        return tuple(apply_narrow_waivers(result, item, self.narrow) for result in own)

    def _judge_without_waiver(self, item: Item) -> ItemResult:
        if item.id in self.absent:
            return self._judge_exemption(item)
        if item.proof == "sign-off":
            return self._judge_sign_off(item)
        return self._judge_checks(item)

    def _judge_exemption(self, item: Item) -> ItemResult:
        """Judge an item that is declared not applicable: its checks run all the same.

        What they cannot see is excused. What they find is not, nor that they do not run.
        """
        own = self.own_checks(item)
        if found := [result for result in own if _found_something(result)]:
            why = describe_contradiction(item, found)
            return ItemResult(item, Outcome.FAILED, why, own)
        if missing := [result for result in own if not result.did_run]:
            why = describe_unasked(item, missing)
            return ItemResult(item, Outcome.NOT_PROVEN, why, own)
        if objection := applicability_objection(item):
            return ItemResult(item, Outcome.NOT_PROVEN, objection, own)
        if any(result.outcome is Outcome.WAIVED for result in own):
            return ItemResult(item, Outcome.WAIVED, self.absent[item.id].reason, own)
        return ItemResult(item, Outcome.NOT_APPLICABLE, self.absent[item.id].reason, own)

    def _judge_sign_off(self, item: Item) -> ItemResult:
        decision = self.signed.get(item.id)
        if decision is None:
            return ItemResult(item, Outcome.NOT_PROVEN, "it has no sign-off that counts")
        # A person attests an item, and not that what it rests on is proven.
        below = [self.judge_item(self.plan.item(other)) for other in item.rests_here]
        outcome = worst_outcome([result.outcome for result in below] or [Outcome.PASSED])
        if outcome in OPEN_OUTCOMES | {Outcome.WAIVED}:
            why, checks = explain_outcome(outcome, (), below), self._checks_of_other_gates(below)
            return ItemResult(item, outcome, why, checks)
        return ItemResult(item, Outcome.ATTESTED, f"{decision.by}: {decision.reason}", (), decision)

    def _judge_checks(self, item: Item) -> ItemResult:
        own = self.own_checks(item)
        below = [self.judge_item(self.plan.item(other)) for other in item.rests_here]
        if not own and not below:
            return ItemResult(item, Outcome.NOT_PROVEN, "no check proves it")
        outcomes = [result.outcome for result in own] + [result.outcome for result in below]
        outcome = worst_outcome(outcomes)
        # An item that guards against loss must be proven, whatever its parts may do without.
        if outcome in (Outcome.WAIVED, Outcome.NOT_APPLICABLE) and not item.waivable:
            outcome = Outcome.NOT_PROVEN
        why = explain_outcome(outcome, own, below)
        if outcome not in OPEN_OUTCOMES and (missing := describe_missing_minimum(item, own)):
            outcome, why = Outcome.NOT_PROVEN, missing
        return ItemResult(item, outcome, why, own + self._checks_of_other_gates(below))

    def _checks_of_other_gates(self, below: Sequence[ItemResult]) -> tuple[CheckResult, ...]:
        """Return the checks of items below that this gate does not show by themselves."""
        return tuple(
            check
            for result in below
            if result.item.id not in self.judged
            for check in result.checks
        )


def _found_something(result: CheckResult) -> bool:
    """Return whether a check found the target wrong, also where a retry or a skip hid it."""
    hid_it = result.saw_failure and result.outcome not in (Outcome.PASSED, Outcome.WAIVED)
    return result.outcome is Outcome.FAILED or hid_it


def _reaches(waiver: Decision, result: ItemResult) -> bool:
    """Return whether a waiver of a whole item covers its outcome.

    A waiver for what is not proven must not excuse a failure that the checks did see.
    """
    if waiver.covers == COVERS[0]:
        return result.outcome in OPEN_OUTCOMES
    return result.outcome is Outcome.NOT_PROVEN and not any(map(_found_something, result.checks))
