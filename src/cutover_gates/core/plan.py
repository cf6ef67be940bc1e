"""The cutover plan as data, and what can be asked of it.

A plan is items; an item belongs to gates (moments of the timeline) and, where a program proves it,
to a suite (a folder of checks). Gates and suites are pytest markers, and the `-m` expression over
them says what a run judges. `core.plan_file` reads a plan from `plan.toml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from cutover_gates.core.check_groups import needs_of, role_of, shipped_groups
from cutover_gates.core.gates import DEFAULT_ANSWERS, evaluate_expression, parse_expression
from cutover_gates.core.tables import suggest_nearest

Fact = TypeVar("Fact")
"""What is declared of an item: its reason, or more."""
CHECK_OR_SIGN_OFF = "check or sign-off"
"""The proof of an item that checks prove where the settings say what they read, else a person."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")
"""Stands in a title for a limit of the settings: `{error_rate}`."""


class PlanError(ValueError):
    """The plan file cannot be used; the message says where and what to write instead."""


@dataclass(frozen=True)
class Item:
    """One line of the plan.

    `proof` is 'check', 'sign-off' or `CHECK_OR_SIGN_OFF`, which `core.plan_proofs` replaces by one
    of the others for a target; `suite` is None for a sign-off. `checks` are the groups of
    checks that prove it (empty: the group of its own id). `kind` is 'trigger' for an automatic
    rollback trigger. `needs` and `role` are explained in `core.check_groups`. `at_least` names
    checks that must have passed, whatever else may be left out of it.
    """

    id: str
    section: str
    title: str
    gates: tuple[str, ...]
    proof: str
    suite: str | None = None
    rests_on: tuple[str, ...] = ()
    waivable: bool = True
    checks: tuple[str, ...] = ()
    kind: str = ""
    needs: tuple[str, ...] = ()
    role: str = ""
    answers: str = ""
    asked_of: str = ""
    at_least: tuple[str, ...] = ()

    @property
    def rests_here(self) -> tuple[str, ...]:
        """The items that this one rests on, and that are asked of the same target."""
        return () if self.asked_of else self.rests_on

    @property
    def markers(self) -> frozenset[str]:
        """The markers that this item satisfies in an `-m` expression."""
        return frozenset(self.gates) | ({self.suite} if self.suite else frozenset())

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups of checks that prove this item here; none where nothing here proves it."""
        if self.proof == "sign-off" or self.asked_of:
            return ()
        return self.checks or (self.id,)

    @property
    def is_trigger(self) -> bool:
        """True for an automatic rollback trigger: where it fails, the plan says to roll back."""
        return self.kind == "trigger"


@dataclass(frozen=True)
class Plan:
    """All items, in the order of the file, and what may answer at each gate."""

    items: tuple[Item, ...]
    gate_answers: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ANSWERS))

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        """The items by their ids."""
        return {item.id: item for item in self.items}

    @cached_property
    def by_group(self) -> Mapping[str, tuple[Item, ...]]:
        """The items that take each group of checks."""
        taken: dict[str, tuple[Item, ...]] = {}
        for item in self.items:
            for group in item.groups:
                taken[group] = (*taken.get(group, ()), item)
        return taken

    def item(self, item_id: str) -> Item:
        """Return the item, or raise a `PlanError` that suggests the nearest id."""
        if item_id not in self.by_id:
            nearest = suggest_nearest(item_id, self.by_id)
            raise PlanError(f"the plan has no item {item_id!r}.{nearest}")
        return self.by_id[item_id]

    def items_of_groups(self, groups: Iterable[str]) -> tuple[Item, ...]:
        """Return the items that take any of these groups; none for shipped groups of no item.

        Raises `PlanError` for a group that neither the plan nor the shipped list knows.
        """
        items = [item for group in groups for item in self._items_of_group(group)]
        return tuple(dict.fromkeys(items))

    def _items_of_group(self, group: str) -> tuple[Item, ...]:
        if group in self.by_group:
            return self.by_group[group]
        if group in shipped_groups():
            return ()
        if group in self.by_id:
            raise PlanError(self._explain_unusable_id(self.by_id[group]))
        nearest = suggest_nearest(group, {**self.by_group, **shipped_groups()})
        raise PlanError(
            f"the plan has no item {group!r}, and no group of checks is called so.{nearest}"
        )

    def _explain_unusable_id(self, item: Item) -> str:
        if item.proof == "sign-off":
            return f"{item.id!r} is proven in a sign-off, and not by checks"
        groups = ", ".join(item.groups)
        return (
            f"the item {item.id!r} takes the checks of {groups}: name one of these, or add"
            f" {item.id!r} to its `checks`"
        )

    def with_role(self, role: str) -> tuple[Item, ...]:
        """Return the items that have this role, by themselves or by the checks that they take."""
        return tuple(item for item in self.items if (item.role or role_of(item.groups)) == role)

    def triggers(self) -> tuple[Item, ...]:
        """Return the automatic rollback triggers."""
        return tuple(item for item in self.items if item.is_trigger)

    def needs_of(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Return what an embedded hospital must bring along so that these items can be proven."""
        items = [self.item(item_id) for item_id in item_ids]
        return frozenset(need for item in items for need in item.needs or needs_of(item.groups))

    def apply_declarations(self, declared: Mapping[str, Fact]) -> dict[str, Fact]:
        """Return the facts of `not_applicable` by item id.

        A declaration names an item or a group of checks; by groups an item is not applicable where
        all its groups are declared. Other names are passed over (`unknown_declarations`).
        """
        # Of an item with several groups one may still be proven: then the item is asked for.
        by_group = {
            item.id: declared[item.groups[0]]
            for item in self.items
            if item.groups and declared.keys() >= set(item.groups)
        }
        return by_group | {name: fact for name, fact in declared.items() if name in self.by_id}

    def unknown_declarations(self, declared: Iterable[str]) -> list[str]:
        """Return the names of `not_applicable` that neither the plan nor the shipped list knows."""
        known = {*self.by_id, *self.by_group, *shipped_groups()}
        return [name for name in declared if name not in known]

    def with_limits(self, limits: Mapping[str, str]) -> Plan:
        """Return the plan with each placeholder in a title replaced by the limit in force."""
        items = (
            replace(item, title=PLACEHOLDER.sub(lambda name: limits[name[1]], item.title))
            for item in self.items
        )
        return replace(self, items=tuple(items))

    def item_with_dependencies(self, item_id: str) -> frozenset[str]:
        """Return the ids of the item and of everything that it rests on here, however far down."""
        reached: set[str] = set()
        to_visit = [item_id]
        # Not recursive: `load_plan` uses it to find circles.
        while to_visit:
            current = to_visit.pop()
            if current not in reached:
                reached.add(current)
                to_visit.extend(self.item(current).rests_here)
        return frozenset(reached)

    def find_dependents(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of these items and of all that rest on them: a check serves them all."""
        direct = frozenset(item_ids)
        return frozenset(item_id for item_id, below in self._dependencies.items() if below & direct)

    @cached_property
    def _dependencies(self) -> Mapping[str, frozenset[str]]:
        """Each item with all that it rests on. Every check that is collected asks for it."""
        return {item.id: self.item_with_dependencies(item.id) for item in self.items}

    def gates_of(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Return the gate markers of a check that proves `item_ids`."""
        dependents = [self.item(item_id) for item_id in self.find_dependents(item_ids)]
        return frozenset(gate for item in dependents for gate in item.gates)

    def select_items(self, expression: str) -> tuple[Item, ...]:
        """Return the items that satisfy a marker expression over gates and suites."""
        tree = parse_expression(expression)
        if tree is None:
            return ()
        return tuple(item for item in self.items if evaluate_expression(tree, item.markers) is True)
