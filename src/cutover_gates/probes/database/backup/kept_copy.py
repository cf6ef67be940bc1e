"""What the processes of a gate tell each other of a restored copy.

The keeper of the copy writes it down, and the checks read it. What names the copy's server may hold
a password, so it stands in a private directory; beside the results of the gate stands only where.
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.file_lock import lock_file
from cutover_gates.core.findings import Finding, NotProven
from cutover_gates.probes.database.backup.backup_files import BackupFile, InvalidBackup
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.scratch_directory import is_abandoned
from cutover_gates.util.files import write_atomically

_CONTENT = "copy.pickle"


@dataclass(frozen=True)
class KeeperRequest:
    """What a keeper is asked for.

    `folder` is the shelf's, `key` identifies the backup's files, `check` asked first. The restore
    must be done within the budget of `context`. `lock` is the descriptor of the lock of restores.
    """

    context: DatabaseContext
    backup: BackupFile
    folder: Path
    key: str
    sha256: str
    check: str
    lock: int


@dataclass(frozen=True)
class KeptCopy:
    """A restored copy that is kept for the whole gate.

    `restored_by` is the check that asked first, `state` that of the copy when it was restored,
    `place` the directory that its keeper holds locked.
    """

    copy: RestoredBackup = field(repr=False)
    sha256: str
    restored_by: str
    state: str
    place: Path


@dataclass(frozen=True)
class CopyShelf:
    """The folder in which the copy of one backup is written down, by the identity of its files."""

    folder: Path
    key: str

    @property
    def progress(self) -> Path:
        """The file with the last line of progress of the restore."""
        return self.folder / f"{self.key}.progress"

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.key}.json"

    @property
    def _starts(self) -> Path:
        return self.folder / f"{self.key}.starts"

    def count_start(self) -> int:
        """Count one more start of a keeper, and return how many there were."""
        count = int(self._starts.read_text()) + 1 if self._starts.exists() else 1
        write_atomically(self._starts, str(count))
        return count

    def keep(self, kept: KeptCopy) -> None:
        """Write a copy down: first in private, and then that it is there."""
        descriptor = os.open(kept.place / _CONTENT, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            pickle.dump(kept, file)
        self._write({"place": str(kept.place), "restored_by": kept.restored_by})

    def record_failure(self, error: Exception) -> None:
        """Write down why there is no copy: it is not tried again for the same file."""
        gaps = error.gaps if isinstance(error, NotProven) else ()
        self._write(
            {
                "kind": type(error).__name__,
                "reason": str(error),
                "gaps": [gap.to_plain() for gap in gaps],
                "finding": error.finding.to_plain() if isinstance(error, InvalidBackup) else None,
            }
        )

    def find(self) -> KeptCopy | None:
        """Return the copy; None where there is none yet, or its keeper is gone.

        Raise what the restore raised.
        """
        if not self._record.exists():
            return None
        plain = json.loads(self._record.read_text(encoding="utf-8"))
        if "place" not in plain:
            raise _build_error(plain)
        return _load_copy(Path(plain["place"]))

    def _write(self, plain: dict[str, Any]) -> None:
        write_atomically(self._record, json.dumps(plain))


@contextmanager
def try_lock(path: Path) -> Iterator[int | None]:
    """Give the descriptor of a lock, or None where another process holds it."""
    with path.open("w") as file:
        try:
            lock_file(file, wait=False)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()


def _load_copy(place: Path) -> KeptCopy | None:
    """Return the copy in a directory; None where its keeper was killed."""
    if not place.is_dir() or place.stat().st_uid != os.geteuid() or is_abandoned(place):
        return None
    try:
        # Our own directory, which nobody else may write into.
        kept: KeptCopy = pickle.loads((place / _CONTENT).read_bytes())
    except OSError:  # it was removed in this moment
        return None
    return kept


def _build_error(plain: dict[str, Any]) -> Exception:
    if plain["finding"]:
        finding = Finding.from_plain(plain["finding"])
        return InvalidBackup(finding.rule, finding.subject, finding.actual)
    if plain["kind"] == SettingsError.__name__:
        return SettingsError(plain["reason"])
    return NotProven(plain["reason"], [Finding.from_plain(gap) for gap in plain["gaps"]])
