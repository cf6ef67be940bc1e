"""The files that come with the package beside its code: suites, plan, embedded hospital, settings.

In a checkout they stand in the root of the repository. A wheel carries them in
`cutover_gates/shipped`, in the same places below it. `shipped_root` returns the folder that
applies, so nothing else needs to know the difference.

This module imports the standard library only: the build (`hatch_build.py`) runs it by its path.
"""

from __future__ import annotations

import hashlib
import json
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
"""What a wheel carries: files, and folders with all that they hold."""
MANIFEST = "manifest.json"
FOLDER = "shipped"
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

    @property
    def digest(self) -> str:
        """One SHA-256 over all files and their names."""
        lines = [f"{digest}  {name}\n" for name, digest in sorted(self.digests.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

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
        files = [start] if start.is_file() else sorted(start.rglob("*"))
        for path in files:
            if path.is_file() and not _IGNORED_FOLDERS & set(path.parts):
                yield path.relative_to(root).as_posix(), path


def compute_digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each shipped file below `root`, by its path relative to `root`."""
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in iterate_shipped(root)
    }


@cache
def load_manifest() -> Manifest:
    """Return the manifest of the wheel; in a checkout, one that is computed from the files."""
    if not is_installed():
        return Manifest(compute_digests(shipped_root()), "")
    stored = json.loads((shipped_root() / MANIFEST).read_text(encoding="utf-8"))
    return Manifest(stored["files"], stored["commit"])


def find_changed_files() -> tuple[str, ...]:
    """Return the shipped files that are changed, missing or added since the wheel was built.

    In a checkout there are none: there, git knows.
    """
    if not is_installed():
        return ()
    built, present = load_manifest().digests, compute_digests(shipped_root())
    names = sorted(set(built) | set(present))
    return tuple(name for name in names if built.get(name) != present.get(name))
