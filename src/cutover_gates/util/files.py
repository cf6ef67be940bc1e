"""Files that several processes share: written whole, locked, and computed once for all of them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cutover_gates.core.file_lock import lock_file
from cutover_gates.core.findings import Finding, NotProven


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write a file as a whole or not at all, and return its path.

    The content goes to a file beside `path`, then to the disk (fsync), then takes the place of the
    old file: a reader sees the old or the new one, never a part, also after a loss of power. A text
    is written as UTF-8; a character that UTF-8 cannot hold is written as its escape. Raises
    `OSError`.
    """
    data = content if isinstance(content, bytes) else content.encode(errors="backslashreplace")
    # The name holds the process: two that write the same file never write into one another's.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def hash_files_below(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file below a folder, by its path relative to the folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in files
        if "__pycache__" not in path.parts
    }


def compute_once(folder: Path, key: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `compute` returns (JSON-able), computed by the first process that asks.

    The other processes wait for it and read it. All of them name the same `folder`, which must hold
    no secrets. A `NotProven` is kept too: what could not be proven is not tried again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{key}.json"
    with (folder / f"{key}.lock").open("w") as lock:
        lock_file(lock)
        if not path.exists():
            write_atomically(path, json.dumps(_compute_outcome(compute)))
        outcome = json.loads(path.read_text(encoding="utf-8"))
    if "not_proven" in outcome:
        gaps = [Finding.from_plain(gap) for gap in outcome["gaps"]]
        raise NotProven(outcome["not_proven"], gaps)
    return dict(outcome["found"])


def _compute_outcome(compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return {"found": compute()}
    except NotProven as error:
        gaps = [gap.to_plain() for gap in error.gaps]
        return {"not_proven": str(error), "gaps": gaps}
