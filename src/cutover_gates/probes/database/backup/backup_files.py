"""Which backup is meant, and what kind of thing it is: told by its content, not by its name."""

from __future__ import annotations

import bz2
import contextlib
import glob
import gzip
import lzma
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext

_COMPRESSION_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
_TAR_OFFSET = 257
_PLAIN_MARKERS = (
    b"PostgreSQL database dump",
    b"PostgreSQL database cluster dump",
    b"\nCREATE ",
    b"\nCOPY ",
    b"\nINSERT ",
)
HEAD_BYTES = 8192


class BackupKind(StrEnum):
    """As a reader is told."""

    ARCHIVE = "pg_dump archive"
    DIRECTORY = "pg_dump directory"
    TAR = "pg_dump tar"
    PLAIN = "plain SQL"
    BASE = "base backup"
    BASE_TAR = "base backup in tar files"


class InvalidBackup(Exception):
    """What lies there is no backup, or a damaged one.

    The message is one sentence, without its full stop.
    """


@dataclass(frozen=True)
class BackupFile:
    """`compression` of the file as a whole, by its program's name; an archive's own does not count."""

    path: Path
    kind: BackupKind
    compression: str | None = None

    @property
    def is_base(self) -> bool:
        """Whether it holds a whole server."""
        return self.kind in (BackupKind.BASE, BackupKind.BASE_TAR)

    def __str__(self) -> str:
        return (
            f"the backup {self.path.name}"
            f" ({self.kind}{f', {self.compression}' if self.compression else ''})"
        )


def find_newest_backup(context: DatabaseContext) -> Path:
    """The backup that the settings name (of those that fit a pattern the last written), else the
    one that the target names. Raises `NotProven`.
    """
    wanted = context.migrations.backup.path or context.backup
    if not wanted:
        raise NotProven(
            "no backup is known: say where it is in [targets.NAME.migrations.backup] path"
        )
    found = [Path(path) for path in glob.glob(str(context.resolve_path(wanted)), recursive=True)]  # noqa: PTH207
    if not found:
        raise NotProven(
            f"there is no backup at {wanted}: take one, or correct [targets.NAME.migrations.backup]"
            " path"
        )
    return max(found, key=modification_time)


def modification_time(path: Path) -> float:
    """When it was last written to, as `time.time()`; a folder by what lies in it."""
    inside = (
        [each.stat().st_mtime for each in path.iterdir() if each.is_file()] if path.is_dir() else []
    )
    return max(inside, default=path.stat().st_mtime)


def detect_backup(path: Path) -> BackupFile:
    """Raises `InvalidBackup`."""
    if path.is_dir():
        return BackupFile(path, _detect_folder_kind(path))
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise InvalidBackup(f"the backup {path.name} is empty")
    compression = next(
        (name for magic, name in _COMPRESSION_MAGIC.items() if head.startswith(magic)), None
    )
    if compression:
        pass  # CODEMOD-EMPTY

        head = read_head(path, compression)
    return BackupFile(path, _detect_file_kind(path, head), compression)


def _detect_folder_kind(path: Path) -> BackupKind:
    for name, kind in (("toc.dat", BackupKind.DIRECTORY), ("backup_manifest", BackupKind.BASE)):
        if (path / name).exists():
            return (
                BackupKind.BASE_TAR
                if kind is BackupKind.BASE and any(path.glob("base.tar*"))
                else kind
            )
    if (path / "PG_VERSION").exists():
        raise InvalidBackup(
            f"the base backup {path.name} has no backup_manifest, so nothing says what belongs"
            " to it"
        )
    raise InvalidBackup(
        f"{path.name} is no backup: a folder without toc.dat (pg_dump) and without backup_manifest"
        " (pg_basebackup)"
    )


def _detect_file_kind(path: Path, head: bytes) -> BackupKind:
    if head.startswith(b"PGDMP"):
        return BackupKind.ARCHIVE
    if head[_TAR_OFFSET : _TAR_OFFSET + 5] == b"ustar" or head.startswith(b"toc.dat\x00"):
        return BackupKind.TAR
    if any(sign in head for sign in _PLAIN_MARKERS):
        return BackupKind.PLAIN
    raise InvalidBackup(
        f"{path.name} is no backup that PostgreSQL makes: its beginning is neither that of an"
        " archive nor of SQL"
    )


_OPENERS: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}


@contextlib.contextmanager
def open_backup(backup: BackupFile) -> Iterator[IO[bytes]]:
    """Its content, uncompressed. Raises `InvalidBackup` when it is damaged or ends too early."""
    with _open_stream(backup.path, backup.compression) as stream:
        yield stream


def read_head(path: Path, compression: str) -> bytes:
    """The first bytes of what is compressed."""
    with _open_stream(path, compression, to_its_end=False) as stream:
        return stream.read(HEAD_BYTES)


@contextlib.contextmanager
def _open_stream(
    path: Path, compression: str | None, *, to_its_end: bool = True
) -> Iterator[IO[bytes]]:
    if compression in ("zstd", "lz4"):
        with _decompress_by_program(path, compression, to_its_end) as stream:
            yield stream
        return
    try:
        with _OPENERS[compression](path) if compression else path.open("rb") as stream:
            yield stream
    except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _damage_error(path, compression, str(error)) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise _damage_error(path, compression, error.strerror or str(error)) from None


@contextlib.contextmanager
def _decompress_by_program(path: Path, compression: str, to_its_end: bool) -> Iterator[IO[bytes]]:
    program = shutil.which(compression)
    if program is None:
        raise NotProven(
            f"{path.name} is compressed with {compression}, and there is no program {compression}"
            " here to read it: install it"
        )
    process = subprocess.Popen(
        [program, "-dc", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        yield process.stdout
        if to_its_end and not process.stdout.read(1) and process.wait() != 0:
            raise _damage_error(
                path, compression, f"{compression} ended with status {process.returncode}"
            )
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _damage_error(path: Path, compression: str | None, why: str) -> InvalidBackup:
    return InvalidBackup(
        f"the backup {path.name} is damaged and cannot be read to its"
        f" end{f' ({compression})' if compression else ''}: {why}"
    )
