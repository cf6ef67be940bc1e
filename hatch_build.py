"""The build hook: puts the shipped files and their manifest into a wheel.

The list of the files stands in `cutover_gates.util.shipped_files`, which is run by its path: the
package is not installed while it is built.
"""

from __future__ import annotations

import runpy
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIST = "src/cutover_gates/util/shipped_files.py"
COMMIT_FILE = "built-from-commit.txt"
"""Stands in an sdist only: what is unpacked from it is no git checkout any more."""


class ShippedFilesHook(BuildHookInterface[Any]):
    """Adds `cutover_gates/shipped` to a wheel, and the name of the commit to an sdist.

    An editable installation uses the checkout's files.
    """

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files that hatchling shall include beside the package."""
        root = Path(self.root)
        self._folder = tempfile.TemporaryDirectory()
        if self.target_name == "sdist":
            self._include(build_data, COMMIT_FILE, COMMIT_FILE, _find_commit(root))
            # An unpacked sdist is no checkout: its files are held against this.
            shipped = runpy.run_path(str(root / LIST))
            manifest = _make_manifest(shipped, root, checkout=True)
            self._include(build_data, shipped["MANIFEST"], shipped["MANIFEST"], manifest)
        elif version != "editable":
            self._include_shipped(root, build_data)

    def _include_shipped(self, root: Path, build_data: dict[str, Any]) -> None:
        shipped = runpy.run_path(str(root / LIST))
        target = f"cutover_gates/{shipped['FOLDER']}"
        for name, path in shipped["iterate_shipped"](root):
            build_data["force_include"][str(path)] = f"{target}/{name}"
        name = shipped["MANIFEST"]
        self._include(build_data, name, f"{target}/{name}", _make_manifest(shipped, root))

    def _include(self, build_data: dict[str, Any], name: str, target: str, text: str) -> None:
        """Write a file of the build's own, and have it included as `target`."""
        written = Path(self._folder.name, name)
        written.write_text(text, encoding="utf-8")
        build_data["force_include"][str(written)] = target

    def finalize(
        self,
        version: str,  # hatchling passes all three  # noqa: ARG002
        build_data: dict[str, Any],  # noqa: ARG002
        artifact_path: str,  # noqa: ARG002
    ) -> None:
        """Remove the folder of the files that this hook wrote."""
        self._folder.cleanup()


def _make_manifest(shipped: dict[str, Any], root: Path, *, checkout: bool = False) -> str:
    """Return the text of the manifest; `shipped` are the names of the module with the list."""
    digests = shipped["compute_digests"](root, root / "src" / shipped["CODE"], checkout=checkout)
    return str(shipped["Manifest"](digests, _find_commit(root)).to_json())


def _find_commit(root: Path) -> str:
    """Return the commit that is built, with `+changes` where files differ; '' if it is unknown."""
    if (root / COMMIT_FILE).is_file():
        return (root / COMMIT_FILE).read_text(encoding="utf-8").strip()
    try:
        top = _git(root, "rev-parse", "--show-toplevel")
        # An unpacked sdist may stand inside of another repository, whose commit says nothing here.
        if Path(top).resolve() != root.resolve():
            return ""
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
        return _git(root, "rev-parse", "HEAD") + ("+changes" if changes else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(root: Path, *words: str) -> str:
    run = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, timeout=20, check=True
    )
    return run.stdout.strip()
