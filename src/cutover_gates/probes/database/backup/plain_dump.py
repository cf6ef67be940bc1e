"""Plain SQL, as pg_dump writes it, read line by line to its end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    InvalidBackup,
    open_backup,
)
from cutover_gates.probes.database.context import DatabaseContext

_IDENTIFIER = rb'(?:"(?:[^"]|"")+"|[^\s".(]+)'
_TABLE = re.compile(
    rb"^(?P<verb>COPY|CREATE TABLE|CREATE UNLOGGED TABLE|INSERT INTO) (?P<schema>"
    + _IDENTIFIER
    + rb")\.(?P<name>"
    + _IDENTIFIER
    + rb")[ (]"
)
_LAST_LINE = b"-- PostgreSQL database dump complete"
_OTHER_DATABASE = (b"\\connect ", b"CREATE DATABASE ")
_PARTITION = b" ATTACH PARTITION "
_LARGE_OBJECT = b"SELECT pg_catalog.lo_open("
_END_OF_COPY = b"\\."
# Lines between two looks at the clock: one look a line would cost more than reading it.
_LINES_PER_CLOCK_CHECK = 50_000


@dataclass(frozen=True)
class PlainDump:
    """The content of a plain dump.

    `by_inserts`: the rows are INSERT statements, so a table without rows cannot be told from a
    missing one. `restricted`: the dump itself forbids psql's own commands. `elsewhere`: it creates
    a database of its own, or connects to another. `large_objects`: it fills some.
    `partitioned`: a table has partitions, and then no rows of its own.
    """

    tables: frozenset[str] = frozenset()
    with_rows: frozenset[str] = frozenset()
    by_inserts: bool = False
    restricted: bool = False
    elsewhere: bool = False
    large_objects: bool = False
    partitioned: bool = False


@dataclass
class _DumpReader:
    """The state of reading: `copied` is the table whose rows the current lines are."""

    tables: set[str] = field(default_factory=set)
    with_rows: set[str] = field(default_factory=set)
    by_inserts: bool = False
    restricted: bool = False
    elsewhere: bool = False
    large_objects: bool = False
    partitioned: bool = False
    copied: str = ""
    last: bytes = b""

    def read_line(self, line: bytes) -> None:
        """Record what one line says."""
        if self.copied:
            if line.rstrip() == _END_OF_COPY:
                self.copied = ""
            return
        # pg_dump may write an empty comment and \unrestrict behind its last line.
        if line.strip() not in (b"", b"--") and not line.startswith(b"\\unrestrict"):
            self.last = line
        if table := _TABLE.match(line):
            self._record_table(table, line)
        self.restricted |= line.startswith(b"\\restrict ")
        self.elsewhere |= line.startswith(_OTHER_DATABASE)
        self.large_objects |= line.startswith(_LARGE_OBJECT)
        self.partitioned |= line.startswith(b"ALTER TABLE ") and _PARTITION in line

    def _record_table(self, table: re.Match[bytes], line: bytes) -> None:
        name, verb = _table_name(table), table["verb"]
        if verb.startswith(b"CREATE"):
            self.tables.add(name)
        else:
            self.with_rows.add(name)
        self.by_inserts |= verb.startswith(b"INSERT")
        if verb == b"COPY" and line.rstrip().endswith(b"FROM stdin;"):
            self.copied = name

    def result(self) -> PlainDump:
        """Return what was recorded."""
        return PlainDump(
            frozenset(self.tables),
            frozenset(self.with_rows),
            self.by_inserts,
            self.restricted,
            self.elsewhere,
            self.large_objects,
            self.partitioned,
        )


def read_plain_dump(context: DatabaseContext, backup: BackupFile) -> PlainDump:
    """Return the content of a plain dump.

    Raise `InvalidBackup` where it ends inside a table, or without the line that pg_dump writes
    last.
    """
    reader = _DumpReader()
    with open_backup(backup) as stream:
        for number, line in enumerate(stream):
            if number % _LINES_PER_CLOCK_CHECK == 0 and not context.budget.remaining_seconds:
                reason = f"it was not read to its end: {context.describe_overrun()}"
                raise gap_error(rules.WITHIN_BUDGET, str(backup), reason)
            reader.read_line(line)
    if reader.copied:
        reason = f"it ends within the rows of {context.display_name(reader.copied)}"
        raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
    if not reader.last.startswith(_LAST_LINE):
        reason = f'it was cut off: it does not end with "{_LAST_LINE.decode()}"'
        raise InvalidBackup(rules.BACKUP_READABLE, backup, reason)
    return reader.result()


def _table_name(table: re.Match[bytes]) -> str:
    return ".".join(_unquote(table[part]) for part in ("schema", "name"))


def _unquote(identifier: bytes) -> str:
    text = identifier.decode(errors="replace")
    return text.removeprefix('"').removesuffix('"').replace('""', '"')
