"""Reads the history table of a database, whoever keeps it. Only reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    connect_read_only,
    first_error_line,
)
from cutover_gates.probes.database.context import (
    Row as Line,  # what psycopg gives: a dict by column
)
from cutover_gates.probes.database.history import history_table
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_states import FlywayRow, compute_states
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    load_install_scripts,
    load_scripts,
)

DEFAULT_HISTORY_TABLES = {
    "flyway": "flyway_schema_history",
    "alembic": "alembic_version",
    "django": "django_migrations",
}
_HISTORY_COLUMNS = {
    "flyway": ("installed_rank", "version", "description", "type", "script", "checksum", "success"),
    "alembic": ("version_num",),
    "django": ("id", "app", "name"),
}


class HistoryTableNotFound(Exception):
    """The database keeps no such table."""


def history_table_name(site: DatabaseContext) -> tuple[str, str]:
    """Schema and name of the history's table, as the settings have it, or where the tool puts it."""
    named = site.migrations.history_table or DEFAULT_HISTORY_TABLES[site.migrations.tool]
    schema, _, table = named.rpartition(".")
    return schema or site.migrations.schemas[0], table


def read_history_lines(site: DatabaseContext, connection: psycopg.Connection[Any]) -> list[Line]:
    """The table's lines in the order of its first column.

    Raises `HistoryTableNotFound` where there is no such table, `NotProven` where it cannot be read.
    """
    schema, table = history_table_name(site)
    columns = _HISTORY_COLUMNS[site.migrations.tool]
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table)
    )
    try:
        found = connection.execute(query).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise HistoryTableNotFound(
            f"the database has no table {schema}.{table}, so nothing says which migrations it"
            " has had"
        ) from None
    except psycopg.Error as error:
        raise NotProven(
            f"the history {schema}.{table} cannot be read: {first_error_line(error)}"
        ) from None
    return [
        line if isinstance(line, dict) else dict(zip(columns, line, strict=True)) for line in found
    ]


def read_history_lines_if_present(read: Callable[[], list[Line]]) -> list[Line]:
    """What `read` gives; nothing where there is no history."""
    try:
        return read()
    except HistoryTableNotFound:
        return []


def parse_flyway_rows(lines: list[Line]) -> list[FlywayRow]:
    """The lines of a Flyway history. Raises `NotProven` for a version that is none."""
    return [_parse_flyway_row(line) for line in lines]


def _parse_flyway_row(line: Line) -> FlywayRow:
    try:
        version = Version.parse(line["version"]) if line["version"] is not None else None
    except ValueError as error:
        raise NotProven(
            f"the history's row {line['installed_rank']} cannot be understood: {error}"
        ) from None
    return FlywayRow(
        line["installed_rank"],
        version,
        line["description"],
        line["type"],
        line["script"],
        line["checksum"],
        line["success"],
    )


def find_pending_scripts(site: DatabaseContext, dsn: str) -> list[MigrationScript]:
    """What the history in the database at `dsn` (of the target, or a copy of it) has not applied
    yet, in the order in which Flyway would run it.

    A repeatable script that changed since is pending, too. A database without a history has had
    nothing. Raises `NotProven` where scripts or history cannot be read, and for a tool whose
    scripts cannot be run from here.
    """
    if site.migrations.tool != "flyway":
        raise NotProven(
            f"scripts of {site.migrations.tool} are programs: they are not run from here"
        )
    expected = load_install_scripts(site)
    try:
        with connect_read_only(dsn, site.database) as connection:
            rows = history_table.parse_flyway_rows(
                history_table.read_history_lines(site, connection)
            )
    except psycopg.Error as error:
        raise NotProven(f"the history cannot be read: {first_error_line(error)}") from None
    except DatabaseUnreachable as silence:
        raise NotProven(f"the history cannot be read: {silence}") from None
    except history_table.HistoryTableNotFound:
        return expected
    found = compute_states(
        load_scripts(site).scripts, rows, out_of_order=site.migrations.out_of_order
    )
    return [
        standing.script
        for standing in found
        if standing.script and standing.row is None and standing.state == "Pending"
    ]
