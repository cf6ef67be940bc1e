"""The settings with which a gate asks the release that answers at it.

Until the cutover, and after a rollback, that is the release before. Where it differs from the new
one (`[targets.NAME.previous.differs]`), the same checks ask it in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from cutover_gates.config.base import SettingsError
from cutover_gates.config.declared_tables import DeclaredCapability
from cutover_gates.config.previous import read_older_dialect
from cutover_gates.config.rollout_steps import DwellSeconds
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.core.gates import named_gates
from cutover_gates.core.plan import Plan
from cutover_gates.core.tables import read_table
from cutover_gates.plugin.step_selection import find_step, is_whole_rollout
from cutover_gates.util.shipped_files import shipped_root

OUTAGE = "database-outage"
NO_OUTAGE = DeclaredCapability.model_construct(
    value=False,
    reason="a step of a rollout is live: its database is not taken away for a trial",
    by="the gates of the steps",
    at=None,
)
"""A rule of these gates and no fact of a target: it has no day on which somebody looked."""
SHORTENED = (
    *("evaluate_seconds", "health_seconds", "error_seconds", "rate_seconds"),
    *("response_seconds", "blind_seconds"),
)
"""The durations of the triggers. That of a start is not: a process starts no faster."""
COUNTED = ("error_requests", "response_requests")
"""What a window must hold: a shorter one holds fewer."""
LEAST_SECONDS = 1.0
"""Evaluations are not made more often than that."""
LEAST_HEALTH_SECONDS = 2.0
"""Nor health checks than that, which may take as long: a busy machine is no dead instance."""
EMBEDDED_STAGES = {"t24": "before", "t12": "before", "t1": "eve", "rollback": "restored"}
"""The gates at which an embedded hospital is not the one after its cutover."""
_MERGED_DEPTH = 3
"""The tables that are merged: a target, its subjects, and their names. Deeper, a value replaces."""


def adapt_to_gates(settings: Settings, plan: Plan, gates: Iterable[str]) -> Settings:
    """Return the settings for the release that answers at these gates.

    Raises `SettingsError` for a difference that a target cannot have.
    """
    gates = tuple(gates)
    settings = _adapt_to_step(settings, plan, gates)
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


def _adapt_to_step(settings: Settings, plan: Plan, gates: tuple[str, ...]) -> Settings:
    """Return the settings of a step that is live: no trial may take anything away from it."""
    target = settings.targets.get(settings.target)
    judges_steps = find_step(plan, gates) is not None or is_whole_rollout(plan, gates)
    if target is None or not judges_steps:
        return settings
    target = _shorten_durations(target)
    if not (absent := target.capabilities.get(OUTAGE)) or absent.value:
        capabilities = {**target.capabilities, OUTAGE: NO_OUTAGE}
        target = target.model_copy(update={"capabilities": capabilities})
    return settings.model_copy(update={"targets": {**settings.targets, settings.target: target}})


def _shorten_durations(target: Target) -> Target:
    """Return the target with the durations of its steps and triggers divided by the factor.

    Raises `SettingsError` for a target that is not the demonstration.
    """
    factor = target.rollout.time_factor
    if factor == 1:
        return target
    if target.kind != "embedded":
        raise SettingsError(
            "rollout.time_factor is for the demonstration: a target that others use is watched for"
            " the whole time. Leave it out"
        )
    dwell, triggers = target.rollout.dwell_seconds, target.triggers
    steps = DwellSeconds(
        canary=dwell.canary / factor, half=dwell.half / factor, full=dwell.full / factor
    )
    seconds = {name: max(LEAST_SECONDS, getattr(triggers, name) / factor) for name in SHORTENED}
    seconds["health_seconds"] = max(LEAST_HEALTH_SECONDS, seconds["health_seconds"])
    counts = {name: math.ceil(getattr(triggers, name) / factor) for name in COUNTED}
    return target.model_copy(
        update={
            "rollout": target.rollout.model_copy(
                update={
                    "dwell_seconds": steps,
                    "longest_seconds": target.rollout.longest_seconds / factor,
                    "proof": target.rollout.proof.shorten(factor),
                }
            ),
            "triggers": type(triggers).model_validate(triggers.model_dump() | seconds | counts),
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
