"""Plain SQL, as pg_dump writes it: read line by line to its end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.backup import backup_contents, base_backup
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    BackupKind,
    InvalidBackup,
    modification_time,
    open_backup,
)
from cutover_gates.probes.database.backup.client_programs import ClientProgramResult, run_program
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program

_IDENTIFIER = rb'(?:"(?:[^"]|"")+"|[^\s".(]+)'
_PLAIN_TABLE = re.compile(
    rb"^(?P<verb>COPY|CREATE TABLE|CREATE UNLOGGED TABLE|INSERT INTO) (?P<schema>"
    + _IDENTIFIER
    + rb")\.(?P<name>"
    + _IDENTIFIER
    + rb")[ (]"
)
_LAST_LINE = b"-- PostgreSQL database dump complete"
_OTHER_DATABASE = (b"\\connect ", b"CREATE DATABASE ")
_LINES_PER_CLOCK_CHECK = 50_000  # between two looks at the clock


@dataclass
class PlainDump:
    """`restricted`: the dump itself forbids psql's own commands.

    `elsewhere`: it makes its own database, or goes to another.
    """

    tables: frozenset[str] = frozenset()
    with_rows: frozenset[str] = frozenset()
    by_inserts: bool = False
    restricted: bool = False
    elsewhere: bool = False


def read_plain_dump(context: DatabaseContext, backup: BackupFile) -> PlainDump:
    """Raises `InvalidBackup` when it ends before its end: inside a table, or without the mark that
    pg_dump writes last.
    """
    found, tables, rows = PlainDump(), set[str](), set[str]()
    inside, last = "", b""
    with open_backup(backup) as stream:
        for number, line in enumerate(stream):
            if number % _LINES_PER_CLOCK_CHECK == 0 and not context.budget.remaining_seconds:
                raise NotProven(
                    f"{backup} could not be read to its end within the time that the gate may take"
                    " (budget_seconds)"
                )
            if inside:
                inside = "" if line.rstrip() == b"\\." else inside
                continue
            if line.strip() not in (b"", b"--") and not line.startswith(b"\\unrestrict"):
                last = line
            if table := _PLAIN_TABLE.match(line):
                name = _table_name(table)
                (tables if table["verb"].startswith(b"CREATE") else rows).add(name)
                found.by_inserts |= table["verb"].startswith(b"INSERT")
                inside = (
                    name
                    if table["verb"] == b"COPY" and line.rstrip().endswith(b"FROM stdin;")
                    else ""
                )
            _record_features(found, line)
    if inside:
        raise InvalidBackup(
            f"{backup} ends in the midst of the rows of {context.display_name(inside)}"
        )
    if not last.startswith(_LAST_LINE):
        raise InvalidBackup(f'{backup} was cut off: it does not end with "{_LAST_LINE.decode()}"')
    found.tables, found.with_rows = frozenset(tables), frozenset(rows)
    return found


def _record_features(found: PlainDump, line: bytes) -> None:
    found.restricted |= line.startswith(b"\\restrict ")
    found.elsewhere |= line.startswith(_OTHER_DATABASE)


def _table_name(table: re.Match[bytes]) -> str:
    return ".".join(
        table[part].decode(errors="replace").removeprefix('"').removesuffix('"').replace('""', '"')
        for part in ("schema", "name")
    )


_HEADER_PATTERNS = {
    "made": re.compile(r"^; Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.M),
    "database": re.compile(r"^;     dbname: (.*)$", re.M),
    "by": re.compile(r"^;     Dumped by pg_dump version: (\d+)", re.M),
}
_ARCHIVE_TABLE = re.compile(
    r"^\d+; \d+ \d+ TABLE (?P<data>DATA )?(?P<schema>\S+) (?P<name>.+) \S+$", re.M
)
_ARCHIVE_PARTITION = re.compile(r"^\d+; \d+ \d+ TABLE ATTACH ", re.M)


@dataclass(frozen=True)
class BackupContents:
    """`made_at` is UTC, and `made_by_file` says that only the file's own date was there to take it
    from. A base backup names no tables (None).

    `with_rows`: the tables whose rows are in it, None where that cannot be told. `tool` is the
    major version that it was dumped with. `plain`: what only plain SQL can say.
    """

    made_at: datetime
    made_by_file: bool = False
    database: str | None = None
    tables: frozenset[str] | None = None
    with_rows: frozenset[str] | None = None
    tool: int | None = None
    plain: PlainDump | None = None


def read_header(context: DatabaseContext, backup: BackupFile) -> BackupContents:
    """What its head says. Raises `InvalidBackup` and `NotProven`."""
    if backup.is_base:
        return BackupContents(base_backup.read_creation_time(backup))
    if backup.kind is BackupKind.PLAIN:
        return BackupContents(
            datetime.fromtimestamp(modification_time(backup.path), UTC), made_by_file=True
        )
    return _parse_archive_list(backup, run_pg_restore(context, backup, "--list"))


def read_contents(context: DatabaseContext, backup: BackupFile) -> BackupContents:
    """With what is in it.

    Plain SQL has no list of that, so it is read to its end. Raises `InvalidBackup` and `NotProven`.
    """
    head = read_header(context, backup)
    if backup.kind is not BackupKind.PLAIN:
        return head
    found = backup_contents.read_plain_dump(context, backup)
    return replace(
        head,
        tables=found.tables,
        with_rows=None if found.by_inserts else found.with_rows,
        plain=found,
    )


def verify_contents(context: DatabaseContext, backup: BackupFile) -> BackupContents:
    """Its contents. Raises `InvalidBackup` when a part is missing or damaged.

    An uncompressed archive has no checksums: what it holds only the restored copy shows.
    """
    if backup.is_base:
        base_backup.verify_base_backup(context, backup)
    elif backup.kind is not BackupKind.PLAIN:
        run_pg_restore(context, backup, "--file=/dev/null")
    return read_contents(context, backup)


def run_pg_restore(
    context: DatabaseContext, backup: BackupFile, *arguments: str
) -> ClientProgramResult:
    """Run without a database.

    `--list` alone takes a truncated archive for whole. Raises `InvalidBackup` for any complaint.
    """
    program = find_client_program("pg_restore", find_newest_pg_restore())
    if backup.compression:
        with open_backup(backup) as stream:
            outcome = run_program(context, program, *arguments, stdin=stream)
    else:
        outcome = run_program(context, program, *arguments, backup.path)
    if outcome.status != 0 or outcome.complaints:
        why = "; ".join(outcome.complaints[:3]) or f"pg_restore ended with status {outcome.status}"
        raise InvalidBackup(f"{backup} cannot be read to its end: {why}")
    return outcome


def find_newest_pg_restore() -> int:
    """The highest major version of which there is a pg_restore: it reads the archives of all that
    came before.
    """
    from cutover_gates.probes.database.scratch.postgres_binaries import list_versions

    return max(list_versions("pg_restore"), default=0)


def _parse_archive_list(backup: BackupFile, listed: ClientProgramResult) -> BackupContents:
    said = {
        name: found[1]
        for name, pattern in _HEADER_PATTERNS.items()
        if (found := pattern.search(listed.output))
    }
    if "made" not in said:
        raise InvalidBackup(f"{backup} does not say when it was made")
    entries = [
        (bool(entry["data"]), f"{entry['schema']}.{entry['name']}")
        for entry in _ARCHIVE_TABLE.finditer(listed.output)
    ]
    # A partitioned table has no rows of its own, and the list does not say which one that is.
    rows = None if _ARCHIVE_PARTITION.search(listed.output) else _select_names(entries, data=True)
    made = datetime.fromisoformat(said["made"]).astimezone(
        UTC
    )  # the clock on the wall where it was dumped; taken for this machine's
    return BackupContents(
        made,
        False,
        said.get("database"),
        _select_names(entries, data=False),
        rows,
        int(said["by"]) if "by" in said else None,
    )


def _select_names(entries: Iterable[tuple[bool, str]], *, data: bool) -> frozenset[str]:
    return frozenset(name for is_data, name in entries if is_data is data)
