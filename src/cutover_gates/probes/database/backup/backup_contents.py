"""The contents of a backup of any kind: its date, its database and its tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cutover_gates.probes.database.backup import base_backup, rules
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    BackupKind,
    InvalidBackup,
    modification_time,
    open_backup,
)
from cutover_gates.probes.database.backup.client_programs import ClientProgramResult, run_program
from cutover_gates.probes.database.backup.plain_dump import PlainDump, read_plain_dump
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.postgres_binaries import (
    find_client_program,
    list_versions,
)

_HEADER_PATTERNS = {
    "made": re.compile(r"^; Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.M),
    "database": re.compile(r"^;     dbname: (.*)$", re.M),
    "by": re.compile(r"^;     Dumped by pg_dump version: (\d+)", re.M),
}
_ARCHIVE_TABLE = re.compile(
    r"^\d+; \d+ \d+ TABLE (?P<data>DATA )?(?P<schema>\S+) (?P<name>.+) \S+$", re.M
)
_ARCHIVE_OBJECT = re.compile(r"^\d+; \d+ \d+ BLOB", re.M)
_ARCHIVE_PARTITION = re.compile(r"^\d+; \d+ \d+ TABLE ATTACH ", re.M)
# Complaints of a program that a finding quotes.
_MAX_COMPLAINTS = 3


@dataclass(frozen=True)
class BackupContents:
    """The contents of a backup, as far as its kind tells them.

    `made_at` is in UTC; `made_by_file`: it is only the file's own date. `tables` is None where
    nothing names them (base backups), `with_rows` where nothing says which tables have their rows.
    `large_objects` says whether it holds any; None where nothing tells it. `tool` is the major
    version of the program that wrote it. `plain` is set for plain SQL.
    """

    made_at: datetime
    made_by_file: bool = False
    database: str | None = None
    tables: frozenset[str] | None = None
    with_rows: frozenset[str] | None = None
    tool: int | None = None
    large_objects: bool | None = None
    plain: PlainDump | None = None


def read_header(context: DatabaseContext, backup: BackupFile) -> BackupContents:
    """Return what the header says. Raise `InvalidBackup` and `NotProven`."""
    if backup.is_base:
        return BackupContents(base_backup.read_creation_time(backup))
    if backup.kind is BackupKind.PLAIN:
        written = datetime.fromtimestamp(modification_time(backup.path), UTC)
        return BackupContents(written, made_by_file=True)
    return _parse_archive_list(backup, run_pg_restore(context, backup, "--list"))


def read_contents(context: DatabaseContext, backup: BackupFile) -> BackupContents:
    """Return the header with the list of tables.

    Plain SQL has no such list, so it is read to its end. Raise `InvalidBackup` and `NotProven`.
    """
    header = read_header(context, backup)
    if backup.kind is not BackupKind.PLAIN:
        return header
    dump = read_plain_dump(context, backup)
    with_rows = None if dump.by_inserts or dump.partitioned else dump.with_rows
    return replace(
        header,
        tables=dump.tables,
        with_rows=with_rows,
        large_objects=dump.large_objects,
        plain=dump,
    )


def verify_contents(context: DatabaseContext, backup: BackupFile) -> BackupContents:
    """Return the contents after reading the backup to its end.

    Raise `InvalidBackup` where a part is missing or damaged. An uncompressed archive has no
    checksums, so damage in its rows shows only in the restored copy.
    """
    if backup.is_base:
        base_backup.verify_base_backup(context, backup)
    elif backup.kind is not BackupKind.PLAIN:
        # `--list` alone accepts a truncated archive.
        run_pg_restore(context, backup, "--file=/dev/null")
    return read_contents(context, backup)


def run_pg_restore(
    context: DatabaseContext, backup: BackupFile, *arguments: str
) -> ClientProgramResult:
    """Run pg_restore without a database. Raise `InvalidBackup` for any complaint."""
    program = find_client_program("pg_restore", find_newest_pg_restore())
    if backup.compression:
        with open_backup(backup) as stream:
            result = run_program(context, program, *arguments, stdin=stream)
    else:
        result = run_program(context, program, *arguments, backup.path)
    if result.status != 0 or result.complaints:
        status = f"pg_restore ended with status {result.status}"
        reason = "; ".join(result.complaints[:_MAX_COMPLAINTS]) or status
        raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
    return result


def find_newest_pg_restore() -> int:
    """Return the highest major version of pg_restore here: it reads all older archives."""
    return max(list_versions("pg_restore"), default=0)


def _parse_archive_list(backup: BackupFile, listed: ClientProgramResult) -> BackupContents:
    header = {
        name: match[1]
        for name, pattern in _HEADER_PATTERNS.items()
        if (match := pattern.search(listed.output))
    }
    if "made" not in header:
        raise InvalidBackup(rules.BACKUP_READABLE, backup, "it does not say when it was made")
    entries = [
        (bool(entry["data"]), f"{entry['schema']}.{entry['name']}")
        for entry in _ARCHIVE_TABLE.finditer(listed.output)
    ]
    # A partitioned table has no rows of its own, and the list does not mark it.
    is_partitioned = _ARCHIVE_PARTITION.search(listed.output)
    # The archive holds local time without its zone; the zone of this machine is assumed.
    made_at = datetime.fromisoformat(header["made"]).astimezone(UTC)
    return BackupContents(
        made_at,
        database=header.get("database"),
        tables=_select_names(entries, data=False),
        with_rows=None if is_partitioned else _select_names(entries, data=True),
        tool=int(header["by"]) if "by" in header else None,
        large_objects=_ARCHIVE_OBJECT.search(listed.output) is not None,
    )


def _select_names(entries: Iterable[tuple[bool, str]], *, data: bool) -> frozenset[str]:
    return frozenset(name for is_data, name in entries if is_data is data)
