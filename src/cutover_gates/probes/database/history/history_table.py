"""The history table of a database, whichever tool keeps it. Only reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.context import Row as Line
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_rows import FlywayRow
from cutover_gates.probes.database.history.history_tools import CUSTOM, TOOLS
from cutover_gates.probes.database.lock_holders import describe_read_error

_HISTORY_COLUMNS = {
    "flyway": ("installed_rank", "version", "description", "type", "script", "checksum", "success"),
    "alembic": ("version_num",),
    "django": ("id", "app", "name"),
}


class HistoryTableNotFound(Exception):
    """The database has no such table. `table` is `schema.name`."""

    def __init__(self, table: str) -> None:
        super().__init__(f"the database has no table {table}")
        self.table = table


def history_table_name(context: DatabaseContext) -> tuple[str, str]:
    """Return schema and name of the history's table: the settings', or the tool's default.

    A tool of the hospital's own has none by default; the name is then empty.
    """
    tool = context.migrations.tool
    known = TOOLS[tool].table if tool in TOOLS else ""
    name = context.migrations.history_table or known
    schema, _, table = name.rpartition(".")
    return schema or context.migrations.schemas[0], table


def read_history_lines(context: DatabaseContext, connection: psycopg.Connection[Any]) -> list[Line]:
    """Return the table's lines in the order of its first column.

    Raises `HistoryTableNotFound` where there is no such table, `NotProven` where it cannot be read.
    """
    schema, table = history_table_name(context)
    columns = _HISTORY_COLUMNS[context.migrations.tool]
    query = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(schema, table)
    )
    try:
        rows = connection.execute(query).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise HistoryTableNotFound(f"{schema}.{table}") from None
    except psycopg.Error as error:
        raise gap_error(
            rules.READABLE_HISTORY, f"{schema}.{table}", describe_read_error(error)
        ) from None
    # A scratch database is read with plain tuples, the target with dicts.
    return [row if isinstance(row, dict) else dict(zip(columns, row, strict=True)) for row in rows]


def read_tool_lines(context: DatabaseContext, connection: psycopg.Connection[Any]) -> list[Line]:
    """Return the lines of any tool, in the order of their execution, as JSON-able values.

    The first column names the migration. Raises as `read_history_lines` does, and for a tool of
    the hospital's own without a query.
    """
    schema, table = history_table_name(context)
    name, tool = f"{schema}.{table}", context.migrations.tool
    if tool == CUSTOM:
        name, query = "migrations.version_query", context.migrations.version_query
        if query is None:
            raise gap_error(rules.HISTORY_TABLE, name, "it is not given")
        statement: sql.Composable = sql.SQL(query)
    else:
        statement = sql.SQL(TOOLS[tool].query).format(sql.Identifier(schema, table))
    try:
        rows = connection.execute(statement.as_string(connection).encode()).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        raise HistoryTableNotFound(name) from None
    except psycopg.Error as error:
        raise gap_error(rules.READABLE_HISTORY, name, describe_read_error(error)) from None
    return [_to_plain_line(row) for row in rows]


def _to_plain_line(row: Line) -> Line:
    plain = (str, int, type(None))
    return {key: value if isinstance(value, plain) else str(value) for key, value in row.items()}


def read_history_lines_if_present(read: Callable[[], list[Line]]) -> list[Line]:
    """Return what `read` gives; an empty list where there is no history."""
    try:
        return read()
    except HistoryTableNotFound:
        return []


def parse_flyway_rows(lines: list[Line]) -> list[FlywayRow]:
    """Return the rows of a Flyway history. Raises `NotProven` for a version that is none."""
    return [_parse_flyway_row(line) for line in lines]


def _parse_flyway_row(line: Line) -> FlywayRow:
    try:
        version = Version.parse(line["version"]) if line["version"] is not None else None
    except ValueError as error:
        raise gap_error(
            rules.READABLE_HISTORY, f"row {line['installed_rank']}", str(error)
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
