"""Reads what is appended to files while it is appended, through rotations.

A file is known by its inode: one that is renamed is read to its end, and the new one of its name
from its begin. One that was cut to nothing (`copytruncate`) is read from its begin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import glob
from os import fstat
from pathlib import Path
from typing import BinaryIO

from cutover_gates.util.http import SourceUnavailable

LONGEST_LINE = 1024 * 1024
"""Bytes of a line that are looked at; what follows of it is left out."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of all files that one reading takes; the rest comes with the next one."""
BLOCK = 256 * 1024
REMEMBERED = 64
"""Bytes before the place reached by which a file is known that was cut and has grown again."""

FileId = tuple[int, int]


@dataclass
class FollowedFile:
    """One open file: the place reached, and the bytes of a line that has not ended."""

    file: BinaryIO
    begun: bytes = b""
    remembered: bytes = b""
    skips: bool = False
    is_gone: bool = False

    def read_lines(self, most: int) -> tuple[list[str], int, bool]:
        """Return the ended lines of at most `most` bytes, how many it read, and whether all."""
        self._go_back_where_cut()
        lines: list[str] = []
        taken = 0
        while taken < most and (block := self.file.read(min(BLOCK, most - taken))):
            taken += len(block)
            self.remembered = (self.remembered + block)[-REMEMBERED:]
            lines += self._split(block)
        is_whole = taken < most or self.file.tell() >= fstat(self.file.fileno()).st_size
        return lines, taken, is_whole

    def _go_back_where_cut(self) -> None:
        """Begin anew where the file is shorter than what was read, or holds other bytes there."""
        place = self.file.tell()
        size = fstat(self.file.fileno()).st_size
        self.file.seek(max(0, place - len(self.remembered)))
        before = self.file.read(len(self.remembered))
        if size < place or before != self.remembered:
            self.file.seek(0)
            self.begun, self.remembered, self.skips = b"", b"", False
        else:
            self.file.seek(place)

    def _split(self, block: bytes) -> Iterator[str]:
        """Yield the lines that end in the block. A line that is too long is given once, cut."""
        *ended, rest = block.split(b"\n")
        for each in ended:
            if not self.skips:
                yield (self.begun + each)[:LONGEST_LINE].decode("utf-8", "replace")
            self.begun, self.skips = b"", False
        if self.skips:
            return
        self.begun += rest
        if len(self.begun) > LONGEST_LINE:
            yield self.begun[:LONGEST_LINE].decode("utf-8", "replace")
            self.begun, self.skips = b"", True


@dataclass
class FileFollower:
    """The files that patterns find (`*`, `**`): each instance may have one of its own.

    What stood in them before `open` is not read; a file that comes later is read from its begin.
    """

    patterns: Sequence[str]
    _files: dict[FileId, FollowedFile] = field(default_factory=dict)

    def open(self) -> None:
        """Go to the ends of the files. Raises `SourceUnavailable` where there is none."""
        for name in self._list_paths():
            if followed := self._open_file(name):
                followed.file.seek(0, 2)
                place = followed.file.tell()
                followed.file.seek(max(0, place - REMEMBERED))
                followed.remembered = followed.file.read(REMEMBERED)
        if not self._files:
            raise SourceUnavailable("there is no such file", ", ".join(self.patterns))

    def close(self) -> None:
        """Close the files."""
        for each in self._files.values():
            each.file.close()
        self._files.clear()

    def read_lines(self) -> tuple[list[tuple[FileId, str]], bool]:
        """Return the new lines, each with the file's id, and whether these are all of them.

        Raises `SourceUnavailable` where no file can be read.
        """
        self._find_new_files()
        if not self._files:
            raise SourceUnavailable("there is no such file any more", ", ".join(self.patterns))
        lines: list[tuple[FileId, str]] = []
        left, are_all = MOST_BYTES, True
        for key, followed in list(self._files.items()):
            texts, taken, is_whole = followed.read_lines(max(left, BLOCK))
            left, are_all = left - taken, are_all and is_whole
            lines += [(key, text) for text in texts]
            if followed.is_gone and is_whole and not taken:
                followed.file.close()
                del self._files[key]
        return lines, are_all

    def _find_new_files(self) -> None:
        there = set()
        for name in self._list_paths():
            try:
                status = Path(name).stat()
            except OSError:
                continue
            there.add((status.st_dev, status.st_ino))
            if (status.st_dev, status.st_ino) not in self._files:
                self._open_file(name)
        for key, followed in self._files.items():
            # It is read once more: its last lines were written after it was renamed.
            followed.is_gone = key not in there

    def _list_paths(self) -> list[str]:
        # Patterns of the settings are absolute and no pathlib ones.
        paths = {name for one in self.patterns for name in glob(one, recursive=True)}  # noqa: PTH207
        return sorted(paths)

    def _open_file(self, name: str) -> FollowedFile | None:
        try:
            file = Path(name).open("rb")  # noqa: SIM115  # it stays open
        except IsADirectoryError:
            return None
        except OSError as error:
            raise SourceUnavailable(f"cannot be read: {error.strerror}", name) from None
        status = fstat(file.fileno())
        followed = FollowedFile(file)
        self._files[status.st_dev, status.st_ino] = followed
        return followed
