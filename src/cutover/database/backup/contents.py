"""What a backup says of itself, and whether it can be read to its end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cutover.database.backup import base, plain
from cutover.database.backup.kinds import Backup, Kind, NoBackup, written_at
from cutover.database.backup.plain import Plain
from cutover.database.backup.programs import Outcome, run
from cutover.database.backup.streams import opened
from cutover.database.scratch import client
from cutover.database.site import Site

_HEADER = {
    "made": re.compile(r"^; Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.M),
    "database": re.compile(r"^;     dbname: (.*)$", re.M),
    "by": re.compile(r"^;     Dumped by pg_dump version: (\d+)", re.M),
}
_TABLE = re.compile(r"^\d+; \d+ \d+ TABLE (?P<data>DATA )?(?P<schema>\S+) (?P<name>.+) \S+$", re.M)
_ATTACHED = re.compile(r"^\d+; \d+ \d+ TABLE ATTACH ", re.M)


@dataclass(frozen=True)
class Contents:
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
    plain: Plain | None = None


def dated(site: Site, backup: Backup) -> Contents:
    """What its head says. Raises `NoBackup` and `NotProven`."""
    if backup.is_base:
        return Contents(base.made_at(backup))
    if backup.kind is Kind.PLAIN:
        return Contents(datetime.fromtimestamp(written_at(backup.path), UTC), made_by_file=True)
    return _of_archive(backup, pg_restore(site, backup, "--list"))


def contents(site: Site, backup: Backup) -> Contents:
    """With what is in it.

    Plain SQL has no list of that, so it is read to its end. Raises `NoBackup` and `NotProven`.
    """
    head = dated(site, backup)
    if backup.kind is not Kind.PLAIN:
        return head
    found = plain.read(site, backup)
    return replace(
        head,
        tables=found.tables,
        with_rows=None if found.by_inserts else found.with_rows,
        plain=found,
    )


def read_to_the_end(site: Site, backup: Backup) -> Contents:
    """Its contents. Raises `NoBackup` when a part is missing or damaged.

    An uncompressed archive has no checksums: what it holds only the restored copy shows.
    """
    if backup.is_base:
        base.verify(site, backup)
    elif backup.kind is not Kind.PLAIN:
        pg_restore(site, backup, "--file=/dev/null")
    return contents(site, backup)


def pg_restore(site: Site, backup: Backup, *arguments: str) -> Outcome:
    """Run without a database.

    `--list` alone takes a truncated archive for whole. Raises `NoBackup` for any complaint.
    """
    program = client("pg_restore", newest_client())
    if backup.compression:
        with opened(backup) as stream:
            outcome = run(site, program, *arguments, stdin=stream)
    else:
        outcome = run(site, program, *arguments, backup.path)
    if outcome.status != 0 or outcome.complaints:
        why = "; ".join(outcome.complaints[:3]) or f"pg_restore ended with status {outcome.status}"
        raise NoBackup(f"{backup} cannot be read to its end: {why}")
    return outcome


def newest_client() -> int:
    """The highest major version of which there is a pg_restore: it reads the archives of all that
    came before.
    """
    from cutover.database.scratch.binaries import versions

    return max(versions("pg_restore"), default=0)


def _of_archive(backup: Backup, listed: Outcome) -> Contents:
    said = {
        name: found[1]
        for name, pattern in _HEADER.items()
        if (found := pattern.search(listed.output))
    }
    if "made" not in said:
        raise NoBackup(f"{backup} does not say when it was made")
    entries = [
        (bool(entry["data"]), f"{entry['schema']}.{entry['name']}")
        for entry in _TABLE.finditer(listed.output)
    ]
    # A partitioned table has no rows of its own, and the list does not say which one that is.
    rows = None if _ATTACHED.search(listed.output) else _names(entries, data=True)
    made = datetime.fromisoformat(said["made"]).astimezone(
        UTC
    )  # the clock on the wall where it was dumped; taken for this machine's
    return Contents(
        made,
        False,
        said.get("database"),
        _names(entries, data=False),
        rows,
        int(said["by"]) if "by" in said else None,
    )


def _names(entries: Iterable[tuple[bool, str]], *, data: bool) -> frozenset[str]:
    return frozenset(name for is_data, name in entries if is_data is data)
