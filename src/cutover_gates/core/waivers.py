"""Waivers and sign-offs: people's dated decisions, as `waivers.toml` and `signoffs.toml` hold them.

A waiver goes without an item, or accepts what a rule or a check finds. A sign-off attests an item
that no program can check. Both are bound to a target and a release, and expire.
`core.decision_validity` says what makes one count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from cutover_gates.core.tables import read_table, suggest_nearest

DECISION_KEYS = ("item", "target", "release", "by", "at", "reason", "expires")
NARROW_KEYS = ("rule", "check", "subject")
"""What a waiver may name instead of a whole item: then it covers only that."""
TEXT_KEYS = ("item", "target", "release", "by", "reason", *NARROW_KEYS, "signature")
COVERS = ("anything", "not proven")
"""A waiver goes without an item whatever its outcome, or only without its proof.

With the second a failure is still a failure.
"""


SignatureVerifier = Callable[[str, Mapping[str, Any]], bool]
"""Returns whether an entry of a table is signed; raises `ValueError` where it does not count."""


class DecisionError(ValueError):
    """A waiver or sign-off file cannot be read; the message says where and what to write."""


@dataclass(frozen=True)
class Decision:
    """A waiver or a sign-off.

    `at` and `expires` are aware times. A bare date means its first second for `at`, and its last
    for `expires`, in UTC. `covers` is one of `COVERS`; only a waiver has it, and `rule`, `check`
    and `subject`. With a rule or a check `item` may be empty: it is then waived wherever it shows.
    `is_signed` says that its person's signature was verified, `signature_problem` why it does not
    count. `is_exempt` marks a decision of the demonstration that lasts longer than the term.
    `is_local` says that `at` was written without a time zone: as a date, or as a time of day.
    """

    item: str
    target: str
    release: str
    by: str
    at: datetime
    reason: str
    expires: datetime
    covers: str = COVERS[0]
    rule: str = ""
    check: str = ""
    subject: str = ""
    is_exempt: bool = False
    is_signed: bool = False
    signature_problem: str = ""
    is_local: bool = False

    @property
    def is_narrow(self) -> bool:
        """True for a waiver of a rule or a check: the rest of the item stays as it is."""
        return bool(self.rule or self.check)

    @property
    def scope(self) -> str:
        """What it is about, in words: the item, or the rule, the check and the subject."""
        parts = [f"rule {self.rule}"] if self.rule else []
        parts += [f"check {self.check}"] if self.check else []
        parts += [f"subject {self.subject}"] if self.subject else []
        if not parts:
            return self.item
        return f"{', '.join(parts)} in {self.item}" if self.item else ", ".join(parts)


@dataclass(frozen=True)
class RejectedDecision:
    """A decision that does not count, with the reason. `kind` is 'waiver' or 'sign-off'."""

    kind: str
    decision: Decision
    why: str


def load_decisions(
    path: Path, table: str, verify: SignatureVerifier | None = None
) -> tuple[Decision, ...]:
    """Read `[[waiver]]` or `[[signoff]]` rows, and verify their signatures.

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
    own_keys = ("covers", *NARROW_KEYS) if table == "waiver" else ()
    keys = (*DECISION_KEYS, *own_keys, "signature")
    decisions = []
    for number, row in enumerate(rows, start=1):
        decision = _parse_decision(row, f"{path.name}, {table} {number}", keys)
        decisions.append(_verify_signature(decision, table, row, verify))
    return tuple(decisions)


def _verify_signature(
    decision: Decision, table: str, row: Mapping[str, Any], verify: SignatureVerifier | None
) -> Decision:
    if verify is None:
        return decision
    try:
        return replace(decision, is_signed=verify(table, row))
    except ValueError as error:
        return replace(decision, signature_problem=str(error))


def _parse_decision(row: Mapping[str, Any], where: str, keys: tuple[str, ...]) -> Decision:
    _check_keys(row, where, keys)
    covers = row.get("covers", COVERS[0])
    if covers not in COVERS:
        choices = " or ".join(map(repr, COVERS))
        raise DecisionError(f"{where}: 'covers' is {covers!r}; write {choices}")
    return Decision(
        row.get("item", ""),
        row["target"],
        row["release"],
        row["by"],
        _parse_time(row["at"], time.min, f"{where}: at"),
        row["reason"],
        _parse_time(row["expires"], time.max, f"{where}: expires"),
        covers,
        rule=row.get("rule", ""),
        check=row.get("check", ""),
        subject=row.get("subject", ""),
        is_local=not (isinstance(row["at"], datetime) and row["at"].tzinfo),
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
    _check_scope(row, where)
    for key in DECISION_KEYS:
        if key not in row and not (key == "item" and _is_narrow(row)):
            raise DecisionError(
                f"{where}: {key!r} is missing; a decision says {', '.join(DECISION_KEYS)}"
            )
    for key in TEXT_KEYS:
        text = row.get(key, "-")
        if not isinstance(text, str) or not text.strip():
            raise DecisionError(f"{where}: {key!r} must be a text that is not empty")


def _check_scope(row: Mapping[str, Any], where: str) -> None:
    if "subject" in row and not _is_narrow(row):
        raise DecisionError(
            f"{where}: 'subject' narrows a rule or a check; name the one that is meant as 'rule' or"
            " 'check'"
        )


def _is_narrow(row: Mapping[str, Any]) -> bool:
    return "rule" in row or "check" in row


def _parse_time(value: object, time_of_day: time, where: str) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time_of_day, tzinfo=UTC)
    raise DecisionError(
        f"{where} must be a date or a time without quotes, such as 2026-11-23 or"
        " 2026-11-23T02:00:00Z"
    )


def check_names(node: str) -> frozenset[str]:
    """Return the names by which a check may be meant: its node id or its function.

    Both with and without parameters.
    """
    file, _, rest = node.partition("::")
    function, bracket, parameters = rest.partition("[")
    name = function.rpartition("::")[2]
    return frozenset(
        {node, f"{file}::{function}", name, f"{name}{bracket}{parameters}"} if rest else {node}
    )
