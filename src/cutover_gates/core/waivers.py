"""Waivers and sign-offs: named people's dated decisions, read from `waivers.toml` and
`signoffs.toml`, and what makes one count.

A waiver goes without one item; a sign-off attests one that no program can check. Both are bound to
an item, a target and a release, and both expire.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from cutover_gates.core.plan import Plan
from cutover_gates.core.tables import read_table, suggest_nearest

DECISION_KEYS = ("item", "target", "release", "by", "at", "reason", "expires")
COVERS = ("anything", "not proven")
"""What a waiver goes without: an item whatever came of it, or only one that was not proven, so that
a failure is still a failure.
"""


class DecisionError(ValueError):
    """A waiver or sign-off file cannot be read; the message says where and what to write instead."""


@dataclass(frozen=True)
class Decision:
    """A waiver or a sign-off.

    `at` and `expires` are aware times (a bare date means its last second, UTC, for `expires`, its
    first for `at`).

    `covers`: one of `COVERS`; of a waiver only.
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
    """A decision that does not count, and why."""

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
    more = ("covers",) if table == "waiver" else ()
    return tuple(
        _parse_decision(row, f"{path.name}, {table} {number}", more)
        for number, row in enumerate(rows, start=1)
    )


def _parse_decision(row: Mapping[str, Any], where: str, more: tuple[str, ...]) -> Decision:
    if not isinstance(row, dict):
        raise DecisionError(f"{where} is {row!r}; write a table with {', '.join(DECISION_KEYS)}")
    for key in row:
        if key not in DECISION_KEYS + more:
            raise DecisionError(
                f"{where}: unknown key {key!r}.{suggest_nearest(key, DECISION_KEYS + more)} Allowed:"
                f" {', '.join(DECISION_KEYS + more)}"
            )
    for key in DECISION_KEYS:
        if key not in row:
            raise DecisionError(
                f"{where}: {key!r} is missing; a decision says {', '.join(DECISION_KEYS)}"
            )
    for key in ("item", "target", "release", "by", "reason"):
        if not isinstance(row[key], str) or not row[key].strip():
            raise DecisionError(f"{where}: {key!r} must be a text that is not empty")
    if (covers := row.get("covers", COVERS[0])) not in COVERS:
        raise DecisionError(
            f"{where}: 'covers' is {covers!r}; write {' or '.join(map(repr, COVERS))}"
        )
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
    """The reason for which a decision does not count for this release and time; None when it
    counts.

    A decision for another target is not for us at all and is left out before (`select_valid_decisions`).
    """
    item = plan.by_id.get(decision.item)
    if item is None:
        return (
            f"the plan has no item {decision.item!r}.{suggest_nearest(decision.item, plan.by_id)}"
        )
    if kind == "waiver" and not item.waivable:
        return f"{item.id} is not waivable: data loss and access control never are"
    if kind == "waiver" and item.rests_on:
        return (
            f"{item.id} rests on {', '.join(item.rests_on)}: waive the one of these that is meant"
        )
    if kind == "sign-off" and item.proof != "sign-off":
        return f"{item.id} is proven by checks; a signature cannot replace them"
    if decision.release != release:
        return f"it is for release {decision.release}, and {release} is under judgement"
    if decision.at > now:
        return f"it is dated {decision.at:%Y-%m-%d %H:%M} UTC, which is yet to come"
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
    """The decisions that count, by item (the one that covers most, of these the one that lasts
    longest), and the refused ones. Those of other targets are neither.
    """
    counted: dict[str, Decision] = {}
    refused: list[RejectedDecision] = []
    for decision in decisions:
        if decision.target != target:
            continue
        why = rejection_reason(kind, decision, plan, release, now)
        if why is not None:
            refused.append(RejectedDecision(kind, decision, why))
        elif decision.item not in counted or _coverage_rank(
            counted[decision.item]
        ) < _coverage_rank(decision):
            counted[decision.item] = decision
    return counted, refused


def _coverage_rank(decision: Decision) -> tuple[bool, datetime]:
    return decision.covers == COVERS[0], decision.expires
