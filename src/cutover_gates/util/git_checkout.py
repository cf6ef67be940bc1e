"""Reads what a git checkout has committed, without trusting what may hide a change.

`git status` is not asked: `assume-unchanged`, `skip-worktree`, ignore rules, clean filters and
`GIT_…` variables all hide an edited file from it. The files are hashed here, and compared with the
blobs of HEAD.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.util.subprocesses import run_child

GIT_SECONDS = 5.0
SHA256_DIGITS = 64


@dataclass(frozen=True)
class CommittedTree:
    """The commit of a checkout, and the object id of each file in it, by its path."""

    commit: str
    blobs: Mapping[str, str]

    def matches(self, name: str, path: Path) -> bool:
        """Return whether the file at `path` is the committed file `name`.

        Line ends may differ: git may write CRLF into a working folder.
        """
        committed = self.blobs.get(name)
        if committed is None:
            return False
        try:
            content = path.read_bytes()
        except OSError:
            return False
        if _hash_blob(content, committed) == committed:
            return True
        return b"\r\n" in content and (
            _hash_blob(content.replace(b"\r\n", b"\n"), committed) == committed
        )


def read_committed_tree(root: Path) -> CommittedTree | None:
    """Return the committed files below `root`, which may be any folder of a checkout.

    None stands for a folder that is none of a checkout, and for a git that is missing, late, fails
    or answers for another folder.
    """
    try:
        commit, top, prefix = _run_git(
            root, "rev-parse", "HEAD", "--show-toplevel", "--show-prefix"
        ).split("\n")[:3]
        if Path(top, prefix).resolve() != root.resolve():
            return None
        listing = _run_git(root, "ls-tree", "-r", "-z", "HEAD")
    except (OSError, ValueError):  # a ChildTimeout is an OSError
        return None
    return CommittedTree(commit, _parse_listing(listing))


def _parse_listing(listing: str) -> dict[str, str]:
    """Return path and object id of each line `mode type id<TAB>path` of `git ls-tree -z`."""
    blobs = {}
    for line in filter(None, listing.split("\0")):
        facts, _, path = line.partition("\t")
        blobs[path] = facts.split(" ")[2]
    return blobs


def _hash_blob(content: bytes, like: str) -> str:
    """Return git's object id of a file with this content."""
    make = hashlib.sha256 if len(like) == SHA256_DIGITS else hashlib.sha1
    return make(b"blob %d\0" % len(content) + content).hexdigest()


def _run_git(root: Path, *words: str) -> str:
    # GIT_DIR and others answer for another repository; a replaced object is not what was committed.
    plain = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    child = run_child(
        # The owner of the folder does not matter for reading: a container often has another one.
        ["git", "-c", f"safe.directory={root.resolve()}", "--no-replace-objects", *words],
        GIT_SECONDS,
        cwd=root,
        env=plain,
    )
    if child.status:
        raise OSError(child.complaint)
    return child.output
