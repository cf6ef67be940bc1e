"""What makes a waiver or a sign-off count, and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cutover_gates.core.clock_slack import EXACT_CLOCK, ClockSlack
from cutover_gates.core.local_days import EASTERNMOST
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.tables import find_nearest
from cutover_gates.core.waivers import COVERS, Decision, RejectedDecision, check_names


@dataclass(frozen=True)
class Terms:
    """What decisions and declared facts are held to: two settings, and the known names.

    `clock` says how far the true time may be from the moment of the verdict.
    `checks` holds node ids without parameters, with their items. Where a list of names is empty
    nobody knows them, and a name is not held against it.
    """

    longest_days: float = 30
    declarations_days: float = 180
    targets: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    checks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    clock: ClockSlack = EXACT_CLOCK


DEFAULT_TERMS = Terms()


@dataclass(frozen=True)
class DecisionContext:
    """What is judged, and when. A demonstration's decisions may last longer than the term."""

    plan: Plan
    target: str
    release: str
    now: datetime
    terms: Terms = DEFAULT_TERMS
    is_demonstration: bool = False


@dataclass(frozen=True)
class ValidDecisions:
    """The decisions that count: of whole items, and (waivers only) of rules and checks."""

    by_item: Mapping[str, Decision]
    narrow: tuple[Decision, ...]
    rejected: tuple[RejectedDecision, ...]


def select_valid_decisions(
    kind: str, decisions: Iterable[Decision], context: DecisionContext
) -> ValidDecisions:
    """Return the decisions of a kind ('waiver' or 'sign-off') that count, and the rejected ones.

    Of several for one item the one counts that covers most, of these the one that lasts longest.
    Those of other targets that exist are neither.
    """
    by_item: dict[str, Decision] = {}
    narrow: list[Decision] = []
    rejected: list[RejectedDecision] = []
    for decision in decisions:
        if why := _target_objection(decision, context):
            rejected.append(RejectedDecision(kind, decision, why))
        elif decision.target != context.target:
            continue
        elif why := rejection_reason(kind, decision, context):
            rejected.append(RejectedDecision(kind, decision, why))
        elif decision.is_narrow:
            narrow.append(_mark_exempt(decision, context))
        else:
            other = by_item.get(decision.item)
            if other is None or _coverage_rank(other) < _coverage_rank(decision):
                by_item[decision.item] = _mark_exempt(decision, context)
    return ValidDecisions(by_item, tuple(narrow), tuple(rejected))


def rejection_reason(kind: str, decision: Decision, context: DecisionContext) -> str:
    """Return why a decision for this target does not count; empty where it counts."""
    return (
        _item_objection(kind, decision.item, context.plan)
        or _rule_objection(decision, context.terms)
        or _check_objection(decision, context)
        or decision.signature_problem
        or _time_objection(decision, context)
        or _term_objection(decision, context)
    )


def _target_objection(decision: Decision, context: DecisionContext) -> str:
    known = context.terms.targets
    if not known or decision.target in known:
        return ""
    return f"no target is called {decision.target!r}{_name_nearest(decision.target, known)}"


def _name_nearest(word: str, known: Iterable[str]) -> str:
    """Return the nearest known word in brackets: reports show the first sentence of a reason."""
    nearest = find_nearest(word, known)
    return f" (did you mean {nearest!r}?)" if nearest else ""


def _item_objection(kind: str, item_id: str, plan: Plan) -> str:
    """Return why no decision of this kind can be made about the item."""
    if not item_id:  # a waiver of a rule or a check, in whatever item it shows
        return ""
    item = plan.by_id.get(item_id)
    if item is None:
        return f"the plan has no item {item_id!r}{_name_nearest(item_id, plan.by_id)}"
    if kind == "waiver":
        return _waiver_objection(item)
    if item.proof != "sign-off":
        return f"{item.id} is proven by checks; a signature cannot replace them"
    return ""


def _waiver_objection(item: Item) -> str:
    if not item.waivable:
        return f"{item.id} is not waivable: data loss and access control never are"
    if item.rests_here:
        return (
            f"{item.id} rests on {', '.join(item.rests_here)}: waive the one of these that is meant"
        )
    return ""


def _rule_objection(decision: Decision, terms: Terms) -> str:
    if not decision.rule or not terms.rules or decision.rule in terms.rules:
        return ""
    return f"no rule is called {decision.rule!r}{_name_nearest(decision.rule, terms.rules)}"


def _check_objection(decision: Decision, context: DecisionContext) -> str:
    """Return why a waiver names no check, several, or one that may never be waived."""
    known = context.terms.checks
    if not decision.check or not known:
        return ""
    named = [check for check in known if decision.check.partition("[")[0] in check_names(check)]
    if not named:
        names = {name for check in known for name in check_names(check)}
        return f"no check is called {decision.check!r}{_name_nearest(decision.check, names)}"
    if len(named) > 1:
        return f"several checks are called {decision.check!r}: write one of {', '.join(named)}"
    return _proof_objection(decision, known[named[0]], context.plan)


def _proof_objection(decision: Decision, proves: frozenset[str], plan: Plan) -> str:
    """Return why a check that proves these items cannot be waived, or not for this item."""
    items = [plan.by_id[item] for item in sorted(proves) if item in plan.by_id]
    named = ", ".join(item.id for item in items)
    if items and not any(item.waivable for item in items):
        return f"{decision.check} proves {named}: data loss and access control are never waived"
    if decision.item and decision.item not in proves:
        return f"{decision.check} proves {named or 'nothing in the plan'}, and not {decision.item}"
    return ""


def _time_objection(decision: Decision, context: DecisionContext) -> str:
    """Return why a decision was not made for this release and this moment."""
    if decision.release != context.release:
        return f"it is for release {decision.release}, and {context.release} is under judgement"
    clock = context.terms.clock
    now = clock.earliest_time(context.now)
    if decision.is_local:
        if decision.at > now + EASTERNMOST:
            return (
                f"it is dated {decision.at:%Y-%m-%d %H:%M} without a time zone, which is in the"
                f" future in every time zone (it is {now:%Y-%m-%d %H:%M} UTC){clock.doubt}"
            )
    elif decision.at > now:
        return (
            f"it is dated {decision.at:%Y-%m-%d %H:%M} UTC, which is in the future (it is"
            f" {now:%Y-%m-%d %H:%M} UTC){clock.doubt}"
        )
    if decision.expires < clock.latest_time(context.now):
        return f"it expired at {decision.expires:%Y-%m-%d %H:%M} UTC{clock.doubt}"
    return ""


def _term_objection(decision: Decision, context: DecisionContext) -> str:
    if context.is_demonstration or not _exceeds_term(decision, context.terms):
        return ""
    days = (decision.expires - decision.at).days
    return (
        f"it lasts {days} days, and longest_waiver_days allows {context.terms.longest_days:g}:"
        " decide again for a shorter time"
    )


def _exceeds_term(decision: Decision, terms: Terms) -> bool:
    # Bare dates stand for a first and a last second: of 30 days that is one second less than 31.
    return decision.expires - decision.at >= timedelta(days=terms.longest_days + 1)


def _mark_exempt(decision: Decision, context: DecisionContext) -> Decision:
    return replace(decision, is_exempt=_exceeds_term(decision, context.terms))


def _coverage_rank(decision: Decision) -> tuple[bool, datetime]:
    """Return what orders decisions about one item: the last covers most."""
    return decision.covers == COVERS[0], decision.expires
