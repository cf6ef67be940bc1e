"""Base backups: a whole server's files, as pg_basebackup writes them, with the list of what belongs
to them.
"""

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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.backup.backup_files import BackupFile, BackupKind, InvalidBackup
from cutover_gates.probes.database.backup.client_programs import run_program
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program
from cutover_gates.probes.database.scratch.scratch_directory import ScratchDirectory

_CHECKSUM_KEY = b'"Manifest-Checksum": "'
_REMOVED_FILES = (
    "postgresql.auto.conf",
    "standby.signal",
    "recovery.signal",
    "tablespace_map",
    "postmaster.pid",
)


def read_creation_time(backup: BackupFile) -> datetime:
    """When the last of its files was written, by the server's clock."""
    written = [file["Last-Modified"].replace(" GMT", "+00:00") for file in _read_manifest(backup)]
    return max(datetime.fromisoformat(moment) for moment in written).astimezone(UTC)


def read_major_version(backup: BackupFile) -> int:
    """The server's major version."""
    if backup.kind is BackupKind.BASE:
        return int((backup.path / "PG_VERSION").read_text())
    part = next(backup.path.glob("base.tar*"))
    with _open_tar(backup, part) as tar:
        member = next(
            (member for member in tar if member.name.removeprefix("./") == "PG_VERSION"), None
        )
        file = member and tar.extractfile(member)
        if not file:
            raise InvalidBackup(f"{backup}: {part.name} has no PG_VERSION")
        return int(file.read())


def verify_base_backup(context: DatabaseContext, backup: BackupFile) -> None:
    """Every file that the list names is there in full; by `pg_verifybackup` also what is in it,
    where that program works. Raises `InvalidBackup`.
    """
    sizes = {file["Path"]: int(file["Size"]) for file in _read_manifest(backup)}
    found = dict(_list_file_sizes(backup))
    for path, size in sizes.items():
        if path not in found:
            raise InvalidBackup(f"{backup} lacks {path}, which its list names")
        if found[path] != size:
            raise InvalidBackup(
                f"{backup}: {path} has {found[path]} bytes, and its list says {size}"
            )
    _verify_by_program(context, backup)


def base_backup_copier(
    context: DatabaseContext, backup: BackupFile
) -> Callable[[ScratchDirectory], None]:
    """What puts a copy of it into the place of a scratch server.

    Links to tablespaces become folders, so that nothing is written outside of it.
    """

    def fill(place: ScratchDirectory) -> None:
        if shutil.disk_usage(place.path).free < sum(
            int(file["Size"]) for file in _read_manifest(backup)
        ):
            raise NotProven(
                f"there is no room in {place.path.parent} (TMPDIR) for a copy of {backup}"
            )
        if backup.kind is BackupKind.BASE:
            shutil.copytree(backup.path, place.data)
        else:
            _unpack(backup, place.data)
        for name in (
            _REMOVED_FILES
        ):  # they would follow a primary, or archive, or look elsewhere for its files
            (place.data / name).unlink(missing_ok=True)
        place.data.chmod(0o700)
        if not context.budget.remaining_seconds:
            raise NotProven(
                f"{backup} could not be copied within the time that the gate may take"
                " (budget_seconds)"
            )

    return fill


def _read_manifest(backup: BackupFile) -> list[dict[str, Any]]:
    """The list of its files, once its own checksum holds."""
    content = (backup.path / "backup_manifest").read_bytes()
    at = content.rfind(_CHECKSUM_KEY)
    if (
        at < 0
        or hashlib.sha256(content[:at]).hexdigest().encode()
        != content[at + len(_CHECKSUM_KEY) :][:64]
    ):
        raise InvalidBackup(f"{backup} has a damaged list of its files (backup_manifest)")
    return list(json.loads(content)["Files"])


def _list_file_sizes(backup: BackupFile) -> Iterator[tuple[str, int]]:
    if backup.kind is BackupKind.BASE:
        yield from (
            (str(path.relative_to(backup.path)), path.stat().st_size)
            for path in backup.path.rglob("*")
            if path.is_file()
        )
        return
    for part in backup.path.glob("*.tar*"):
        with _open_tar(backup, part) as tar:
            yield from (
                (f"{_target_folder(part)}{member.name.removeprefix('./')}", member.size)
                for member in tar
                if member.isfile()
            )


def _verify_by_program(context: DatabaseContext, backup: BackupFile) -> None:
    """The program of PostgreSQL 18 in the wheel crashes (status below zero): then a started copy,
    read to its end, has to show it.
    """
    with contextlib.suppress(NotProven):
        program = find_client_program("pg_verifybackup", read_major_version(backup))
        outcome = run_program(context, program, "--no-parse-wal", backup.path)
        if outcome.status > 0:
            raise InvalidBackup(
                f"{backup} is damaged:"
                f" {'; '.join(outcome.complaints[:3]) or 'pg_verifybackup says so'}"
            )


def _unpack(backup: BackupFile, to: Path) -> None:
    for part in sorted(backup.path.glob("*.tar*")):
        with _open_tar(backup, part) as tar:
            safely: dict[str, Any] = (
                {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            )  # Python 3.11 has it since 3.11.4
            tar.extractall(to / _target_folder(part), **safely)


def _target_folder(part: Path) -> str:
    """Where the content of a tar file belongs: `base`, `pg_wal`, or a tablespace by its number."""
    name = re.sub(r"\.tar.*", "", part.name)
    return {"base": "", "pg_wal": "pg_wal/"}.get(name, f"pg_tblspc/{name}/")


@contextlib.contextmanager
def _open_tar(backup: BackupFile, part: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(part) as tar:
            yield tar
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise InvalidBackup(
            f"{backup}: {part.name} is damaged and cannot be read to its end: {error}"
        ) from None
