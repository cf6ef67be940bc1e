"""Reads the history table of a database, whoever keeps it. Only reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from cutover.database.history.flyway import Version
from cutover.database.history.states import Row
from cutover.database.session import Row as Line  # what psycopg gives: a dict by column
from cutover.database.session import first_line
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

USUAL = {
    "flyway": "flyway_schema_history",
    "alembic": "alembic_version",
    "django": "django_migrations",
}
_COLUMNS = {
    "flyway": ("installed_rank", "version", "description", "type", "script", "checksum", "success"),
    "alembic": ("version_num",),
    "django": ("id", "app", "name"),
}


class NoHistory(Exception):
    """The database keeps no such table."""


def history_table(site: Site) -> tuple[str, str]:
    """Schema and name of the history's table, as the settings have it, or where the tool puts it."""
    named = site.migrations.history_table or USUAL[site.migrations.tool]
    schema, _, table = named.rpartition(".")
    return schema or site.migrations.schemas[0], table


def lines(site: Site, connection: psycopg.Connection[Any]) -> list[Line]:
    """The table's lines in the order of its first column.

    Raises `NoHistory` where there is no such table, `NotProven` where it cannot be read.
    """
    schema, table = history_table(site)
    columns = _COLUMNS[site.migrations.tool]
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table)
    )
    try:
        found = connection.execute(query).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise NoHistory(
            f"the database has no table {schema}.{table}, so nothing says which migrations it"
            " has had"
        ) from None
    except psycopg.Error as error:
        raise NotProven(
            f"the history {schema}.{table} cannot be read: {first_line(error)}"
        ) from None
    return [
        line if isinstance(line, dict) else dict(zip(columns, line, strict=True)) for line in found
    ]


def lines_if_any(read: Callable[[], list[Line]]) -> list[Line]:
    """What `read` gives; nothing where there is no history."""
    try:
        return read()
    except NoHistory:
        return []


def rows_of(lines: list[Line]) -> list[Row]:
    """The lines of a Flyway history. Raises `NotProven` for a version that is none."""
    return [_row(line) for line in lines]


def _row(line: Line) -> Row:
    try:
        version = Version.of(line["version"]) if line["version"] is not None else None
    except ValueError as error:
        raise NotProven(
            f"the history's row {line['installed_rank']} cannot be understood: {error}"
        ) from None
    return Row(
        line["installed_rank"],
        version,
        line["description"],
        line["type"],
        line["script"],
        line["checksum"],
        line["success"],
    )
