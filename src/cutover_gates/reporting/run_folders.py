"""The folders of runs: each run makes its own, and `latest` names the newest."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from cutover_gates.core.file_lock import lock_file
from cutover_gates.util.files import write_atomically

LATEST = "latest"
MAX_WORD = 60
"""Characters of a word in a folder's name: a file system takes 255 in all."""
MAX_NAMESAKES = 1000


def run_folder_name(started: datetime, target: str, gate: str, tag: str) -> str:
    """Return the name of a run's folder: '20261123T021405Z-staging-phase3-cut2611230214a1b2'.

    The tag is the run's own, so two runs that start in one second have two names.
    """
    safe = [re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-.") for word in (target, gate, tag)]
    words = [word[:MAX_WORD] for word in safe if word]
    return "-".join([f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}", *words])


def create_folder(path: Path) -> Path:
    """Make a folder that did not exist before, and return its path. Raises `OSError`.

    `mkdir` itself finds out whether the name is free: to look first is a race that two runs lose.
    Where the name is taken (two gates of one run with similar names) a number follows it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for number in range(1, MAX_NAMESAKES):
        folder = path.with_name(f"{path.name}-{number}") if number > 1 else path
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise FileExistsError(f"{path} and {MAX_NAMESAKES} names after it are taken")


def point_latest(folder: Path, started: datetime) -> None:
    """Let `latest` beside the folder name it, unless a run that began later has it already.

    Runs that go on at once agree by a lock. Raises `OSError`.
    """
    with _locked(folder.parent):
        newest = find_start(folder.parent)
        # A start in the future comes from a clock that was set back since: it may not hide this
        # run.
        if newest is None or newest <= started or newest > datetime.now(UTC):
            _replace_latest(folder)


def find_latest(reports: Path) -> Path | None:
    """Return the folder that `latest` names; None where there is none."""
    link = reports / LATEST
    if link.is_symlink():
        return reports / link.readlink()
    if link.is_file():
        return reports / link.read_text(encoding="utf-8").strip()
    return None


@contextmanager
def _locked(reports: Path) -> Iterator[None]:
    with (reports / f".{LATEST}.lock").open("w") as lock:
        lock_file(lock)
        yield


def find_start(reports: Path) -> datetime | None:
    """Return the start of the run that `latest` names; None where there is none."""
    folder = find_latest(reports)
    if folder is None:
        return None
    try:
        verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        started = datetime.fromisoformat(verdict["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return started if started.tzinfo else None


def _replace_latest(folder: Path) -> None:
    """Replace `latest` in one step: a reader sees the old one or the new one."""
    link = folder.with_name(LATEST)
    unfinished = folder.with_name(f".{LATEST}.{os.getpid()}.tmp")
    unfinished.unlink(missing_ok=True)
    try:
        unfinished.symlink_to(folder.name)
    except OSError:  # a file system without symbolic links, such as a share of Windows
        write_atomically(link, f"{folder.name}\n")
        return
    try:
        _move_copy_away(link)
        unfinished.replace(link)
    finally:
        unfinished.unlink(missing_ok=True)


def _move_copy_away(link: Path) -> None:
    """Rename a `latest` that is a folder: a copy of a reports folder may follow the link."""
    if link.is_dir() and not link.is_symlink():
        link.rename(link.with_name(f"{LATEST}-copy-{time.time_ns()}"))
