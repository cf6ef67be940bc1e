"""The backup that is meant, and its kind, which is recognised by content and not by name."""

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

from cutover_gates.core.findings import Finding, Rule, gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.subprocesses import bind_to_parent, kill_child

_COMPRESSION_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
# Offset of the magic word in the header of a tar file.
_TAR_OFFSET = 257
_PLAIN_MARKERS = (
    b"PostgreSQL database dump",
    b"PostgreSQL database cluster dump",
    b"\nCREATE ",
    b"\nCOPY ",
    b"\nINSERT ",
)
HEAD_BYTES = 8192
_OPENERS: dict[str, Any] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
_DAMAGE_ERRORS = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError)


class BackupKind(StrEnum):
    """The kinds of backup, named as a reader knows them."""

    ARCHIVE = "pg_dump archive"
    DIRECTORY = "pg_dump directory"
    TAR = "pg_dump tar"
    PLAIN = "plain SQL"
    BASE = "base backup"
    BASE_TAR = "base backup in tar files"


class InvalidBackup(Exception):
    """A file is no backup, or a damaged one. `finding` says of which rule it is a breach."""

    def __init__(self, rule: Rule, subject: object, reason: str) -> None:
        self.finding = Finding(rule, str(subject), "", reason)
        super().__init__(str(self.finding))


@dataclass(frozen=True)
class BackupFile:
    """A file or folder that holds a backup.

    `compression` is that of the file as a whole, by the name of its program; an archive's own
    compression does not count.
    """

    path: Path
    kind: BackupKind
    compression: str | None = None

    @property
    def is_base(self) -> bool:
        """True where it holds a whole server."""
        return self.kind in (BackupKind.BASE, BackupKind.BASE_TAR)

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        files = self.path.rglob("*") if self.path.is_dir() else (self.path,)
        return sum(path.stat().st_size for path in files if path.is_file())

    def __str__(self) -> str:
        compression = f", {self.compression}" if self.compression else ""
        return f"{self.path.name} ({self.kind}{compression})"


def find_newest_backup(context: DatabaseContext) -> Path:
    """Return the backup that the settings name, else the one that the target names.

    Of several files that fit a pattern it is the last one written. Raise `NotProven` where there is
    none.
    """
    wanted = context.migrations.backup.path or context.backup
    if not wanted:
        raise gap_error(rules.BACKUP_EXISTS, context.target, "no setting says where a backup is")
    # Path.glob takes no absolute patterns, and the settings may name one.
    names = glob.glob(str(context.resolve_path(wanted)), recursive=True)  # noqa: PTH207
    if not names:
        raise gap_error(rules.BACKUP_EXISTS, str(wanted), "there is no backup")
    return max((Path(name) for name in names), key=modification_time)


def modification_time(path: Path) -> float:
    """Return the time of the last write (`time.time()`); of a folder, that of its newest file."""
    files = [each for each in path.iterdir() if each.is_file()] if path.is_dir() else []
    times = [each.stat().st_mtime for each in files]
    return max(times, default=path.stat().st_mtime)


def detect_backup(path: Path) -> BackupFile:
    """Return the backup at `path` with its kind. Raise `InvalidBackup` where it is none."""
    if path.is_dir():
        return BackupFile(path, _detect_folder_kind(path))
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise InvalidBackup(rules.BACKUP_FORMAT, path.name, "the file is empty")
    compression = next(
        (name for magic, name in _COMPRESSION_MAGIC.items() if head.startswith(magic)), None
    )
    if compression:
        head = _read_head(path, compression)
    return BackupFile(path, _detect_file_kind(path, head), compression)


def _detect_folder_kind(path: Path) -> BackupKind:
    if (path / "toc.dat").exists():
        return BackupKind.DIRECTORY
    if (path / "backup_manifest").exists():
        return BackupKind.BASE_TAR if any(path.glob("base.tar*")) else BackupKind.BASE
    if (path / "PG_VERSION").exists():
        reason = "a base backup without backup_manifest, the list of its files"
        raise InvalidBackup(rules.BACKUP_FORMAT, path.name, reason)
    reason = "a folder without toc.dat (pg_dump) and backup_manifest (pg_basebackup)"
    raise InvalidBackup(rules.BACKUP_FORMAT, path.name, reason)


def _detect_file_kind(path: Path, head: bytes) -> BackupKind:
    if head.startswith(b"PGDMP"):
        return BackupKind.ARCHIVE
    if head[_TAR_OFFSET : _TAR_OFFSET + 5] == b"ustar" or head.startswith(b"toc.dat\x00"):
        return BackupKind.TAR
    if any(marker in head for marker in _PLAIN_MARKERS):
        return BackupKind.PLAIN
    reason = "the file begins neither as an archive nor as SQL"
    raise InvalidBackup(rules.BACKUP_FORMAT, path.name, reason)


@contextlib.contextmanager
def open_backup(backup: BackupFile) -> Iterator[IO[bytes]]:
    """Open the uncompressed content.

    Raise `InvalidBackup` where the file is damaged or ends too early.
    """
    with _open_stream(backup.path, backup.compression) as stream:
        yield stream


def _read_head(path: Path, compression: str) -> bytes:
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
    except BrokenPipeError:  # the reader ended, and the file is not to blame
        raise
    except _DAMAGE_ERRORS as error:
        raise _damage_error(path, compression, str(error)) from None
    except OSError as error:
        raise _damage_error(path, compression, error.strerror or str(error)) from None


@contextlib.contextmanager
def _decompress_by_program(path: Path, compression: str, to_its_end: bool) -> Iterator[IO[bytes]]:
    """Decompress by the program of that name: Python 3.11 has no module for zstd and lz4."""
    if shutil.which(compression) is None:
        reason = f"the program {compression}, which decompresses it, is not installed"
        raise gap_error(rules.BACKUP_READABLE, path.name, reason)
    process = subprocess.Popen(
        bind_to_parent([compression, "-dc", path]),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None  # it was asked for
    try:
        yield process.stdout
        if to_its_end and not process.stdout.read(1) and process.wait() != 0:
            reason = f"{compression} ended with status {process.returncode}"
            raise _damage_error(path, compression, reason)
    finally:
        # Whoever reads only the head leaves the program running.
        kill_child(process)
        process.stdout.close()


def _damage_error(path: Path, compression: str | None, reason: str) -> InvalidBackup:
    subject = f"{path.name} ({compression})" if compression else path.name
    return InvalidBackup(rules.BACKUP_READABLE, subject, reason)
