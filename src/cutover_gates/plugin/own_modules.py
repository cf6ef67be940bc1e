"""The modules that a run has loaded from elsewhere than Python, its libraries and the package.

They are what own checks, drivers and plugins import, and what takes a library's place: the folder
in which pytest was called, and PYTHONPATH, come before the libraries.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from collections.abc import Collection
from functools import cache
from pathlib import Path

from cutover_gates.core.gates import SUITES
from cutover_gates.util.real_paths import resolve_file

LIBRARIES = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
LIBRARY_FOLDERS = frozenset({"site-packages", "dist-packages"})
"""Also those of a virtual environment that stands in the project."""


def list_foreign_modules() -> list[str]:
    """Return the files of all modules of this process that are of no library."""
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    foreign = {_resolve_foreign(file) for file in files if isinstance(file, str)}
    return sorted(path for path in foreign if path)


@cache
def _resolve_foreign(file: str) -> str:
    """Return the real path of a file; empty for one of a library.

    A run asks three times about more than a thousand modules.
    """
    path = resolve_file(Path(file))
    return "" if _is_library_folder(path.parent) else str(path)


@cache
def _is_library_folder(path: Path) -> bool:
    is_known = any(path.is_relative_to(folder) for folder in _library_folders())
    return is_known or bool(LIBRARY_FOLDERS & set(path.parts))


@cache
def _library_folders() -> tuple[Path, ...]:
    named = [sysconfig.get_path(name) for name in LIBRARIES]
    folders = [*named, *site.getsitepackages(), site.getusersitepackages()]
    return tuple(Path(folder).resolve() for folder in dict.fromkeys(folders))


def select_own_modules(paths: Collection[str], root: Path, shipped: Collection[Path]) -> list[Path]:
    """Return the paths that are listed nowhere else.

    Shipped files are, and so are the suites of the folder `root` and every conftest.py.
    """
    root = root.resolve()
    own = sorted({Path(path) for path in paths} - set(shipped))
    return [path for path in own if path.name != "conftest.py" and not _is_of_suite(path, root)]


def _is_of_suite(path: Path, root: Path) -> bool:
    return path.is_relative_to(root) and path.relative_to(root).parts[0] in SUITES
