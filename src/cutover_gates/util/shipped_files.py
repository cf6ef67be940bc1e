"""The files that come with the package beside its code: suites, plan, embedded hospital, settings.

In a checkout they stand in the root of the repository. A wheel carries them in
`cutover_gates/shipped`, in the same places below it. `shipped_root` returns the folder that
applies, so nothing else needs to know the difference.

This module imports the standard library only: the build (`hatch_build.py`) runs it by its path.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHIPPED_PATHS = (
    "smoke",
    "migrations",
    "performance",
    "contract",
    "reference",
    "plan.toml",
    "cutover.toml",
    "waivers.toml",
    "signoffs.toml",
    "reports/verdict.schema.json",
)
"""What a wheel carries beside its code: files, and folders with all that they hold."""
MANIFEST = "manifest.json"
FOLDER = "shipped"
CODE = "cutover_gates"
"""Stands before the path of a file of the package's own code, in the manifest."""
CONFTEST = "conftest.py"
PYTEST_FILES = (
    CONFTEST,
    "pytest.toml",
    ".pytest.toml",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "tox.ini",
    "setup.cfg",
)
"""Files in the root of a project that decide how pytest runs.

The first one that configures pytest counts, so an added one takes the place of the shipped one.
"""
_PACKAGE = Path(__file__).resolve().parent.parent
_IGNORED_FOLDERS = frozenset({"__pycache__"})


@dataclass(frozen=True)
class Manifest:
    """The shipped files as they were when the wheel was built.

    `digests` has the SHA-256 of each file by its path below the shipped root. `commit` is the
    commit of the repository, with `+changes` where files differed from it, or '' where it was
    unknown.
    """

    digests: Mapping[str, str]
    commit: str

    def to_json(self) -> str:
        """Return the text of `manifest.json`."""
        return json.dumps({"commit": self.commit, "files": dict(self.digests)}, indent=1) + "\n"


@cache
def shipped_root() -> Path:
    """Return the folder below which the shipped files stand.

    Raises `FileNotFoundError` for a package that was copied without them.
    """
    for folder in (_PACKAGE / FOLDER, _PACKAGE.parent.parent):
        if (folder / "plan.toml").is_file() and (folder / "smoke").is_dir():
            return folder
    raise FileNotFoundError(
        f"{_PACKAGE} has no folder {FOLDER!r}, and is no part of a checkout: install the package"
        " anew, with pip or uv"
    )


def shipped_file(name: str) -> Path:
    """Return the path of a shipped file, for example `plan.toml`."""
    return shipped_root() / name


def is_installed() -> bool:
    """Return True where the shipped files come from a wheel, and False in a checkout."""
    return shipped_root().parent == _PACKAGE


def iterate_shipped(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield each shipped file below `root`, as its path relative to `root` and its path."""
    for name in SHIPPED_PATHS:
        start = root / name
        if start.is_file():
            yield name, start
        for below in _list_files(start):
            yield f"{name}/{below}", start / below


def iterate_code(package: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file of the package's code, as its name in the manifest and its path."""
    for name in _list_files(package):
        if name.partition("/")[0] != FOLDER:
            yield f"{CODE}/{name}", package / name


def _list_files(folder: Path) -> list[str]:
    """Return the names of files below a folder, in order, without those that Python makes.

    They are relative to the folder, with slashes.
    """
    return sorted(_iterate_files(folder, "")) if folder.is_dir() else []


def _iterate_files(folder: Path | str, prefix: str) -> Iterator[str]:
    # Texts and `os.scandir`: with `Path.rglob` and `relative_to` it takes five times as long, and a
    # run lists them several times.
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield prefix + entry.name
            elif entry.is_dir(follow_symlinks=False) and entry.name not in _IGNORED_FOLDERS:
                yield from _iterate_files(entry.path, f"{prefix}{entry.name}/")


def iterate_all() -> Iterator[tuple[str, Path]]:
    """Yield each shipped file and each file of the code, as they are now."""
    yield from iterate_shipped(shipped_root())
    yield from iterate_code(_PACKAGE)


def iterate_pytest_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file in the root of a checkout that decides how pytest runs."""
    for name in PYTEST_FILES:
        if (root / name).is_file():
            yield name, root / name


def compute_digests(root: Path, package: Path, *, checkout: bool = False) -> dict[str, str]:
    """Return the SHA-256 of each shipped file below `root` and of each file of the code.

    Of a `checkout` the files that decide how pytest runs are shipped as well.
    """
    files = [*iterate_shipped(root), *iterate_code(package)]
    files += iterate_pytest_files(root) if checkout else ()
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files}


def combine_digests(digests: Mapping[str, str]) -> str:
    """Return one SHA-256 over files and their names; the lines are those of `sha256sum`."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(digests.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def load_manifest() -> Manifest | None:
    """Return the manifest of the wheel; None in a checkout, and where it cannot be read."""
    try:
        stored = json.loads((shipped_root() / MANIFEST).read_text(encoding="utf-8"))
        return Manifest(dict(stored["files"]), str(stored["commit"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def compare_digests(expected: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Return each file that differs, with `changed`, `missing` or `added`."""
    words = {}
    for name in sorted(set(expected) | set(present)):
        if name not in present:
            words[name] = "missing"
        elif name not in expected:
            words[name] = "added"
        elif expected[name] != present[name]:
            words[name] = "changed"
    return words


def find_unchecked_bytecode(root: Path) -> list[str]:
    """Return each compiled file below `root` that Python runs whatever its source says (PEP 552).

    What pip compiles is checked against its source each time. Only `--invalidation-mode
    unchecked-hash` makes others.
    """
    return [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("__pycache__/*.pyc"))
        if _is_unchecked(path)
    ]


def _is_unchecked(path: Path) -> bool:
    with path.open("rb") as file:
        flags = file.read(8)[4:8]
    return int.from_bytes(flags, "little") & 0b11 == 0b01


def write_manifest(commit: str) -> None:
    """Write the manifest of a folder that was copied without its `.git`."""
    root = shipped_root()
    manifest = Manifest(compute_digests(root, _PACKAGE, checkout=True), commit)
    (root / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")


if __name__ == "__main__":
    write_manifest(" ".join(sys.argv[1:]))
