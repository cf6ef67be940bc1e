"""Waivers of a rule or a check: what they cover of one check's result, and what they cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cutover_gates.core.findings import Finding
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import OPEN_OUTCOMES, CheckResult, Outcome
from cutover_gates.core.waivers import COVERS, Decision, RejectedDecision, check_names


def apply_narrow_waivers(
    result: CheckResult, item: Item, waivers: Sequence[Decision]
) -> CheckResult:
    """Return a check's result for an item: waived where waivers cover all that is wrong with it.

    One finding that none of them covers leaves the check as it is.
    """
    if not item.waivable or result.outcome not in OPEN_OUTCOMES:
        return result
    covering = _select_covering(result, [one for one in waivers if one.item in ("", item.id)])
    if not covering:
        return result
    why = f"{result.outcome.value}: {result.why}"
    return replace(result, outcome=Outcome.WAIVED, why=why, waivers=covering)


def find_unwaivable(results: Sequence[CheckResult]) -> CheckResult | None:
    """Return the first check with a finding that no waiver covers: access control, lost data."""
    for result in results:
        is_open = result.outcome in OPEN_OUTCOMES
        if is_open and not all(finding.rule.waivable for finding in result.findings):
            return result
    return None


def reject_powerless_waivers(
    waivers: Sequence[Decision], results: Sequence[CheckResult], plan: Plan
) -> tuple[RejectedDecision, ...]:
    """Return the waivers that are about what may never be waived, and about nothing else."""
    rejected = []
    for waiver in waivers:
        about = [result for result in results if _select_covering(result, [waiver])]
        about += [result for result in results if _is_about_unwaivable(waiver, result)]
        items = {item for result in about for item in result.items if item in plan.by_id}
        is_powerless = about and not any(_may_cover(result, plan) for result in about)
        if is_powerless:
            names = ", ".join(sorted(items))
            why = f"it is about {names}: data loss and access control are never waived"
            rejected.append(RejectedDecision("waiver", waiver, why))
    return tuple(rejected)


def _may_cover(result: CheckResult, plan: Plan) -> bool:
    items = [plan.by_id[item] for item in result.items if item in plan.by_id]
    return find_unwaivable([result]) is None and any(item.waivable for item in items)


def _is_about_unwaivable(waiver: Decision, result: CheckResult) -> bool:
    if result.outcome not in OPEN_OUTCOMES:
        return False
    return any(
        not finding.rule.waivable and _covers_finding(waiver, result, finding)
        for finding in result.findings
    )


def _select_covering(result: CheckResult, waivers: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the waivers that together cover a result; none where something is left."""
    if result.outcome not in OPEN_OUTCOMES or find_unwaivable([result]) is not None:
        return ()
    # A waiver for what is not proven must not excuse a failure that the check did see.
    saw_nothing = result.outcome is Outcome.NOT_PROVEN and not result.saw_failure
    usable = [one for one in waivers if one.covers == COVERS[0] or saw_nothing]
    whole = [one for one in usable if _names(one, result) and not (one.rule or one.subject)]
    if whole:
        return tuple(whole[:1])
    # What broke, and what was wrong beside the findings, is no finding of a rule.
    if result.outcome is Outcome.ERROR or not result.findings or not result.only_findings:
        return ()
    chosen = [_first_covering(usable, result, finding) for finding in result.findings]
    found = [one for one in chosen if one is not None]
    return tuple(dict.fromkeys(found)) if len(found) == len(chosen) else ()


def _first_covering(
    waivers: Sequence[Decision], result: CheckResult, finding: Finding
) -> Decision | None:
    return next((one for one in waivers if _covers_finding(one, result, finding)), None)


def _covers_finding(waiver: Decision, result: CheckResult, finding: Finding) -> bool:
    return (
        waiver.rule in ("", finding.rule.id)
        and waiver.subject in ("", finding.subject)
        and (not waiver.check or _names(waiver, result))
    )


def _names(waiver: Decision, result: CheckResult) -> bool:
    return bool(waiver.check) and waiver.check in check_names(result.check)
