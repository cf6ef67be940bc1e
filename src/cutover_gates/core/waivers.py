"""Waivers and sign-offs: people's dated decisions, and what makes one count.

A waiver goes without one item, a sign-off attests one that no program can check. They are read from
`waivers.toml` and `signoffs.toml`. Both are bound to an item, a target and a release, and expire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.tables import read_table, suggest_nearest

DECISION_KEYS = ("item", "target", "release", "by", "at", "reason", "expires")
TEXT_KEYS = ("item", "target", "release", "by", "reason")
COVERS = ("anything", "not proven")
"""A waiver goes without an item whatever its outcome, or only without its proof.

With the second a failure is still a failure.
"""


class DecisionError(ValueError):
    """A waiver or sign-off file cannot be read; the message says where and what to write."""


@dataclass(frozen=True)
class Decision:
    """A waiver or a sign-off.

    `at` and `expires` are aware times. A bare date means its first second for `at`, and its last
    for `expires`, in UTC. `covers` is one of `COVERS`; only a waiver has it.
    """

    item: str
    target: str
    release: str
    by: str
    at: datetime
    reason: str
    expires: datetime
    covers: str = COVERS[0]


@dataclass(frozen=True)
class RejectedDecision:
    """A decision that does not count, with the reason. `kind` is 'waiver' or 'sign-off'."""

    kind: str
    decision: Decision
    why: str


def load_decisions(path: Path, table: str) -> tuple[Decision, ...]:
    """Read `[[waiver]]` or `[[signoff]]` rows.

    A missing file holds none. Raises `DecisionError`.
    """
    if not path.exists():
        return ()
    data = read_table(path, DecisionError)
    for key in data:
        if key != table:
            raise DecisionError(f"{path.name}: unknown table {key!r}; write [[{table}]]")
    rows = data.get(table, [])
    if not isinstance(rows, list):
        raise DecisionError(
            f"{path.name}: write [[{table}]] with two brackets, one for each decision"
        )
    keys = (*DECISION_KEYS, "covers") if table == "waiver" else DECISION_KEYS
    return tuple(
        _parse_decision(row, f"{path.name}, {table} {number}", keys)
        for number, row in enumerate(rows, start=1)
    )


def _parse_decision(row: Mapping[str, Any], where: str, keys: tuple[str, ...]) -> Decision:
    _check_keys(row, where, keys)
    covers = row.get("covers", COVERS[0])
    if covers not in COVERS:
        choices = " or ".join(map(repr, COVERS))
        raise DecisionError(f"{where}: 'covers' is {covers!r}; write {choices}")
    return Decision(
        row["item"],
        row["target"],
        row["release"],
        row["by"],
        _parse_time(row["at"], time.min, f"{where}: at"),
        row["reason"],
        _parse_time(row["expires"], time.max, f"{where}: expires"),
        covers,
    )


def _check_keys(row: Mapping[str, Any], where: str, keys: tuple[str, ...]) -> None:
    if not isinstance(row, dict):
        raise DecisionError(f"{where} is {row!r}; write a table with {', '.join(DECISION_KEYS)}")
    for key in row:
        if key not in keys:
            nearest = suggest_nearest(key, keys)
            raise DecisionError(
                f"{where}: unknown key {key!r}.{nearest} Allowed: {', '.join(keys)}"
            )
    for key in DECISION_KEYS:
        if key not in row:
            raise DecisionError(
                f"{where}: {key!r} is missing; a decision says {', '.join(DECISION_KEYS)}"
            )
    for key in TEXT_KEYS:
        if not isinstance(row[key], str) or not row[key].strip():
            raise DecisionError(f"{where}: {key!r} must be a text that is not empty")


def _parse_time(value: object, time_of_day: time, where: str) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time_of_day, tzinfo=UTC)
    raise DecisionError(
        f"{where} must be a date or a time without quotes, such as 2026-11-23 or"
        " 2026-11-23T02:00:00Z"
    )


def rejection_reason(
    kind: str, decision: Decision, plan: Plan, release: str, now: datetime
) -> str | None:
    """Return why a decision does not count for this release and time; None when it counts.

    A decision for another target concerns another run; `select_valid_decisions` passes it over.
    """
    item = plan.by_id.get(decision.item)
    if item is None:
        nearest = suggest_nearest(decision.item, plan.by_id)
        return f"the plan has no item {decision.item!r}.{nearest}"
    return _item_objection(kind, item) or _time_objection(decision, release, now)


def _item_objection(kind: str, item: Item) -> str | None:
    """Return why no decision of this kind can be made about the item."""
    if kind == "waiver" and not item.waivable:
        return f"{item.id} is not waivable: data loss and access control never are"
    if kind == "waiver" and item.rests_here:
        below = ", ".join(item.rests_here)
        return f"{item.id} rests on {below}: waive the one of these that is meant"
    if kind == "sign-off" and item.proof != "sign-off":
        return f"{item.id} is proven by checks; a signature cannot replace them"
    return None


def _time_objection(decision: Decision, release: str, now: datetime) -> str | None:
    """Return why a decision was not made for this release and this moment."""
    if decision.release != release:
        return f"it is for release {decision.release}, and {release} is under judgement"
    if decision.at > now:
        return f"it is dated {decision.at:%Y-%m-%d %H:%M} UTC, which is in the future"
    if decision.expires < now:
        return f"it expired at {decision.expires:%Y-%m-%d %H:%M} UTC"
    return None


def select_valid_decisions(
    kind: str,
    decisions: Iterable[Decision],
    plan: Plan,
    target: str,
    release: str,
    now: datetime,
) -> tuple[dict[str, Decision], list[RejectedDecision]]:
    """Return the decisions that count, by item, and the rejected ones.

    Of several for one item the one counts that covers most, of these the one that lasts longest.
    Those of other targets are neither.
    """
    valid: dict[str, Decision] = {}
    rejected: list[RejectedDecision] = []
    for decision in decisions:
        if decision.target != target:
            continue
        why = rejection_reason(kind, decision, plan, release, now)
        if why is not None:
            rejected.append(RejectedDecision(kind, decision, why))
            continue
        other = valid.get(decision.item)
        if other is None or _coverage_rank(other) < _coverage_rank(decision):
            valid[decision.item] = decision
    return valid, rejected


def _coverage_rank(decision: Decision) -> tuple[bool, datetime]:
    """Return what orders decisions about one item: the last covers most."""
    return decision.covers == COVERS[0], decision.expires
