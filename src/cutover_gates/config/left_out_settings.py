"""Finds the settings of a target that take questions away from its gates.

They are facts of the target, as a capability is. Each is counted near the word of the gate that
asks less for it. The marks are those of `config.base`; a list without a part of its default
(`LOOSER_FEWER`) is one, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cutover_gates.config.declared_tables import DeclaredFact
from cutover_gates.config.load_objectives import DEFAULT_JOURNEYS
from cutover_gates.config.roles import THE_REST
from cutover_gates.config.target import Target

SUITES = {"contract": "contract", "migrations": "migrations", "performance": "performance"}
"""The suite that each table is asked by. All others are asked by `OTHER_SUITE`."""
OTHER_SUITE = "smoke"
NO_REASON = "the settings give no reason"


@dataclass(frozen=True, order=True)
class LeftOutQuestion:
    """One question that a key takes away. `name` is the key, with what it leaves out.

    `by` and `at` say who declared it and when, where the key is a fact of a person's.
    """

    name: str
    reason: str
    suite: str
    by: str = ""
    at: date | None = None


def find_left_out(target: Target) -> tuple[LeftOutQuestion, ...]:
    """Return what the settings of a target leave out, in the order of the keys."""
    found = [*_walk(target, ""), *_find_missing_journeys(target), *_find_unlisted_rights(target)]
    found += _find_deleted_tables(target)
    return tuple(sorted(found))


def _walk(table: BaseModel, place: str) -> Iterator[LeftOutQuestion]:
    for key, field in type(table).model_fields.items():
        value, where = getattr(table, key), f"{place}{key}"
        if isinstance(value, DeclaredFact):
            yield LeftOutQuestion(where, value.reason, _suite_of(where), value.by, value.at)
        elif isinstance(value, BaseModel):
            yield from _walk(value, f"{where}.")
        elif isinstance(value, Mapping):
            for name, inner in value.items():
                if isinstance(inner, BaseModel):
                    yield from _walk(inner, f"{where}.{name}.")
        for name, reason in _list_entries(value, field):
            own_reason = reason or getattr(table, "reason", None) or NO_REASON
            yield LeftOutQuestion(f"{where}{name}", own_reason, _suite_of(where))


def _list_entries(value: Any, field: FieldInfo) -> Iterator[tuple[str, str]]:
    """Yield what a key leaves out, as it is shown behind its name, each with its reason."""
    mark = field.json_schema_extra
    if not isinstance(mark, Mapping):
        return
    if "leaves_out" in mark:
        reasons = value if isinstance(value, Mapping) else dict.fromkeys(value, "")
        for entry, reason in reasons.items():
            # A fact with a person holds its reason in a key.
            yield f": {entry}", str(getattr(reason, "reason", reason))
    if "leaves_out_where_given" in mark and value is not None:
        yield "", value.reason
    if "leaves_out_at" in mark and value is not None and value == mark["leaves_out_at"]:
        yield f" = {str(value).lower()}", ""
    if mark.get("looser") == "fewer":
        yield from ((f" without {part}", "") for part in field.default if part not in value)


def _find_deleted_tables(target: Target) -> Iterator[LeftOutQuestion]:
    """Yield each table whose rows are deleted on purpose, as the settings say."""
    for name, change in target.migrations.tables.items():
        if change.is_given_up and change.reason:
            key = f"migrations.tables.{name}.rows = dropped"
            yield LeftOutQuestion(key, change.reason, "migrations")


def _find_missing_journeys(target: Target) -> Iterator[LeftOutQuestion]:
    for name in DEFAULT_JOURNEYS:
        if name not in target.performance.journeys:
            key = f"performance.journeys without {name}"
            yield LeftOutQuestion(key, NO_REASON, "performance")


def _find_unlisted_rights(target: Target) -> Iterator[LeftOutQuestion]:
    """Yield what the table of roles neither allows to a role nor refuses: it is not asked.

    An operation counts where another role lists it; one that no role lists does not exist.
    """
    roles = target.roles.values()
    known = {one for role in roles for one in (*role.allowed, *role.refused)}
    documented = dict.fromkeys(name for role in roles for name in role.documented)
    for name, role in target.roles.items():
        words = [one for one in role.unlisted if one in known - target.absent_capabilities.keys()]
        rest = THE_REST in (*role.may, *role.may_not) or name in target.contract.roles
        others = [] if rest else [one for one in documented if one not in role.documented]
        if words:
            yield _unlisted(name, words, OTHER_SUITE)
        if others:
            yield _unlisted(name, others, "contract")


def _unlisted(role: str, names: list[str], suite: str) -> LeftOutQuestion:
    reason = "the table lists it neither under may nor under may_not"
    return LeftOutQuestion(f"roles.{role} without {', '.join(names)}", reason, suite)


def _suite_of(key: str) -> str:
    return SUITES.get(key.partition(".")[0], OTHER_SUITE)
