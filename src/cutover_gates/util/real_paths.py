"""The real paths of many files: the links of a folder are followed once for all its files."""

from __future__ import annotations

from functools import cache
from pathlib import Path


def resolve_file(path: Path) -> Path:
    """Return the real path of a file, as `Path.resolve` does, which takes ten times as long."""
    if path.is_symlink() or path.name in ("", ".."):
        return path.resolve()
    return resolve_folder(path.parent) / path.name


@cache
def resolve_folder(folder: Path) -> Path:
    """Return the real path of a folder, as it was when it was first asked for."""
    return folder.resolve()
