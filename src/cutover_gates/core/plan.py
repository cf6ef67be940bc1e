"""The cutover plan as data: `plan.toml` read, checked, and asked.

A plan is items; an item belongs to gates (moments of the timeline) and, where a program proves it,
to a suite (a folder of checks). Gates and suites are pytest markers, and the `-m` expression over
them says what a run judges.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cutover_gates.core.tables import read_table, suggest_nearest

GATES = ("t24", "t12", "t1", "phase1", "phase2", "phase3", "rollback", "post", "nightly")
SUITES = ("smoke", "migrations", "performance", "contract")
PROOFS = ("check", "sign-off")
ITEM_KEYS = ("id", "section", "title", "gates", "proof", "suite", "rests_on", "waivable")
MARKER_WORD = re.compile(r"[\w:+\-.\[\]\\/]+")
"""A word of a marker expression, as pytest defines it. Python allows fewer."""


class PlanError(ValueError):
    """The plan file cannot be used; the message says where and what to write instead."""


@dataclass(frozen=True)
class Item:
    """One line of the plan. `proof` is 'check' or 'sign-off'; `suite` is None for a sign-off."""

    id: str
    section: str
    title: str
    gates: tuple[str, ...]
    proof: str
    suite: str | None = None
    rests_on: tuple[str, ...] = ()
    waivable: bool = True

    @property
    def markers(self) -> frozenset[str]:
        """The markers that this item satisfies in an `-m` expression."""
        return frozenset(self.gates) | ({self.suite} if self.suite else frozenset())


@dataclass(frozen=True)
class Plan:
    """All items, in the order of the file."""

    items: tuple[Item, ...]

    @cached_property
    def by_id(self) -> Mapping[str, Item]:
        return {item.id: item for item in self.items}

    def item(self, item_id: str) -> Item:
        """The item, or a `PlanError` that suggests the nearest id."""
        if item_id not in self.by_id:
            raise PlanError(
                f"the plan has no item {item_id!r}.{suggest_nearest(item_id, self.by_id)}"
            )
        return self.by_id[item_id]

    def item_with_dependencies(self, item_id: str) -> frozenset[str]:
        """The item and everything that it rests on, however far down."""
        found: set[str] = set()
        to_visit = [item_id]
        while to_visit:
            current = to_visit.pop()
            if current not in found:
                found.add(current)
                to_visit.extend(self.item(current).rests_on)
        return frozenset(found)

    def find_dependents(self, item_ids: Iterable[str]) -> frozenset[str]:
        """The items that a check of `item_ids` serves: these, and all that rest on them."""
        direct = frozenset(item_ids)
        return frozenset(
            item.id for item in self.items if self.item_with_dependencies(item.id) & direct
        )

    def gates_of(self, item_ids: Iterable[str]) -> frozenset[str]:
        """The gate markers of a check that is tied to `item_ids`."""
        return frozenset(
            gate for item_id in self.find_dependents(item_ids) for gate in self.item(item_id).gates
        )

    def select_items(self, expression: str) -> tuple[Item, ...]:
        """The items that satisfy a marker expression over gates and suites (see `split_gates`)."""
        tree = _parse_expression(expression)
        return tuple(
            item
            for item in self.items
            if tree is not None and _evaluate(tree, item.markers) is True
        )


def split_gates(expression: str) -> tuple[str, ...]:
    """The gates that an `-m` expression asks for, each an expression of its own: 'phase3 or
    nightly' is two, 'phase3 and contract' is one.

    Markers that are neither gates nor suites do not count: they narrow the run, not the question.
    Empty when there is nothing to judge.
    """
    tree = _parse_expression(expression)
    if tree is None:
        return ()
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or) else [tree]
    return tuple(
        dict.fromkeys(
            ast.unparse(part) for part in parts if _evaluate(part, frozenset()) is not None
        )
    )


def _parse_expression(expression: str) -> ast.expr | None:
    """The expression's syntax tree; None where it has none (pytest will refuse it in its own
    words).

    pytest's words may be no names in Python ('class', '2nd-night'). Each is made one first: were
    such an expression passed over, its gate would run without being judged.
    """
    readable = MARKER_WORD.sub(lambda found: _to_python_name(found[0]), expression).strip()
    try:
        return ast.parse(readable, mode="eval").body if readable else None
    except (SyntaxError, ValueError):  # ValueError: a null character
        return None


def _to_python_name(word: str) -> str:
    if (
        word in ("and", "or", "not")
        or re.fullmatch("0|[1-9][0-9]*", word)
        or (word.isidentifier() and not keyword.iskeyword(word))
    ):
        return word
    return "_" + re.sub(r"\W", "_", word)


def _evaluate(node: ast.expr, markers: frozenset[str]) -> bool | None:
    """Whether `markers` satisfy the expression; None where it only speaks of markers that the plan
    does not know.
    """
    if isinstance(node, ast.Name):
        return node.id in markers if node.id in GATES + SUITES else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _evaluate(node.operand, markers)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        known = [
            value
            for value in (_evaluate(part, markers) for part in node.values)
            if value is not None
        ]
        return (all(known) if isinstance(node.op, ast.And) else any(known)) if known else None
    return None


def load_plan(path: Path) -> Plan:
    """Read and check a plan file. Raises `PlanError` with the file, the item and what to write."""
    if not path.exists():
        raise PlanError(
            f"{path.name} is missing: a plan file with one [[item]] a line of your cutover plan is"
            " needed (docs/your-plan.md)"
        )
    data = read_table(path, PlanError)
    for key in data:
        if key != "item":  # a misspelt [[item]] would be a line of the plan that nobody asks for
            raise PlanError(f"{path.name}: unknown table {key!r}; write [[item]]")
    rows = data.get("item", [])
    if not isinstance(rows, list) or not rows:
        raise PlanError(
            f"{path.name} has no [[item]]: a plan without items proves nothing (docs/your-plan.md)"
        )
    plan = Plan(
        tuple(
            _parse_item(row, f"{path.name}, item {number}")
            for number, row in enumerate(rows, start=1)
        )
    )
    _check_ids(plan, path.name)
    return plan


def _parse_item(row: Mapping[str, Any], where: str) -> Item:
    if not isinstance(row, dict):
        raise PlanError(f"{where} is {row!r}; write a table: [[item]], then its keys")
    where = f"{where} ({row['id']})" if isinstance(row.get("id"), str) else where
    for key in row:
        if key not in ITEM_KEYS:
            raise PlanError(
                f"{where}: unknown key {key!r}.{suggest_nearest(key, ITEM_KEYS)} Allowed: {', '.join(ITEM_KEYS)}"
            )
    for key in ("id", "section", "title", "proof"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise PlanError(f"{where}: {key!r} must be a text that is not empty")
    _require_choice(row["proof"], PROOFS, f"{where}: proof")
    gates = _require_texts(row.get("gates"), f"{where}: gates")
    for gate in gates:
        _require_choice(gate, GATES, f"{where}: gates")
    if not isinstance(row.get("waivable", True), bool):
        raise PlanError(f"{where}: waivable must be true or false")
    return Item(
        row["id"],
        row["section"],
        row["title"],
        gates,
        row["proof"],
        _parse_suite(row, where),
        _require_texts(row.get("rests_on", []), f"{where}: rests_on", may_be_empty=True),
        row.get("waivable", True),
    )


def _parse_suite(row: Mapping[str, Any], where: str) -> str | None:
    if row["proof"] == "sign-off":
        if "suite" in row or "rests_on" in row:
            raise PlanError(
                f"{where}: a sign-off has neither suite nor rests_on: a person attests it"
            )
        return None
    return _require_choice(row.get("suite"), SUITES, f"{where}: suite")


def _require_choice(value: object, allowed: tuple[str, ...], where: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise PlanError(
            f"{where} is {value!r}; allowed: {', '.join(allowed)}.{suggest_nearest(str(value), allowed)}"
        )
    return value


def _require_texts(value: object, where: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not all(isinstance(text, str) for text in value)
        or not (value or may_be_empty)
    ):
        raise PlanError(
            f"{where} must be a list of texts{'' if may_be_empty else ' that is not empty'}"
        )
    return tuple(value)


def _check_ids(plan: Plan, where: str) -> None:
    seen: set[str] = set()
    for item in plan.items:
        if item.id in seen:
            raise PlanError(f"{where}: two items are called {item.id!r}; ids are unique")
        seen.add(item.id)
    for item in plan.items:
        for other in item.rests_on:
            if other not in seen:
                raise PlanError(
                    f"{where}: {item.id!r} rests on {other!r}, which is no"
                    f" item.{suggest_nearest(other, seen)}"
                )
            if item.id in plan.item_with_dependencies(other):
                raise PlanError(f"{where}: {item.id!r} and {other!r} rest on each other")
