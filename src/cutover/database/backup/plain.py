"""Plain SQL, as pg_dump writes it: read line by line to its end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cutover.database.backup.kinds import Backup, NoBackup
from cutover.database.backup.streams import opened
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

_PART = rb'(?:"(?:[^"]|"")+"|[^\s".(]+)'
_TABLE = re.compile(
    rb"^(?P<verb>COPY|CREATE TABLE|CREATE UNLOGGED TABLE|INSERT INTO) (?P<schema>"
    + _PART
    + rb")\.(?P<name>"
    + _PART
    + rb")[ (]"
)
_COMPLETE = b"-- PostgreSQL database dump complete"
_ELSEWHERE = (b"\\connect ", b"CREATE DATABASE ")
_LINES = 50_000  # between two looks at the clock


@dataclass
class Plain:
    """`restricted`: the dump itself forbids psql's own commands.

    `elsewhere`: it makes its own database, or goes to another.
    """

    tables: frozenset[str] = frozenset()
    with_rows: frozenset[str] = frozenset()
    by_inserts: bool = False
    restricted: bool = False
    elsewhere: bool = False


def read(site: Site, backup: Backup) -> Plain:
    """Raises `NoBackup` when it ends before its end: inside a table, or without the mark that
    pg_dump writes last.
    """
    found, tables, rows = Plain(), set[str](), set[str]()
    inside, last = "", b""
    with opened(backup) as stream:
        for number, line in enumerate(stream):
            if number % _LINES == 0 and not site.budget.left:
                raise NotProven(
                    f"{backup} could not be read to its end within the time that the gate may take"
                    " (budget_seconds)"
                )
            if inside:
                inside = "" if line.rstrip() == b"\\." else inside
                continue
            if line.strip() not in (b"", b"--") and not line.startswith(b"\\unrestrict"):
                last = line
            if table := _TABLE.match(line):
                name = _name(table)
                (tables if table["verb"].startswith(b"CREATE") else rows).add(name)
                found.by_inserts |= table["verb"].startswith(b"INSERT")
                inside = (
                    name
                    if table["verb"] == b"COPY" and line.rstrip().endswith(b"FROM stdin;")
                    else ""
                )
            _note(found, line)
    if inside:
        raise NoBackup(f"{backup} ends in the midst of the rows of {site.shown(inside)}")
    if not last.startswith(_COMPLETE):
        raise NoBackup(f'{backup} was cut off: it does not end with "{_COMPLETE.decode()}"')
    found.tables, found.with_rows = frozenset(tables), frozenset(rows)
    return found


def _note(found: Plain, line: bytes) -> None:
    found.restricted |= line.startswith(b"\\restrict ")
    found.elsewhere |= line.startswith(_ELSEWHERE)


def _name(table: re.Match[bytes]) -> str:
    return ".".join(
        table[part].decode(errors="replace").removeprefix('"').removesuffix('"').replace('""', '"')
        for part in ("schema", "name")
    )
