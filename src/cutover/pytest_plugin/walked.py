"""Remembers which mapping was walked to its end, so that a gate can say when what failed may be a
line of the mapping.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

from cutover.pytest_plugin.run import Run
from cutover.settings import Settings, SettingsError
from cutover.targets.connecting import mapping_of


def remember(run: Run) -> None:
    """The whole walk went well, with this mapping."""
    path = _path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"mapping": _digest(run.settings), "run": run.tag}), encoding="utf-8"
    )


def never_walked(run: Run) -> str:
    """A sentence where the target's own mapping, as it stands now, was never walked to its end;
    empty where it was, or where it has none.
    """
    target = run.settings.chosen
    try:
        own = target.driver != "rest" or mapping_of(run.settings)[0] is not None
        if target.kind == "embedded" or not own or _remembered(run) == _digest(run.settings):
            return ""
    except (SettingsError, ImportError, ValueError, OSError):
        return ""  # it cannot even be read, which is told already
    return (
        f"The mapping of {run.settings.target}, as it stands now, was never walked to its end, so"
        " what failed may be a line of it and no fault of the target: `pytest --target"
        f" {run.settings.target} --check-mapping` says which."
    )


def _path(run: Run) -> Path:
    """Beside the ledgers."""
    return (
        run.settings.path(run.settings.reports).parent
        / "ledgers"
        / f"{run.settings.target}.mapping.json"
    )


def _remembered(run: Run) -> str:
    try:
        return str(json.loads(_path(run).read_text(encoding="utf-8"))["mapping"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _digest(settings: Settings) -> str:
    """Of the mapping, or of the source of a driver of the user's own; not of where the target is."""
    target = settings.chosen
    module = target.driver.partition(":")[0]
    spec = importlib.util.find_spec(module) if ":" in target.driver else None
    source = Path(spec.origin).read_bytes() if spec and spec.origin else b""
    said = json.dumps(
        [target.driver, mapping_of(settings)[0], target.unsupported], sort_keys=True, default=str
    )
    return hashlib.sha256(said.encode() + source).hexdigest()
