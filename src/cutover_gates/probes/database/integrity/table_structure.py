"""The tables that are examined, and how their names and the keys of their rows are written in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import MAX_KEYS_IN_FINDING, BoundedReader
from cutover_gates.probes.database.context import DatabaseContext

_TABLES = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       ARRAY(SELECT a.attname::text
             FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, position)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
             WHERE i.indrelid = c.oid AND i.indisprimary AND k.position <= i.indnkeyatts ORDER BY k.position) AS key
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
ORDER BY c.relkind = 'p', c.relpages, schema, name
"""  # by the pages that PostgreSQL noted last: to ask for today's would wait for whoever holds a lock; a partitioned table goes last
_CONSTRAINTS = """
SELECT count(*) AS constraints
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.contype IN ('p', 'u', 'f', 'c', 'x') AND c.conrelid <> 0
"""


@dataclass(frozen=True)
class Relation:
    """A table, a partition, or a materialised view.

    `kind` is `pg_class.relkind`; `key` holds the columns of its primary key.
    """

    oid: int
    schema: str
    name: str
    kind: str
    key: tuple[str, ...]
    display_name: str

    @property
    def rows_sql(self) -> sql.Composed:
        """For FROM: its own rows, and those of its partitions; not those of tables that inherit
        from it, for which its keys do not hold.
        """
        return sql.SQL("{}{}").format(
            sql.SQL("" if self.kind == "p" else "ONLY "), sql.Identifier(self.schema, self.name)
        )

    def build_key_sql(self, alias: str) -> sql.Composed:
        """A row's key as text, such as `id 17`; without a primary key the place of the row."""
        return sql.SQL("concat_ws(', ', {})").format(
            sql.SQL(", ").join(
                sql.SQL("{} || {}::text").format(
                    sql.Literal(f"{column} "), sql.Identifier(alias, column)
                )
                for column in self.key or ("ctid",)
            )
        )


@dataclass(frozen=True)
class SchemaStructure:
    """All tables of the target's schemas by their OID, the smallest first, and how many constraints
    stand on them.
    """

    tables: dict[int, Relation]
    constraints: int

    @property
    def tables_with_rows(self) -> list[Relation]:
        """Tables and partitions that hold rows themselves."""
        return [table for table in self.tables.values() if table.kind == "r"]


def read_structure(site: DatabaseContext, reader: BoundedReader) -> SchemaStructure:
    """Raises `Unseen`."""
    tables = [
        Relation(
            row["oid"],
            row["schema"],
            row["name"],
            row["kind"],
            tuple(row["key"]),
            site.display_name(f"{row['schema']}.{row['name']}"),
        )
        for row in reader.query_catalog(_TABLES)
    ]
    return SchemaStructure(
        {table.oid: table for table in tables}, reader.query_catalog(_CONSTRAINTS)[0]["constraints"]
    )


def report_empty_declarations(
    structure: SchemaStructure, seen: AssessmentBuilder, declares_nothing: str
) -> None:
    """A schema without tables, or without any constraint, proves nothing.

    One in which just this kind is not used is examined when that is seen.
    """
    if not structure.tables:
        seen.not_proven.append(
            "The schemas of the settings hold no table at all: nothing there is proven."
        )
    elif not structure.constraints:
        seen.not_proven.append(
            f"No constraint is declared on any of the {len(structure.tables)} tables: keeping all"
            " of none proves nothing."
        )
    elif not (seen.checked or seen.findings or seen.not_proven):
        seen.checked.extend(
            f"{table.display_name} {declares_nothing}" for table in structure.tables.values()
        )


def format_sample_keys(reader: BoundedReader, query: sql.Composable) -> str:
    """`: id 17; id 18` for the first keys that a query gives in its column `key`; a full stop where
    there is no time to see them.
    """
    try:
        keys = [
            row["key"]
            for row in reader.fetch_all(
                sql.SQL("{} LIMIT {}").format(query, sql.Literal(MAX_KEYS_IN_FINDING))
            )
        ]
    except NotReadable as why:
        return f" (which ones: {why})"
    return f": {'; '.join(keys)}" if keys else " (they are gone by now)"


def format_columns(names: Sequence[str]) -> str:
    """Columns for a reader."""
    return f"({', '.join(names)})"


def format_row_count(count: int) -> str:
    """`1 row`, `2 rows`."""
    return f"{count} row{'' if count == 1 else 's'}"
