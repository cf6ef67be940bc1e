"""Looks at a database as a snapshot asks for it: the same columns, the same key, up to the same
mark.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from cutover.database.rows.figures import Division, Figures, TableFigures
from cutover.database.rows.measure import measure_in
from cutover.database.rows.progress import Progress
from cutover.database.rows.reading import reading
from cutover.database.rows.server import history_name
from cutover.database.rows.tables import Connection, Table, TableSpec, fields, read_tables
from cutover.database.session import first_line
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot

MIGRATED, RESTORED = "migrated", "restored"
"""What a database is expected to be: the snapshot's as the migration should leave it, or the
snapshot's as it was.
"""


@dataclass(frozen=True)
class Look:
    """What was seen: figures, every table's columns with their types, and what is no table with
    rows of its own.
    """

    figures: Figures
    columns: Mapping[str, Mapping[str, str]]
    left_out: Mapping[str, str] = field(default_factory=dict)

    def as_plain(self) -> dict[str, Any]:
        return {
            "figures": self.figures.as_plain(),
            "columns": {name: dict(found) for name, found in self.columns.items()},
            "left_out": dict(self.left_out),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Look:
        return cls(Figures.from_plain(plain["figures"]), plain["columns"], plain["left_out"])


def look(site: Site, before: Snapshot, dsn: str, expected: str) -> Look:
    """Count and fingerprint everything at `dsn`. Raises `DatabaseSilent`."""
    schemas = site.migrations.schemas
    with reading(dsn, time.time() + site.budget.left, schemas) as session:
        tables, left_out = read_tables(session.first, schemas)
        specs = [
            spec_against(
                session.first, site, table, before.figures.tables.get(table.name), expected
            )
            for table in tables.values()
        ]
        figures = measure_in(
            session, specs, connections=site.migrations.connections, watch=Progress(site, "rows")
        )
    return Look(figures, {name: table.columns for name, table in tables.items()}, left_out)


def spec_against(
    connection: Connection,
    site: Site,
    table: Table,
    then: TableFigures | None,
    expected: str,
    *,
    division: Division | None = None,
) -> TableSpec:
    """What to measure of a table so that it can be held against its figures in a snapshot; only its
    rows where its content cannot or need not be.
    """
    if then is None:
        return TableSpec(table, only_counted=True)
    above = then.above if then.above in table.columns else None
    names = compared(then, expected)
    if not names.keys() <= table.columns.keys() or not content_is_compared(
        site, table.name, expected
    ):
        return TableSpec(table, above=above, mark=then.mark, only_counted=True)
    try:
        with connection.transaction():
            found = fields(connection, table, names)
    except psycopg.Error as error:
        return TableSpec(table, above=above, mark=then.mark, cannot=first_line(error))
    key = then.key if set(then.key) <= set(names) else ()
    return TableSpec(
        table, found, key, above=above, mark=then.mark, division=division, cannot=table.cannot
    )


def compared(then: TableFigures, expected: str) -> Mapping[str, str]:
    """The columns that are compared, with the types that they had, or that what they become has."""
    return (
        then.columns
        if expected == RESTORED or then.expected_columns is None
        else then.expected_columns
    )


def content_is_compared(site: Site, table: str, expected: str) -> bool:
    """Everything is, in a restored database; else what is not declared to be anything, and is not
    the history, which a migration adds to.
    """
    change = site.change_of(table)
    return expected == RESTORED or (
        change.content == "compared" and change.rows != "any" and table != history_name(site)
    )
