"""The meaning of GO: a pure function from plan, results, decisions and clock to a verdict.

Nothing is read or written here. A GO is proof: every item of the gate is passed or attested, by
checks that all ran, once, to their end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    PROVEN_OUTCOMES,
    CheckResult,
    ItemResult,
    Outcome,
    Verdict,
    VerdictSubject,
    VerdictWord,
    worst_outcome,
)
from cutover_gates.core.waivers import Decision, select_valid_decisions


def judge(
    plan: Plan,
    gate: str,
    results: Sequence[CheckResult],
    *,
    subject: VerdictSubject,
    started: datetime,
    now: datetime,
    waivers: Sequence[Decision] = (),
    signoffs: Sequence[Decision] = (),
    not_applicable: Mapping[str, str] | None = None,
    run_errors: Sequence[str] = (),
) -> Verdict:
    """Return the verdict of one gate (an expression over gates and suites).

    `not_applicable` maps item ids to the reasons that the settings declare. `run_errors` are faults
    of the run itself: each of them is NO-GO.
    """
    target, release = subject.target, subject.release
    waived, rejected_waivers = select_valid_decisions("waiver", waivers, plan, target, release, now)
    signed, rejected_signoffs = select_valid_decisions(
        "sign-off", signoffs, plan, target, release, now
    )
    judged = plan.select_items(gate)
    ids = frozenset(item.id for item in judged)
    item_judge = _ItemJudge(plan, ids, results, waived, signed, not_applicable or {})
    items = tuple(item_judge.judge_item(item) for item in judged)
    errors = (*run_errors, *_find_unassigned_results(plan, results))
    return Verdict(
        gate,
        _decide_word(items, errors),
        subject,
        started,
        now,
        items,
        errors,
        (*rejected_waivers, *rejected_signoffs),
    )


def _find_unassigned_results(plan: Plan, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return a sentence for each open result that belongs to no item of the plan.

    Any item might have needed it, so it is a fault of the run.
    """
    unassigned = [
        result
        for result in results
        if result.outcome in OPEN_OUTCOMES and not result.items & plan.by_id.keys()
    ]
    return tuple(
        result.why or f"{result.check} is {result.outcome.value} and belongs to no item of the plan"
        for result in unassigned
    )


def _decide_word(items: Sequence[ItemResult], run_errors: Sequence[str]) -> VerdictWord:
    outcomes = {result.outcome for result in items}
    # A gate in which nothing is proven is no GO, even where nothing is open.
    if run_errors or outcomes & OPEN_OUTCOMES or not outcomes & PROVEN_OUTCOMES:
        return VerdictWord.NO_GO
    return VerdictWord.GO_WITH_WAIVERS if Outcome.WAIVED in outcomes else VerdictWord.GO


@dataclass(frozen=True)
class _ItemJudge:
    """Everything that the outcome of one item may depend on."""

    plan: Plan
    judged: frozenset[str]
    results: Sequence[CheckResult]
    waived: Mapping[str, Decision]
    signed: Mapping[str, Decision]
    not_applicable: Mapping[str, str]

    def judge_item(self, item: Item) -> ItemResult:
        """Return the outcome of an item, with its waiver where that covers the outcome."""
        result = self._judge_without_waiver(item)
        waiver = self.waived.get(item.id)
        if waiver is None:
            return result
        # A waiver for what is not proven must not excuse a failure that the checks did see.
        covered = OPEN_OUTCOMES if waiver.covers == "anything" else {Outcome.NOT_PROVEN}
        if result.outcome not in covered:
            return result
        why = f"{result.outcome.value}: {result.why}"
        return ItemResult(item, Outcome.WAIVED, why, result.checks, waiver)

    def _judge_without_waiver(self, item: Item) -> ItemResult:
        if item.id in self.not_applicable:
            return self._judge_exemption(item)
        if item.proof == "sign-off":
            return self._judge_sign_off(item)
        return self._judge_checks(item)

    def _judge_exemption(self, item: Item) -> ItemResult:
        if objection := _applicability_objection(item):
            return ItemResult(item, Outcome.NOT_PROVEN, objection)
        return ItemResult(item, Outcome.NOT_APPLICABLE, self.not_applicable[item.id])

    def _judge_sign_off(self, item: Item) -> ItemResult:
        decision = self.signed.get(item.id)
        if decision is None:
            return ItemResult(item, Outcome.NOT_PROVEN, "nobody signed it off")
        return ItemResult(item, Outcome.ATTESTED, f"{decision.by}: {decision.reason}", (), decision)

    def _judge_checks(self, item: Item) -> ItemResult:
        own = tuple(result for result in self.results if item.id in result.items)
        below = [self.judge_item(self.plan.item(other)) for other in item.rests_here]
        if not own and not below:
            return ItemResult(item, Outcome.NOT_PROVEN, "no check proves it")
        outcomes = [result.outcome for result in own] + [result.outcome for result in below]
        outcome = worst_outcome(outcomes)
        # An item that guards against loss must be proven, whatever its parts may do without.
        if outcome in (Outcome.WAIVED, Outcome.NOT_APPLICABLE) and not item.waivable:
            outcome = Outcome.NOT_PROVEN
        why = _explain_outcome(outcome, own, below)
        return ItemResult(item, outcome, why, own + self._checks_of_other_gates(below))

    def _checks_of_other_gates(self, below: Sequence[ItemResult]) -> tuple[CheckResult, ...]:
        """Return the checks of items below that this gate does not show by themselves."""
        return tuple(
            check
            for result in below
            if result.item.id not in self.judged
            for check in result.checks
        )


def _applicability_objection(item: Item) -> str:
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


def _explain_outcome(
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
