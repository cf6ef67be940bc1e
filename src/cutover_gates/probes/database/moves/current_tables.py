"""The tables of a migrated database, under the names that their rows had before.

A renamed table stands for the old one, and a dropped table is what its query (`kept_as`) gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg

from cutover_gates.config.table_moves import qualify_name
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.query_tables import (
    UnusableQuery,
    read_query_table,
    rename_table,
)
from cutover_gates.probes.database.measurement.table_specs import MeasuredTable, TupleConnection
from cutover_gates.util.text import first_error_line


@dataclass
class CurrentTables:
    """The tables by their names before, with what stands for those that moved.

    `stands_for`: what holds the rows now, by the name before. `failed`: why a query gives nothing.
    """

    tables: dict[str, MeasuredTable]
    stands_for: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def apply_moves(
    context: DatabaseContext, connection: TupleConnection, tables: Mapping[str, MeasuredTable]
) -> CurrentTables:
    """Return the tables of a migrated database as the declared moves say."""
    current = CurrentTables(dict(tables))
    for old, new in context.migrations.renames.items():
        # Where both are there, nothing was renamed: each is compared by itself.
        if new in current.tables and old not in current.tables:
            current.tables[old] = rename_table(current.tables.pop(new), old)
            current.stands_for[old] = new
    for name, query in _list_kept_queries(context).items():
        if name not in tables:
            _add_query(connection, current, name, query)
    return current


def _list_kept_queries(context: DatabaseContext) -> dict[str, str]:
    first = context.migrations.schemas[0]
    return {
        qualify_name(name, first): change.kept_as
        for name, change in context.migrations.tables.items()
        if change.kept_as is not None
    }


def _add_query(connection: TupleConnection, current: CurrentTables, name: str, query: str) -> None:
    try:
        current.tables[name] = read_query_table(connection, name, query)
    except psycopg.Error as error:
        current.failed[name] = f"kept_as cannot be evaluated: {first_error_line(error)}"
    except UnusableQuery as error:
        current.failed[name] = f"kept_as cannot be used: {error}"
    else:
        current.stands_for[name] = "what kept_as gives"
