"""Base backups: the files of a whole server as pg_basebackup writes them, with their manifest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import re
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_files import BackupFile, BackupKind, InvalidBackup
from cutover_gates.probes.database.backup.client_programs import run_program
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program
from cutover_gates.probes.database.scratch.scratch_directory import ScratchDirectory

_CHECKSUM_KEY = b'"Manifest-Checksum": "'
_SHA256_CHARACTERS = 64
# Files that would make the copy follow a primary, archive, or use files elsewhere.
_REMOVED_FILES = (
    "postgresql.auto.conf",
    "standby.signal",
    "recovery.signal",
    "tablespace_map",
    "postmaster.pid",
)
# Complaints of a program that a finding quotes.
_MAX_COMPLAINTS = 3


@dataclass(frozen=True)
class _ManifestFile:
    path: str
    size: int
    modified: datetime


def read_creation_time(backup: BackupFile) -> datetime:
    """Return the time of the last write to any file, by the server's clock."""
    return max(file.modified for file in _read_manifest(backup)).astimezone(UTC)


def read_major_version(backup: BackupFile) -> int:
    """Return the server's major version."""
    if backup.kind is BackupKind.BASE:
        return int((backup.path / "PG_VERSION").read_text())
    part = next(backup.path.glob("base.tar*"))
    with _open_tar(backup, part) as tar:
        names = (member for member in tar if member.name.removeprefix("./") == "PG_VERSION")
        member = next(names, None)
        file = member and tar.extractfile(member)
        if not file:
            reason = f"{part.name} has no PG_VERSION"
            raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
        return int(file.read())


def verify_base_backup(context: DatabaseContext, backup: BackupFile) -> None:
    """Check that every file of the manifest is there in full.

    pg_verifybackup also checks the content, where that program works. Raise `InvalidBackup`.
    """
    sizes = dict(_list_file_sizes(backup))
    for file in _read_manifest(backup):
        if file.path not in sizes:
            reason = f"{file.path}, which its manifest names, is missing"
            raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
        if sizes[file.path] != file.size:
            reason = f"{file.path} has {sizes[file.path]} bytes, and its manifest says {file.size}"
            raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
    _verify_by_program(context, backup)


def base_backup_copier(
    context: DatabaseContext, backup: BackupFile
) -> Callable[[ScratchDirectory], None]:
    """Return a function that puts a copy of the backup into the directory of a scratch server.

    Links to tablespaces become folders, so nothing is written outside of the directory.
    """

    def copy_into(directory: ScratchDirectory) -> None:
        size = sum(file.size for file in _read_manifest(backup))
        if shutil.disk_usage(directory.path).free < size:
            reason = f"no room in {directory.path.parent} (TMPDIR) for a copy of {size} bytes"
            raise gap_error(rules.ROOM_FOR_COPY, str(backup), reason)
        if backup.kind is BackupKind.BASE:
            shutil.copytree(backup.path, directory.data)
        else:
            _unpack(backup, directory.data)
        for name in _REMOVED_FILES:
            (directory.data / name).unlink(missing_ok=True)
        directory.data.chmod(0o700)  # PostgreSQL refuses a data folder that others can read
        if not context.budget.remaining_seconds:
            reason = f"it was not copied to its end: {context.describe_overrun()}"
            raise gap_error(rules.WITHIN_BUDGET, str(backup), reason)

    return copy_into


def _read_manifest(backup: BackupFile) -> list[_ManifestFile]:
    """Return the files of the manifest. Raise `InvalidBackup` where its own checksum is wrong."""
    content = (backup.path / "backup_manifest").read_bytes()
    position = content.rfind(_CHECKSUM_KEY)
    checksum = content[position + len(_CHECKSUM_KEY) :][:_SHA256_CHARACTERS]
    if position < 0 or hashlib.sha256(content[:position]).hexdigest().encode() != checksum:
        reason = "its manifest (backup_manifest) is damaged"
        raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
    return [_parse_file(file) for file in json.loads(content)["Files"]]


def _parse_file(file: dict[str, Any]) -> _ManifestFile:
    modified = datetime.fromisoformat(file["Last-Modified"].replace(" GMT", "+00:00"))
    # A name that is no UTF-8 stands in hexadecimal under "Encoded-Path".
    path = file.get("Path") or bytes.fromhex(file["Encoded-Path"]).decode(errors="replace")
    return _ManifestFile(path, int(file["Size"]), modified)


def _list_file_sizes(backup: BackupFile) -> Iterator[tuple[str, int]]:
    if backup.kind is BackupKind.BASE:
        for path in backup.path.rglob("*"):
            if path.is_file():
                yield str(path.relative_to(backup.path)), path.stat().st_size
        return
    for part in backup.path.glob("*.tar*"):
        with _open_tar(backup, part) as tar:
            for member in tar:
                if member.isfile():
                    name = member.name.removeprefix("./")
                    yield f"{_target_folder(part)}{name}", member.size


def _verify_by_program(context: DatabaseContext, backup: BackupFile) -> None:
    """Run pg_verifybackup, where it is installed.

    The program of PostgreSQL 18 in the wheel crashes (status below zero); then only a started copy
    that is read to its end shows damage.
    """
    with contextlib.suppress(NotProven):
        program = find_client_program("pg_verifybackup", read_major_version(backup))
        result = run_program(context, program, "--no-parse-wal", backup.path)
        if result.status > 0:
            complaints = "; ".join(result.complaints[:_MAX_COMPLAINTS])
            reason = complaints or "pg_verifybackup calls it damaged"
            raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)


def _unpack(backup: BackupFile, to: Path) -> None:
    # The filter is in Python 3.11 since 3.11.4.
    safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    for part in sorted(backup.path.glob("*.tar*")):
        with _open_tar(backup, part) as tar:
            tar.extractall(to / _target_folder(part), **safely)


def _target_folder(part: Path) -> str:
    """Return the folder for the content of a tar file, which its name tells."""
    name = re.sub(r"\.tar.*", "", part.name)
    return {"base": "", "pg_wal": "pg_wal/"}.get(name, f"pg_tblspc/{name}/")


@contextlib.contextmanager
def _open_tar(backup: BackupFile, part: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(part) as tar:
            yield tar
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        reason = f"{part.name} cannot be read to its end: {error}"
        raise InvalidBackup(rules.BACKUP_READABLE, backup, reason) from None
