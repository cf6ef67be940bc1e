"""Remembers which mapping has passed `--check-mapping`.

So a gate can say when what failed may be an error of the mapping.
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
    """Record that the target's mapping, as it stands, has passed the check."""
    path = _state_path(run)
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"mapping": _mapping_digest(run.settings), "run": run.tag}
    write_atomically(path, json.dumps(state))


def untested_mapping_warning(run: PytestRun) -> str:
    """Return a warning where the target's own mapping has not passed since it last changed.

    It is empty where the mapping has passed, or where the target has none.
    """
    try:
        if not _has_own_mapping(run) or _load_digest(run) == _mapping_digest(run.settings):
            return ""
    except (SettingsError, ImportError, ValueError, OSError):
        return ""  # it cannot even be read, which the run itself reports
    return (
        f"The mapping of {run.settings.target} has not passed --check-mapping since it last"
        " changed. The failures may be mapping errors rather than target errors: run `pytest"
        f" --target {run.settings.target} --check-mapping`."
    )


def _has_own_mapping(run: PytestRun) -> bool:
    target = run.settings.chosen_target
    if target.kind == "embedded":
        return False
    return target.driver != "rest" or mapping_of(run.settings)[0] is not None


def _state_path(run: PytestRun) -> Path:
    """Return the file that remembers it, beside the ledgers."""
    return run.ledgers.parent / f"{run.settings.target}.mapping.json"


def _load_digest(run: PytestRun) -> str:
    try:
        return str(json.loads(_state_path(run).read_text(encoding="utf-8"))["mapping"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _mapping_digest(settings: Settings) -> str:
    """Return a digest of the mapping, or of the source of the user's own driver.

    The address of the target is not in it.
    """
    target = settings.chosen_target
    module = target.driver.partition(":")[0]
    spec = importlib.util.find_spec(module) if ":" in target.driver else None
    source = Path(spec.origin).read_bytes() if spec and spec.origin else b""
    # Declarations belong to it: what is declared unsupported is not tried.
    content = json.dumps(
        [target.driver, mapping_of(settings)[0], target.absent_capabilities],
        sort_keys=True,
        default=str,
    )
    return hashlib.sha256(content.encode() + source).hexdigest()
