"""The statements of a workload: declared ones, or generated ones for the busiest tables.

A generated pair reads one row by its key and sets one of its columns to itself. It only shows
whether people have to wait. Nothing says that the release uses the column, so when a script removes
it, another column is used instead, which is reported and no finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from cutover_gates.core.findings import NotProven, gap_error
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable, Row
from cutover_gates.probes.database.history.history_table import history_table_name
from cutover_gates.probes.database.rehearsal import rules

# Tables for which statements are generated, the busiest first.
MAX_TABLES = 8
# Rows of a table that are used, from pages all over it.
MAX_KEYS = 500

_TABLE_USAGE = """
SELECT schemaname || '.' || relname AS table,
       n_tup_ins + n_tup_upd + n_tup_del + coalesce(seq_scan, 0) + coalesce(idx_scan, 0) AS used
FROM pg_stat_user_tables
"""

_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, pg_total_relation_size(c.oid) AS bytes,
       pg_relation_size(c.oid) / 8192 AS pages,
       ARRAY(SELECT a.attname::text
             FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             ORDER BY k.place) AS key,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               AND a.attgenerated = '' AND a.attidentity <> 'a'
             ORDER BY a.attnum = ANY (i.indkey::int2[]), a.attnum) AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (%s)
"""


@dataclass(frozen=True)
class WorkloadStatement:
    """A statement of the workload.

    `texts` are alternatives: the next one is used when a column of the first is gone. `keys` are
    the parameters to choose from. A declared statement has one text and no keys.
    """

    name: str
    texts: tuple[bytes, ...]
    keys: Sequence[Sequence[str]] = ()

    @property
    def is_generated(self) -> bool:
        """True where no setting declares it."""
        return bool(self.keys)


def build_workload(context: DatabaseContext, dsn: str) -> list[WorkloadStatement]:
    """Return the statements to run on the copy `dsn`.

    Raise `NotProven` where none is declared and no table has a key and rows.
    """
    declared = context.migrations.rehearsal.workload
    if declared:
        return [
            WorkloadStatement(f"workload[{number}]", (text.encode(),))
            for number, text in enumerate(declared)
        ]
    with psycopg.connect(dsn, autocommit=True, row_factory=dict_row) as copy:
        generated: list[WorkloadStatement] = []
        for table in _find_busiest_tables(context, copy):
            generated += _build_statements(context, copy, table)
    if not generated:
        reason = "no table of the copy has a primary key and rows"
        raise gap_error(rules.WORKLOAD_CONCLUSIVE, "the workload", reason)
    return generated


def _find_busiest_tables(context: DatabaseContext, copy: psycopg.Connection[Row]) -> list[Row]:
    """Return the busiest tables, by the target's own statistics, then by size.

    A restored copy has no statistics of use.
    """
    history = history_table_name(context)  # only the migration itself uses that table
    rows = copy.execute(_TABLES, [list(context.migrations.schemas)])
    tables = [table for table in rows if (table["schema"], table["name"]) != history]
    usage = _read_table_usage(context)

    def busyness(table: Row) -> tuple[int, int]:
        return usage.get(f"{table['schema']}.{table['name']}", 0), table["bytes"]

    return sorted(tables, key=busyness, reverse=True)[:MAX_TABLES]


def _read_table_usage(context: DatabaseContext) -> dict[str, int]:
    try:
        with context.connect() as target:
            return {row["table"]: row["used"] for row in target.execute(_TABLE_USAGE)}
    except (DatabaseUnreachable, NotProven, psycopg.Error):
        return {}


def _build_statements(
    context: DatabaseContext, copy: psycopg.Connection[Row], table: Row
) -> list[WorkloadStatement]:
    """Return a statement that reads and one that writes; none for an empty table."""
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
    # Columns that are declared to go come last.
    columns = sorted(table["columns"], key=lambda column: column in drops)
    writes = [
        sql.SQL("UPDATE {0} SET {1} = {1} WHERE {2}").format(name, sql.Identifier(column), where)
        for column in columns
    ]
    statements = [WorkloadStatement(f"a read of {shown} by its key", (read.as_bytes(),), keys)]
    if writes:
        texts = tuple(write.as_bytes() for write in writes)
        statements.append(WorkloadStatement(f"an update of {shown} by its key", texts, keys))
    return statements


def _sample_keys(
    copy: psycopg.Connection[Row], name: sql.Identifier, table: Row
) -> list[list[str]]:
    """Return keys as text, which the input function of each type reads.

    They are sampled, so that a script which changes only some rows meets them.
    """
    percent = min(100.0, 100 * MAX_KEYS / max(table["pages"], 1))
    columns = sql.SQL(", ").join(
        sql.SQL("{}::text").format(sql.Identifier(column)) for column in table["key"]
    )
    query = sql.SQL("SELECT ARRAY[{}] AS key FROM {} TABLESAMPLE SYSTEM ({}) LIMIT {}").format(
        columns, name, sql.Literal(percent), sql.Literal(MAX_KEYS)
    )
    return [row["key"] for row in copy.execute(query)]
