"""The project's own modules that a run has loaded: what own checks, drivers and plugins import."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from cutover_gates.core.gates import SUITES

LIBRARIES = "site-packages"
"""The folder of installed libraries, which may stand in a virtual environment in the project."""


def list_loaded_modules(root: Path) -> list[str]:
    """Return the files of all modules below a folder that this process has loaded."""
    root = root.resolve()
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    paths = {Path(file).resolve() for file in files if isinstance(file, str)}
    return sorted(str(path) for path in paths if _is_of_project(path, root))


def _is_of_project(path: Path, root: Path) -> bool:
    return path.suffix == ".py" and path.is_relative_to(root) and LIBRARIES not in path.parts


def select_own_modules(paths: Collection[str], root: Path, shipped: Collection[Path]) -> list[Path]:
    """Return the paths that stand in no suite and are not shipped: those are listed elsewhere."""
    root = root.resolve()
    candidates = {Path(path) for path in paths} - set(shipped)
    own = [path for path in candidates if path.relative_to(root).parts[0] not in SUITES]
    return sorted(path for path in own if path.name != "conftest.py")
