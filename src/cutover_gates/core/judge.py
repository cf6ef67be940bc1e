"""The meaning of GO: a pure function from plan, results, decisions and clock to a verdict.

Nothing is read or written here. A GO is proof: every item of the gate is passed or attested, by
checks that all ran, once, to their end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cutover_gates.core.decision_validity import (
    DEFAULT_TERMS,
    DecisionContext,
    Terms,
    select_valid_decisions,
)
from cutover_gates.core.declarations import (
    ITEM,
    SETTING,
    AppliedDeclaration,
    Declaration,
    describe_age,
    is_older_than,
)
from cutover_gates.core.item_judge import ItemJudge
from cutover_gates.core.narrow_waivers import reject_powerless_waivers
from cutover_gates.core.outcome_reasons import describe_surprise
from cutover_gates.core.plan import Plan
from cutover_gates.core.tried_capabilities import find_missing
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    PROVEN_OUTCOMES,
    CheckResult,
    ItemResult,
    Outcome,
    Verdict,
    VerdictSubject,
    VerdictWord,
)
from cutover_gates.core.waivers import Decision


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
    declarations: Sequence[Declaration] = (),
    run_errors: Sequence[str] = (),
    notes: Sequence[str] = (),
    terms: Terms = DEFAULT_TERMS,
) -> Verdict:
    """Return the verdict of one gate (an expression over gates and suites).

    `declarations` are the facts that settings state of the target. `run_errors` are faults of the
    run itself: each of them is NO-GO. `notes` are sentences that change nothing.
    """
    context = DecisionContext(
        plan, subject.target, subject.release, now, terms, subject.kind == "embedded"
    )
    waived = select_valid_decisions("waiver", waivers, context)
    signed = select_valid_decisions("sign-off", signoffs, context)
    judged = plan.select_items(gate)
    ids = frozenset(item.id for item in judged)
    absent = {one.name: one for one in declarations if one.kind == ITEM}
    item_judge = ItemJudge(
        plan, ids, results, waived.by_item, waived.narrow, signed.by_item, absent
    )
    items = tuple(item_judge.judge_item(item) for item in judged)
    errors = (*run_errors, *_find_unassigned_results(plan, results))
    powerless = reject_powerless_waivers(waived.narrow, results, plan)
    declared = _apply_declarations(plan, ids, results, declarations, terms, now)
    return Verdict(
        gate,
        _decide_word(items, errors),
        subject,
        started,
        now,
        items,
        errors,
        (*waived.rejected, *powerless, *signed.rejected),
        declared,
        (*notes, *_note_declarations(item_judge, declared, terms)),
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
    accepts = any(check.accepted for result in items for check in result.checks)
    if Outcome.WAIVED in outcomes or accepts:
        return VerdictWord.GO_WITH_WAIVERS
    return VerdictWord.GO


def _apply_declarations(
    plan: Plan,
    judged: Iterable[str],
    results: Sequence[CheckResult],
    declarations: Sequence[Declaration],
    terms: Terms,
    now: datetime,
) -> tuple[AppliedDeclaration, ...]:
    """Return the declared facts that left something out of this gate, with what they left out."""
    reached = {below for item in judged for below in plan.item_with_dependencies(item)}
    applied = []
    for declaration in declarations:
        left_out = [result for result in results if _is_left_out(result, declaration, reached)]
        items = {item for result in left_out for item in result.items & reached}
        if declaration.kind == ITEM:
            items = {declaration.name} & reached
        if declaration.kind == SETTING:
            items = {item for item in reached if plan.item(item).suite == declaration.suite}
        if items:
            old = is_older_than(declaration, terms.declarations_days, now)
            checks = tuple(result.check for result in left_out)
            applied.append(AppliedDeclaration(declaration, tuple(sorted(items)), checks, old))
    return tuple(applied)


def _is_left_out(result: CheckResult, declaration: Declaration, reached: set[str]) -> bool:
    if declaration.kind == ITEM:
        return declaration.name in result.items
    if not result.items & reached:
        return False
    is_exempt = result.outcome is Outcome.NOT_APPLICABLE and result.absent == declaration.name
    return is_exempt or declaration.name in find_missing(result)


def _note_declarations(
    item_judge: ItemJudge, declared: Sequence[AppliedDeclaration], terms: Terms
) -> tuple[str, ...]:
    """Return notes about facts: those that are old, and those that the target refutes."""
    notes = list(terms.clock.notes)
    for applied in declared:
        declaration = applied.declaration
        if applied.is_old:
            notes.append(describe_age(declaration, terms.declarations_days))
        if declaration.kind == ITEM:
            item = item_judge.plan.item(declaration.name)
            notes.append(describe_surprise(item, item_judge.own_checks(item)))
    return tuple(note for note in notes if note)
