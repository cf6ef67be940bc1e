"""Specifications for tables whose content is declared to change: columns become SQL expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import psycopg
from psycopg import sql

from cutover_gates.config.base import SettingsError
from cutover_gates.config.table_changes import TableChange
from cutover_gates.probes.database.lock_holders import describe_failure
from cutover_gates.probes.database.measurement.row_hashes import HashedColumn
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TableSpec,
    TupleConnection,
)
from cutover_gates.util.text import first_error_line


def build_table_spec(
    connection: TupleConnection, table: MeasuredTable, change: TableChange
) -> TableSpec:
    """Return what a snapshot measures: the content as it is, and as it is declared to become.

    Raise `SettingsError` for a declaration that cannot be used.
    """
    try:
        with connection.transaction():
            content = read_columns(connection, table, table.columns)
    except psycopg.Error as error:
        return TableSpec(table, cannot=describe_failure(error, connection, table.name))
    _require_declared_columns(table, change)
    spec = TableSpec(table, content, table.key, above=change.grows_above, cannot=table.cannot)
    left_out = {*change.drops, *change.ignores}
    if not change.becomes and not left_out:
        return spec
    kept = {name: column for name, column in content.items() if name not in left_out}
    expected = {**kept, **_read_declared_columns(connection, table, change.becomes)}
    expected_key = table.key if set(table.key) <= set(expected) else ()
    return replace(spec, expected=expected, expected_key=expected_key)


def _require_declared_columns(table: MeasuredTable, change: TableChange) -> None:
    named = {
        "grows_above": [change.grows_above] if change.grows_above else [],
        "drops": change.drops,
        "ignores": change.ignores,
    }
    if key := set(change.ignores) & set(table.key):
        raise SettingsError(
            f"migrations.tables.{table.name}.ignores names {min(key)}, which is part of the key"
        )
    for setting, columns in named.items():
        for column in columns:
            if column not in table.columns:
                raise SettingsError(
                    f"migrations.tables.{table.name}.{setting} names the column {column}, which the"
                    " table does not have"
                )


def read_columns(
    connection: TupleConnection, table: MeasuredTable, names: Iterable[str]
) -> dict[str, HashedColumn]:
    """Return columns of a table as they are, with the oids of their types."""
    expressions = {name: sql.Identifier(name).as_string(connection) for name in names}
    if not expressions:
        return {}
    oids = _read_type_oids(connection, table, expressions.values())
    return {
        name: HashedColumn(expression, oid, table.columns[name])
        for (name, expression), oid in zip(expressions.items(), oids, strict=True)
    }


def _read_declared_columns(
    connection: TupleConnection, table: MeasuredTable, becomes: Mapping[str, str]
) -> dict[str, HashedColumn]:
    return {
        name: _read_declared_column(connection, table, name, expression)
        for name, expression in becomes.items()
    }


def _read_declared_column(
    connection: TupleConnection, table: MeasuredTable, name: str, expression: str
) -> HashedColumn:
    """Return a column as it should become.

    Raise `SettingsError` for an expression that the database does not accept.
    """
    try:
        with connection.transaction():
            oid = _read_type_oids(connection, table, [f"({expression})"])[0]
            row = connection.execute("SELECT format_type(%s, NULL)", [oid]).fetchone()
    except psycopg.Error as error:
        setting = f"migrations.tables.{table.name}.becomes.{name}"
        raise SettingsError(f"{setting} cannot be used: {first_error_line(error)}") from None
    return HashedColumn(f"({expression})", oid, row[0] if row else "")


def _read_type_oids(
    connection: TupleConnection, table: MeasuredTable, expressions: Iterable[str]
) -> list[int]:
    """Return the types of expressions over a table, as a result announces them.

    The type of a domain is that of its base.
    """
    selected = sql.SQL(", ").join([sql.SQL(expression) for expression in expressions])
    query = sql.SQL("SELECT {} FROM {} LIMIT 0").format(selected, table.identifier)
    cursor = connection.execute(query)
    return [column.type_code for column in cursor.description or ()]
