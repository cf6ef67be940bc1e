"""The origin of the checks that were run, for the verdict: a commit, and whether files differ.

In a checkout git knows both. The files of an installed package are known by its manifest, which
names the commit that was built and the SHA-256 of each file.
"""

from __future__ import annotations

from pathlib import Path

from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.shipped_files import find_changed_files, is_installed, load_manifest
from cutover_gates.util.subprocesses import run_child

CHANGED = "+changes"
UNKNOWN = "(unknown)"
GIT_SECONDS = 5.0


def describe_commit(folders: SuiteFolders) -> str:
    """Return the commit of the checks, with `+changes` where files differ from it.

    A hospital's own checks beside the shipped ones have a commit of their own, which follows. It is
    '(unknown)' outside of a git checkout.
    """
    shipped, own = folders.shipped, folders.own
    if shipped is None:
        return _describe_checkout(own)
    origin = _describe_package() if is_installed() else _describe_checkout(shipped)
    has_own = any(path.is_relative_to(own) for path in folders.suite_paths())
    return f"{origin}, own checks {_describe_checkout(own)}" if has_own else origin


def _describe_package() -> str:
    """Return what the manifest of the installed package says of the shipped files."""
    manifest = load_manifest()
    origin = manifest.commit or f"manifest {manifest.digest}"
    return origin + CHANGED if find_changed_files() else origin


def _describe_checkout(root: Path) -> str:
    """Return the commit of a checkout, with `+changes` where tracked files differ from it."""
    try:
        head = _run_git(root, "rev-parse", "HEAD")
        changes = _run_git(root, "status", "--porcelain", "--untracked-files=no")
    except OSError:  # git is missing, late (a ChildTimeout is one) or fails
        return UNKNOWN
    return head + CHANGED if changes else head


def _run_git(root: Path, *words: str) -> str:
    child = run_child(["git", *words], GIT_SECONDS, cwd=root)
    if child.status:
        raise OSError(child.complaint)
    return child.output.strip()
