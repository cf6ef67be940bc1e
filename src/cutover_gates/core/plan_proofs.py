"""Items that a check proves where the settings say what it reads, and a person attests elsewhere.

The plan says `proof = "check or sign-off"`. For a target each such item is one or the other before
anything is collected, so that the judge knows two kinds of proof and no third. An item that is
asked of staging is proven by its verdict where there is one of this release, whatever that says.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cutover_gates.core.check_groups import shipped_groups
from cutover_gates.core.plan import CHECK_OR_SIGN_OFF, Item, Plan, PlanError


def resolve_proofs(plan: Plan, declared: Collection[str]) -> Plan:
    """Return the plan with one proof for each item: the groups in `declared` have what they read.

    One declared group is enough: of an item with several the others are then not proven. An item
    that is asked of staging is declared by its own id.
    """
    return replace(plan, items=tuple(_resolve(item, plan, declared) for item in plan.items))


def list_open_proofs(plan: Plan) -> tuple[Item, ...]:
    """Return the items that the verdict of another target proves, or a person."""
    return tuple(one for one in plan.items if one.proof == CHECK_OR_SIGN_OFF and one.asked_of)


def _resolve(item: Item, plan: Plan, declared: Collection[str]) -> Item:
    if item.proof != CHECK_OR_SIGN_OFF:
        return item
    if item.asked_of:
        return _resolve_asked(item, plan, is_judged=item.id in declared)
    if any(group in declared for group in item.groups):
        return replace(item, proof="check")
    return replace(item, proof="sign-off", suite=None, checks=(), at_least=(), needs=())


def _resolve_asked(item: Item, plan: Plan, *, is_judged: bool) -> Item:
    """Return the item as one of staging, or as a sign-off, with what it rests on there, or here."""
    here = tuple(one for one in item.rests_on if {*plan.item(one).gates} & {*item.gates})
    if is_judged:
        there = tuple(one for one in item.rests_on if one not in here)
        return replace(item, proof="check", rests_on=there)
    return replace(item, proof="sign-off", suite=None, rests_on=here, asked_of="")


def require_declarable_checks(item: Item, where: str) -> None:
    """Require that an item of both proofs takes groups of which the settings tell what they read.

    Raises `PlanError`: a group of a hospital's own is always there, so a check proves the item.
    """
    if item.proof != CHECK_OR_SIGN_OFF or item.asked_of:
        return
    known = [name for name, group in shipped_groups().items() if group.declared_by]
    other = next((name for name in item.groups if name not in known), None)
    if other is not None:
        raise PlanError(
            f"{where}: proof is {CHECK_OR_SIGN_OFF!r}, and no setting says whether the checks of"
            f" {other!r} have what they read; groups with such a setting: {', '.join(known)}."
            ' Write proof = "check" or "sign-off".'
        )
