"""Remembers which mapping was walked to its end, so that a gate can say when what failed may be a
line of the mapping.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.driver_factory import mapping_of
from cutover_gates.util.files import write_atomically


def record_passed(run: PytestRun) -> None:
    """The whole walk went well, with this mapping."""
    path = _state_path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"mapping": _mapping_digest(run.settings), "run": run.tag}
    write_atomically(path, json.dumps(state))


def untested_mapping_warning(run: PytestRun) -> str:
    """A sentence where the target's own mapping, as it stands now, was never walked to its end;
    empty where it was, or where it has none.
    """
    target = run.settings.chosen_target
    try:
        own = target.driver != "rest" or mapping_of(run.settings)[0] is not None
        if (
            target.kind == "embedded"
            or not own
            or _load_digest(run) == _mapping_digest(run.settings)
        ):
            return ""
    except (SettingsError, ImportError, ValueError, OSError):
        return ""  # it cannot even be read, which is told already
    return (
        f"The mapping of {run.settings.target}, as it stands now, was never walked to its end, so"
        " what failed may be a line of it and no fault of the target: `pytest --target"
        f" {run.settings.target} --check-mapping` says which."
    )


def _state_path(run: PytestRun) -> Path:
    """Beside the ledgers."""
    return (
        run.settings.resolve_path(run.settings.reports).parent
        / "ledgers"
        / f"{run.settings.target}.mapping.json"
    )


def _load_digest(run: PytestRun) -> str:
    try:
        return str(json.loads(_state_path(run).read_text(encoding="utf-8"))["mapping"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _mapping_digest(settings: Settings) -> str:
    """Of the mapping, or of the source of a driver of the user's own; not of where the target is."""
    target = settings.chosen_target
    module = target.driver.partition(":")[0]
    spec = importlib.util.find_spec(module) if ":" in target.driver else None
    source = Path(spec.origin).read_bytes() if spec and spec.origin else b""
    said = json.dumps(
        [target.driver, mapping_of(settings)[0], target.unsupported], sort_keys=True, default=str
    )
    return hashlib.sha256(said.encode() + source).hexdigest()
