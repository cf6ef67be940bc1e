"""Declared facts: what a target is said not to have, by whom, and what a gate left out for it.

A fact is no decision. It excuses what cannot be asked, and never what was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

ITEM, CAPABILITY, STATEMENT, SETTING = "item", "capability", "statement", "setting"
"""The kinds of facts: an item of the plan, a capability of the target, a capability that the
target's own statement does not list, and a key of the settings that takes questions away.
"""


@dataclass(frozen=True)
class Declaration:
    """One declared fact. `name` is the id of the item or the name of the capability.

    `by` and `at` say who declared it and when; they are empty where no person is named. `suite` is
    the one that asks less for a setting; the other kinds have none.
    """

    kind: str
    name: str
    reason: str
    by: str = ""
    at: date | None = None
    suite: str = ""


@dataclass(frozen=True)
class AppliedDeclaration:
    """A fact that left something out of a gate: these items or checks. Old ones are reported."""

    declaration: Declaration
    items: tuple[str, ...]
    checks: tuple[str, ...] = ()
    is_old: bool = False


def is_older_than(declaration: Declaration, days: float, now: datetime) -> bool:
    """Return whether a fact was declared more than so many days ago."""
    return declaration.at is not None and now.date() - declaration.at > timedelta(days=days)


def describe_age(declaration: Declaration, days: float) -> str:
    """Return the sentence that asks to look at an old fact again."""
    return (
        f"{declaration.name} was declared absent on {declaration.at} by {declaration.by}, more than"
        f" {days:g} days ago (declarations_days). Look whether it still holds, and renew the date."
    )
