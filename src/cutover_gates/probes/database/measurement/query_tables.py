"""Tables whose rows are what a declared query gives: they are measured as any other table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from psycopg import sql

from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TablePart,
    TableSpec,
    TupleConnection,
    format_query_source,
)


class UnusableQuery(Exception):
    """A declared query cannot be used; the text is the reason."""


def read_query_table(
    connection: TupleConnection, name: str, query: str, key: Sequence[str] = ()
) -> MeasuredTable:
    """Return a table `name` (`schema.name`) whose rows are what the query gives.

    Raise `UnusableQuery` where the columns have no names of their own, and psycopg's error where
    the database does not accept the query.
    """
    query = query.strip().rstrip(";")
    columns = _read_columns(connection, name, query)
    if missing := [column for column in key if column not in columns]:
        raise UnusableQuery(f"it gives no column {missing[0]}, which is its key")
    schema, table = name.split(".", 1)
    part = TablePart(schema, table, 0, 0, query)
    return MeasuredTable(name, columns, tuple(key), (part,), query=query)


def _read_columns(connection: TupleConnection, name: str, query: str) -> dict[str, str]:
    source = format_query_source(query, name.split(".", 1)[1])
    with connection.transaction():
        cursor = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(source))
        described = [(column.name, column.type_code) for column in cursor.description or ()]
        types = _format_types(connection, [oid for _name, oid in described])
    names = [name for name, _oid in described]
    for column in names:
        if names.count(column) > 1 or column == "?column?":
            raise UnusableQuery(f"it gives several columns {column}: name each with AS")
    return dict(zip(names, types, strict=True))


def _format_types(connection: TupleConnection, oids: Sequence[int]) -> list[str]:
    query = (
        "SELECT format_type(oid, NULL) FROM unnest(%s::oid[]) WITH ORDINALITY AS t (oid, n)"
        " ORDER BY n"
    )
    return [name for (name,) in connection.execute(query, [list(oids)])]


def rename_table(table: MeasuredTable, name: str) -> MeasuredTable:
    """Return a table under the name that it had before."""
    return replace(table, name=name, stored_as=table.name)


def share_key(actual: TableSpec, wanted: TableSpec) -> tuple[TableSpec, TableSpec]:
    """Return both specs with the present key, where the rows that are expected have none.

    A declared query has no key of its own.
    """
    key = actual.table.key
    if actual.key or not set(key) <= actual.content.keys() & wanted.content.keys():
        return actual, wanted
    return replace(actual, key=key), replace(wanted, key=key)
