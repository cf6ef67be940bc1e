"""The moments of a cutover that an embedded hospital shows, and how its release before is asked."""

from __future__ import annotations

from collections.abc import Iterable

from cutover_gates.config.previous import read_older_dialect
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.core.gates import named_gates
from cutover_gates.util.shipped_files import shipped_root

EMBEDDED_STAGES = {"t24": "before", "t12": "before", "t1": "eve", "rollback": "restored"}
"""The gates at which an embedded hospital is not the one after its cutover."""


def adapt_to_stage(settings: Settings, gates: Iterable[str]) -> Settings:
    """Return the settings for the release that answers at these gates.

    Where the embedded hospital serves its release before, requests leave out what only the new one
    knows, and what the old one has not is declared absent. Others declare such settings themselves.
    """
    target = settings.targets.get(settings.target)
    named = [name for gate in gates for name in named_gates(gate)]
    if target is None or target.kind != "embedded" or not named:
        return settings
    if not EMBEDDED_STAGES.keys() >= set(named):
        return settings
    older = Target.model_validate({"kind": target.kind, **read_older_dialect(shipped_root())})
    changed = target.model_copy(
        update={
            "rest": older.rest,
            "capabilities": {**target.capabilities, **older.capabilities},
        }
    )
    return settings.model_copy(update={"targets": {**settings.targets, settings.target: changed}})
