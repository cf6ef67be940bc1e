"""The statements of a workload: declared ones, or made up for the busiest tables.

A made-up pair reads one row by its key and sets one of its columns to itself. It tells whether
people have to wait, and that is all that is asked of it: nobody said that the release uses that
column, so when a script takes it away, another is used instead, and only that is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable, Row
from cutover_gates.probes.database.history.history_table import history_table_name

MAX_TABLES = 8
"""How many of the busiest tables are worked with."""
MAX_KEYS = 500
"""How many rows of a table are worked with, from pages all over it."""

_TABLE_USAGE = """
SELECT schemaname || '.' || relname AS table, n_tup_ins + n_tup_upd + n_tup_del + coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS used
FROM pg_stat_user_tables
"""

_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, pg_total_relation_size(c.oid) AS bytes, pg_relation_size(c.oid) / 8192 AS pages,
       ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place) AS key,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
             ORDER BY a.attnum = ANY (i.indkey::int2[]), a.attnum) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (%s)
"""


@dataclass(frozen=True)
class WorkloadStatement:
    """`texts` are tried in turn when a column of one goes away; `keys` are the parameters to choose
    from. Declared ones have one text and no keys.
    """

    name: str
    texts: tuple[bytes, ...]
    keys: Sequence[Sequence[str]] = ()

    @property
    def is_generated(self) -> bool:
        return bool(self.keys)


def build_workload(context: DatabaseContext, dsn: str) -> list[WorkloadStatement]:
    """What is to run on the copy `dsn`.

    Raises `NotProven` where nothing is declared and no table has a key and rows.
    """
    declared = context.migrations.rehearsal.workload
    if declared:
        return [
            WorkloadStatement(f"workload[{number}]", (text.encode(),))
            for number, text in enumerate(declared)
        ]
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as copy:
        made_up = [
            statement
            for table in _find_busiest_tables(context, copy)
            for statement in _build_statements(context, copy, table)
        ]
    if not made_up:
        raise NotProven(
            "no table of the copy has a primary key and rows, so nobody can be seen waiting:"
            " declare rehearsal.workload"
        )
    return made_up


def _find_busiest_tables(context: DatabaseContext, copy: psycopg.Connection[Row]) -> list[Row]:
    """The busiest tables by the target's own count of uses, which a restored copy does not have;
    then by size.
    """
    history = history_table_name(context)  # only the migration itself works with that one
    tables = [
        table
        for table in copy.execute(_TABLES, [list(context.migrations.schemas)])
        if (table["schema"], table["name"]) != history
    ]
    used = _read_table_usage(context)
    tables.sort(
        key=lambda table: (used.get(f"{table['schema']}.{table['name']}", 0), table["bytes"]),
        reverse=True,
    )
    return tables[:MAX_TABLES]


def _read_table_usage(context: DatabaseContext) -> dict[str, int]:
    try:
        with context.connect() as target:
            return {row["table"]: row["used"] for row in target.execute(_TABLE_USAGE)}
    except (DatabaseUnreachable, NotProven, psycopg.Error):
        return {}


def _build_statements(
    context: DatabaseContext, copy: psycopg.Connection[Row], table: Row
) -> list[WorkloadStatement]:
    """One statement that reads and one that writes; none for an empty table."""
    name = sql.Identifier(table["schema"], table["name"])
    keys = _sample_keys(copy, name, table)
    if not keys:
        return []
    shown = context.display_name(f"{table['schema']}.{table['name']}")
    where = sql.SQL(" AND ").join(
        sql.SQL("{} = %s").format(sql.Identifier(column)) for column in table["key"]
    )
    read = sql.SQL("SELECT 1 FROM {} WHERE {}").format(name, where)
    drops = context.declared_change(f"{table['schema']}.{table['name']}").drops
    columns = sorted(
        table["columns"], key=lambda column: column in drops
    )  # stable: those that stay come first
    writes = [
        sql.SQL("UPDATE {0} SET {1} = {1} WHERE {2}").format(name, sql.Identifier(column), where)
        for column in columns
    ]
    pair = [WorkloadStatement(f"a read of {shown} by its key", (read.as_bytes(),), keys)]
    return pair + (
        [
            WorkloadStatement(
                f"an update of {shown} by its key",
                tuple(write.as_bytes() for write in writes),
                keys,
            )
        ]
        if writes
        else []
    )


def _sample_keys(
    copy: psycopg.Connection[Row], name: sql.Identifier, table: Row
) -> list[list[str]]:
    """Keys as text, so that each type's own input reads them; sampled, so that a script which
    changes only some rows meets them.
    """
    percent = min(100.0, 100 * MAX_KEYS / max(table["pages"], 1))
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(column)) for column in table["key"]
    )
    query = sql.SQL("SELECT ARRAY[{}] AS key FROM {} TABLESAMPLE SYSTEM ({}) LIMIT {}").format(
        columns, name, sql.Literal(percent), sql.Literal(MAX_KEYS)
    )
    return [row["key"] for row in copy.execute(query)]
