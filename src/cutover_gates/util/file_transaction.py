"""Several files that are written all together or not at all.

Each is written beside its place first. Only when all of them are whole on the disk do they take
their places, by renaming, which needs no space. What fails meanwhile is taken back.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

STAGING = ".unfinished"
"""The folder beside the files in which they are written first."""


class Change(Protocol):
    """One change of a transaction. Each step raises `OSError` where it fails."""

    @property
    def path(self) -> Path:
        """The file that is changed."""

    def stage(self) -> None:
        """Do what may fail, without a change that a reader sees."""

    def withdraw_old(self) -> None:
        """Put what stood there aside."""

    def apply(self) -> None:
        """Make the change."""

    def roll_back(self) -> None:
        """Bring back what stood there."""

    def clean_up(self) -> None:
        """Remove what was put aside."""


class ReplacedFile:
    """A file that gets a new content. `keeps_old` leaves the old one in place until then."""

    def __init__(self, path: Path, data: bytes, *, keeps_old: bool = False) -> None:
        self.path, self._data, self._keeps_old = path, data, keeps_old
        # The process: another run may write the same file, such as that of --junitxml.
        stem = f"{path.name}.{os.getpid()}"
        self.staged = path.parent / STAGING / f"{stem}.new"
        self._old = path.parent / STAGING / f"{stem}.old"
        self._is_applied = False

    def stage(self) -> None:
        """Write the content into the staging folder, and wait until the disk has it."""
        self.staged.parent.mkdir(parents=True, exist_ok=True)
        with self.staged.open("wb") as file:
            file.write(self._data)
            file.flush()
            os.fsync(file.fileno())

    def withdraw_old(self) -> None:
        """Put the old file aside: while others are replaced, none may contradict the new ones."""
        if self._keeps_old:
            _link_or_copy(self.path, self._old)
        else:
            with suppress(FileNotFoundError):
                self.path.replace(self._old)

    def apply(self) -> None:
        """Let the new file take its place."""
        self.staged.replace(self.path)
        self._is_applied = True

    def roll_back(self) -> None:
        """Bring the old file back; where there was none, there is none again."""
        if self._old.exists():
            self._old.replace(self.path)
        elif self._is_applied:
            self.path.unlink(missing_ok=True)

    def clean_up(self) -> None:
        """Remove what was staged or put aside, and the staging folder when it is empty."""
        for path in (self.staged, self._old):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # another run's files are in it
            self.staged.parent.rmdir()


class AppendedText:
    """A text at the end of a file that belongs to somebody else, such as a pipeline."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path, self._data = path, data
        self._size: int | None = None

    def stage(self) -> None:
        """Find out whether the file can be written."""
        with self.path.open("ab"):
            pass

    def withdraw_old(self) -> None:
        """Leave what others wrote."""

    def apply(self) -> None:
        """Append the text, and wait until the disk has it."""
        with self.path.open("ab") as file:
            self._size = file.tell()
            file.write(self._data)
            file.flush()
            with suppress(OSError):  # a pipe or a device knows no fsync
                os.fsync(file.fileno())

    def roll_back(self) -> None:
        """Cut the text off again."""
        if self._size is not None and self.path.is_file():
            os.truncate(self.path, self._size)

    def clean_up(self) -> None:
        """Leave the file."""


class WrittenDevice(AppendedText):
    """A text that goes to a pipe or a device, where nothing can be renamed."""

    def stage(self) -> None:
        """Open nothing: a reader of a pipe would see its end."""


class FileTransaction:
    """Changes that are made all together, in the order in which they are added.

    ```
    with FileTransaction() as transaction:
        transaction.add(ReplacedFile(path, data))
        transaction.commit()
    ```

    `add` stages a change at once. The end of the block removes what was staged. `failed` is the
    path of the change that failed.
    """

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._last: list[Change] = []
        self.failed: Path | None = None

    def __enter__(self) -> FileTransaction:
        return self

    def __exit__(self, *_error: object) -> None:
        for change in [*self._changes, *self._last]:
            with suppress(OSError):  # a hidden file stays: no reason to lose a verdict
                change.clean_up()

    def add(self, change: Change, *, is_last: bool = False) -> None:
        """Stage a change. With `is_last` it is made after all others. Raises `OSError`."""
        (self._last if is_last else self._changes).append(change)
        self._run(change, change.stage)

    def staged_paths(self) -> dict[Path, Path]:
        """Return for each file that will be replaced the path of its new content."""
        changes = [*self._changes, *self._last]
        replaced = [change for change in changes if isinstance(change, ReplacedFile)]
        return {change.path: change.staged for change in replaced}

    def commit(self) -> None:
        """Make all changes, or none. Raises `OSError`, after everything is as before."""
        changes = [*self._changes, *self._last]
        try:
            for change in reversed(changes):
                self._run(change, change.withdraw_old)
            for change in changes:
                self._run(change, change.apply)
            for folder in {change.path.parent for change in changes}:
                _sync_folder(folder)
        except BaseException:
            _roll_back(changes)
            raise

    def _run(self, change: Change, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError:
            self.failed = change.path
            raise


def _roll_back(changes: Sequence[Change]) -> None:
    for change in reversed(changes):
        # Each is tried: one that cannot be brought back must not keep the others.
        with suppress(OSError):
            change.roll_back()


def create_change(path: Path, data: bytes) -> Change:
    """Return the change that writes `data` to `path`: a file, or else a pipe or a device."""
    if path.exists() and not path.is_file():
        return WrittenDevice(path, data)
    # A symbolic link stays one: what it names is replaced.
    return ReplacedFile(path.resolve(), data)


def _link_or_copy(path: Path, copy: Path) -> None:
    """Give a file a second name; where the file system has no links, copy it."""
    with suppress(FileNotFoundError):
        try:
            os.link(path, copy)
        except OSError:
            copy.write_bytes(path.read_bytes())


def _sync_folder(folder: Path) -> None:
    """Wait until the disk has the new names, so that a loss of power does not mix old and new."""
    with suppress(OSError):  # some file systems sync no folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
