"""The settings with which a gate asks the release that answers at it.

Until the cutover, and after a rollback, that is the release before. Where it differs from the new
one (`[targets.NAME.previous.differs]`), the same checks ask it in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from cutover_gates.config.base import SettingsError
from cutover_gates.config.previous import read_older_dialect
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.core.gates import named_gates
from cutover_gates.core.plan import Plan
from cutover_gates.core.tables import read_table
from cutover_gates.util.shipped_files import shipped_root

EMBEDDED_STAGES = {"t24": "before", "t12": "before", "t1": "eve", "rollback": "restored"}
"""The gates at which an embedded hospital is not the one after its cutover."""
_MERGED_DEPTH = 3
"""The tables that are merged: a target, its subjects, and their names. Deeper, a value replaces."""


def adapt_to_gates(settings: Settings, plan: Plan, gates: Iterable[str]) -> Settings:
    """Return the settings for the release that answers at these gates.

    Raises `SettingsError` for a difference that a target cannot have.
    """
    target = settings.targets.get(settings.target)
    named = {name for gate in gates for name in named_gates(gate)}
    if target is None or not named or not _is_asked_before(target, plan, named):
        return settings
    is_embedded = target.kind == "embedded"
    differs = read_older_dialect(shipped_root()) if is_embedded else target.previous.differs
    if not differs:
        return settings
    return settings.model_copy(
        update={
            "targets": {**settings.targets, settings.target: _change(settings, target, differs)}
        }
    )


def _change(settings: Settings, target: Target, differs: Mapping[str, Any]) -> Target:
    """Return the target with what differs; nothing else of it is read again."""
    kept = {"kind", "url", *differs}
    table = target.model_dump(by_alias=True, exclude_unset=True, include=kept)
    changed: dict[str, Any] = {}
    if target.mapping is not None and "rest" in differs:
        table["rest"] = read_table(settings.resolve_path(target.mapping), SettingsError)
        changed["mapping"] = None
    laid = make_previous_target(lay_over(table, differs), settings.target)
    return target.model_copy(update=changed | {key: getattr(laid, key) for key in differs})


def make_previous_target(table: Mapping[str, Any], name: str) -> Target:
    """Return a target with its differences laid over. Raises `SettingsError`."""
    try:
        return Target.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise SettingsError(
            f"section [targets.{name}.previous.differs], key '{place}': {first['msg']}"
        ) from None


def lay_over(
    own: Mapping[str, Any], over: Mapping[str, Any], depth: int = _MERGED_DEPTH
) -> dict[str, Any]:
    """Return the tables of a target with those of `over` laid over them."""
    merged = dict(own)
    for key, value in over.items():
        is_table = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = lay_over(merged[key], value, depth - 1) if is_table and depth > 1 else value
    return merged


def _is_asked_before(target: Target, plan: Plan, gates: set[str]) -> bool:
    """Return whether the release before answers at all of these gates.

    An embedded hospital shows the new release at `phase1`: nothing is deployed beside it.
    """
    if target.kind == "embedded":
        return gates <= EMBEDDED_STAGES.keys()
    return all(plan.gate_answers.get(gate) == "previous" for gate in gates)
