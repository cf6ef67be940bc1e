"""Which backup is meant, and what kind of thing it is: told by its content, not by its name."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cutover.database.site import Site
from cutover.evidence.examination import NotProven

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
}
_TAR_AT = 257
_PLAIN = (
    b"PostgreSQL database dump",
    b"PostgreSQL database cluster dump",
    b"\nCREATE ",
    b"\nCOPY ",
    b"\nINSERT ",
)
HEAD = 8192


class Kind(StrEnum):
    """As a reader is told."""

    ARCHIVE = "pg_dump archive"
    DIRECTORY = "pg_dump directory"
    TAR = "pg_dump tar"
    PLAIN = "plain SQL"
    BASE = "base backup"
    BASE_TAR = "base backup in tar files"


class NoBackup(Exception):
    """What lies there is no backup, or a damaged one.

    The message is one sentence, without its full stop.
    """


@dataclass(frozen=True)
class Backup:
    """`compression` of the file as a whole, by its program's name; an archive's own does not count."""

    path: Path
    kind: Kind
    compression: str | None = None

    @property
    def is_base(self) -> bool:
        """Whether it holds a whole server."""
        return self.kind in (Kind.BASE, Kind.BASE_TAR)

    def __str__(self) -> str:
        return (
            f"the backup {self.path.name}"
            f" ({self.kind}{f', {self.compression}' if self.compression else ''})"
        )


def newest(site: Site) -> Path:
    """The backup that the settings name (of those that fit a pattern the last written), else the
    one that the target names. Raises `NotProven`.
    """
    wanted = site.migrations.backup.path or site.backup
    if not wanted:
        raise NotProven(
            "no backup is known: say where it is in [targets.NAME.migrations.backup] path"
        )
    found = [Path(path) for path in glob.glob(str(site.path(wanted)), recursive=True)]  # noqa: PTH207
    if not found:
        raise NotProven(
            f"there is no backup at {wanted}: take one, or correct [targets.NAME.migrations.backup]"
            " path"
        )
    return max(found, key=written_at)


def written_at(path: Path) -> float:
    """When it was last written to, as `time.time()`; a folder by what lies in it."""
    inside = (
        [each.stat().st_mtime for each in path.iterdir() if each.is_file()] if path.is_dir() else []
    )
    return max(inside, default=path.stat().st_mtime)


def detect(path: Path) -> Backup:
    """Raises `NoBackup`."""
    if path.is_dir():
        return Backup(path, _kind_of_folder(path))
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise NoBackup(f"the backup {path.name} is empty")
    compression = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
    if compression:
        from cutover.database.backup.streams import head_of

        head = head_of(path, compression)
    return Backup(path, _kind_of(path, head), compression)


def _kind_of_folder(path: Path) -> Kind:
    for name, kind in (("toc.dat", Kind.DIRECTORY), ("backup_manifest", Kind.BASE)):
        if (path / name).exists():
            return Kind.BASE_TAR if kind is Kind.BASE and any(path.glob("base.tar*")) else kind
    if (path / "PG_VERSION").exists():
        raise NoBackup(
            f"the base backup {path.name} has no backup_manifest, so nothing says what belongs"
            " to it"
        )
    raise NoBackup(
        f"{path.name} is no backup: a folder without toc.dat (pg_dump) and without backup_manifest"
        " (pg_basebackup)"
    )


def _kind_of(path: Path, head: bytes) -> Kind:
    if head.startswith(b"PGDMP"):
        return Kind.ARCHIVE
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar" or head.startswith(b"toc.dat\x00"):
        return Kind.TAR
    if any(sign in head for sign in _PLAIN):
        return Kind.PLAIN
    raise NoBackup(
        f"{path.name} is no backup that PostgreSQL makes: its beginning is neither that of an"
        " archive nor of SQL"
    )
