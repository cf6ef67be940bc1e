"""Reads a plan from `plan.toml`; every mistake in the file is one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cutover_gates.core.check_groups import shipped_groups
from cutover_gates.core.gates import ANSWERS, GATES, SUITES, add_whole_gates
from cutover_gates.core.plan import CHECK_OR_SIGN_OFF, PLACEHOLDER, Item, Plan, PlanError
from cutover_gates.core.plan_choices import optional_choice, require_choice
from cutover_gates.core.plan_gates import ASKED_OF, check_asked_of, parse_gate_answers
from cutover_gates.core.plan_proofs import require_declarable_checks
from cutover_gates.core.tables import read_table, suggest_nearest

PROOFS = ("check", "sign-off", CHECK_OR_SIGN_OFF)
KINDS = ("trigger",)
NEEDS = ("front", "monitoring", "backup", "switch", "rollout")
"""What an embedded hospital can bring along: a second instance behind a reverse proxy; Prometheus
and Alertmanager; a backup.
"""
ROLES = (
    *("script-history", "baseline", "test-messages", "durability", "cluster"),
    *("readiness", "answers"),
)
"""What the code has to find in a plan: the item whose checks record the applied migration scripts,
the item that is served by recording a baseline, the item that attests test messages,
the item that holds what the target acknowledged, the one that compares what every pod runs, and the
one that holds what the answers of a run tell.
"""
LIMITS = ("error_rate", "coverage_percent")
"""Limits of the settings that a title may hold as `{name}`."""
CHECK_ONLY_KEYS = (*("suite", "checks", "kind", "needs", "answers", "asked_of", "at_least"),)
ITEM_KEYS = (
    *("id", "section", "title", "gates", "proof", "suite", "rests_on", "waivable"),
    *("checks", "kind", "needs", "role", "answers", "asked_of", "at_least"),
)


def load_plan(path: Path) -> Plan:
    """Read and check a plan file. Raises `PlanError` with the file, the item and what to write."""
    if not path.exists():
        raise PlanError(
            f"{path.name} is missing: a plan file with one [[item]] a line of your cutover plan is"
            " needed (docs/your-plan.md)"
        )
    data = read_table(path, PlanError)
    for key in data:
        # a misspelt [[item]] would be a line of the plan that no gate asks for
        if key not in ("item", "gates"):
            raise PlanError(f"{path.name}: unknown table {key!r}; write [[item]]")
    rows = data.get("item", [])
    if not isinstance(rows, list) or not rows:
        raise PlanError(
            f"{path.name} has no [[item]]: a plan without items proves nothing (docs/your-plan.md)"
        )
    numbered = enumerate(rows, start=1)
    items = tuple(_parse_item(row, f"{path.name}, item {number}") for number, row in numbered)
    plan = Plan(items, parse_gate_answers(data.get("gates", {}), path.name))
    _check_ids(plan, path.name)
    return plan


def _parse_item(row: Mapping[str, Any], where: str) -> Item:
    if not isinstance(row, dict):
        raise PlanError(f"{where} is {row!r}; write a table: [[item]], then its keys")
    if isinstance(row.get("id"), str):
        where = f"{where} ({row['id']})"
    _check_keys(row, where)
    for gate in _require_texts(row.get("gates"), f"{where}: gates"):
        require_choice(gate, GATES, f"{where}: gates")
    for need in _optional_texts(row, "needs", where):
        require_choice(need, NEEDS, f"{where}: needs")
    item = Item(
        row["id"],
        row["section"],
        row["title"],
        add_whole_gates(row["gates"]),
        require_choice(row["proof"], PROOFS, f"{where}: proof"),
        _parse_suite(row, where),
        _optional_texts(row, "rests_on", where),
        row.get("waivable", True),
        _parse_groups(row, where),
        optional_choice(row, "kind", KINDS, where),
        _optional_texts(row, "needs", where),
        optional_choice(row, "role", ROLES, where),
        optional_choice(row, "answers", ANSWERS, where),
        optional_choice(row, "asked_of", ASKED_OF, where),
        _optional_texts(row, "at_least", where),
    )
    _check_groups(item, where)
    check_asked_of(item, where)
    require_declarable_checks(item, where)
    return item


def _parse_groups(row: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if row.get("checks") == []:
        raise PlanError(
            f"{where}: checks is empty, so nothing could prove the item. Name groups of checks, or"
            " remove the key: then the item takes the group that has its id."
        )
    return _optional_texts(row, "checks", where)


def _check_keys(row: Mapping[str, Any], where: str) -> None:
    for key in row:
        if key not in ITEM_KEYS:
            raise PlanError(
                f"{where}: unknown key {key!r}.{suggest_nearest(key, ITEM_KEYS)}"
                f" Allowed: {', '.join(ITEM_KEYS)}"
            )
    for key in ("id", "section", "title", "proof"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise PlanError(f"{where}: {key!r} must be a text that is not empty")
    # A misspelt limit would stand in every verdict as it is written.
    for name in PLACEHOLDER.findall(row["title"]):
        require_choice(name, LIMITS, f"{where}: the name in braces in title")
    if not isinstance(row.get("waivable", True), bool):
        raise PlanError(f"{where}: waivable must be true or false")


def _parse_suite(row: Mapping[str, Any], where: str) -> str | None:
    if row["proof"] == "sign-off":
        if any(key in row for key in CHECK_ONLY_KEYS):
            raise PlanError(
                f"{where}: a sign-off has none of {', '.join(CHECK_ONLY_KEYS)}: a person attests it"
            )
        return None
    return require_choice(row.get("suite"), SUITES, f"{where}: suite")


def _check_groups(item: Item, where: str) -> None:
    """Require that shipped groups stand in the item's suite: their checks could not prove it."""
    for name in item.groups:
        group = shipped_groups().get(name)
        if group is not None and group.suite != item.suite:
            raise PlanError(
                f"{where}: the checks of {name!r} stand in {group.suite}, and suite is"
                f" {item.suite!r}"
            )


def _require_texts(value: object, where: str, *, may_be_empty: bool = False) -> tuple[str, ...]:
    is_list = isinstance(value, list) and all(isinstance(text, str) for text in value)
    if not is_list or not (value or may_be_empty):
        not_empty = "" if may_be_empty else " that is not empty"
        raise PlanError(f"{where} must be a list of texts{not_empty}")
    assert isinstance(value, list)
    return tuple(value)


def _optional_texts(row: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    return _require_texts(row.get(key, []), f"{where}: {key}", may_be_empty=True)


def _check_ids(plan: Plan, where: str) -> None:
    """Require unique ids, and that items rest on items, never on each other."""
    known: set[str] = set()
    for item in plan.items:
        if item.id in known:
            raise PlanError(f"{where}: two items are called {item.id!r}; ids are unique")
        known.add(item.id)
    for item in plan.items:
        for other in item.rests_on:
            if other not in known:
                raise PlanError(
                    f"{where}: {item.id!r} rests on {other!r}, which is no"
                    f" item.{suggest_nearest(other, known)}"
                )
            if item.id in plan.item_with_dependencies(other):
                raise PlanError(f"{where}: {item.id!r} and {other!r} rest on each other")
