"""Items that a check proves where the settings say what it reads, and a person attests elsewhere.

The plan says `proof = "check or sign-off"`. For a target each such item is one or the other before
anything is collected, so that the judge knows two kinds of proof and no third.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from cutover_gates.core.check_groups import shipped_groups
from cutover_gates.core.plan import CHECK_OR_SIGN_OFF, Item, Plan, PlanError


def resolve_proofs(plan: Plan, declared: Collection[str]) -> Plan:
    """Return the plan with one proof for each item: the groups in `declared` have what they read.

    One declared group is enough: of an item with several the others are then not proven.
    """
    return replace(plan, items=tuple(_resolve(item, declared) for item in plan.items))


def _resolve(item: Item, declared: Collection[str]) -> Item:
    if item.proof != CHECK_OR_SIGN_OFF:
        return item
    if any(group in declared for group in item.groups):
        return replace(item, proof="check")
    return replace(item, proof="sign-off", suite=None, checks=(), at_least=(), needs=())


def require_declarable_checks(item: Item, where: str) -> None:
    """Require that an item of both proofs takes groups of which the settings tell what they read.

    Raises `PlanError`: a group of a hospital's own is always there, so a check proves the item.
    """
    if item.proof != CHECK_OR_SIGN_OFF:
        return
    if item.asked_of:
        raise PlanError(f'{where}: asked_of needs proof = "check": the verdict there proves it')
    known = [name for name, group in shipped_groups().items() if group.declared_by]
    other = next((name for name in item.groups if name not in known), None)
    if other is not None:
        raise PlanError(
            f"{where}: proof is {CHECK_OR_SIGN_OFF!r}, and no setting says whether the checks of"
            f" {other!r} have what they read; groups with such a setting: {', '.join(known)}."
            ' Write proof = "check" or "sign-off".'
        )
