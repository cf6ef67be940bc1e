"""What is too dear to be done twice is done by the first process of a run that asks; the others
wait for it and read it.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import NotProven


def compute_once(folder: Path, key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `compute` gives (JSON-able).

    `folder` is one that all processes of the run share; nothing secret may be in what is computed.

    A `NotProven` is remembered too: what could not be seen is not tried again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.json"
    with (folder / f"{key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.write_text(json.dumps(_compute_outcome(compute)), encoding="utf-8")
        outcome = json.loads(path.read_text(encoding="utf-8"))
    if "not_proven" in outcome:
        raise NotProven(outcome["not_proven"])
    return dict(outcome["found"])


def _compute_outcome(compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"found": compute()}
    except NotProven as hole:
        return {"not_proven": str(hole)}
