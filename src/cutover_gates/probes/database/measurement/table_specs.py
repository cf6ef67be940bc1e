"""The tables of a database, and the specification of what is measured of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.probes.database.measurement.row_hashes import INTEGER_TYPES, HashedColumn
from cutover_gates.probes.database.measurement.table_stats import Division

# The type of a column of a domain is that of its base: the content is compared by it.
_TABLES = """
WITH RECURSIVE base (domain, oid, typmod) AS (
    SELECT oid, typbasetype, typtypmod FROM pg_type WHERE typtype = 'd'
    UNION ALL
    SELECT b.domain, t.typbasetype, CASE b.typmod WHEN -1 THEN t.typtypmod ELSE b.typmod END
    FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype = 'd'
), plain AS (
    SELECT b.* FROM base b JOIN pg_type t ON t.oid = b.oid WHERE t.typtype <> 'd'
)
SELECT n.nspname || '.' || c.relname AS name, c.relkind,
       (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT array_agg(format_type(coalesce(b.oid, a.atttypid), coalesce(b.typmod, a.atttypmod))
                         ORDER BY a.attname)
        FROM pg_attribute a LEFT JOIN plain b ON b.domain = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS types,
       (SELECT array_agg(a.attname::text ORDER BY k.n)
        FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary AND k.n <= i.indnkeyatts) AS key,
       (SELECT array_agg(ARRAY[pn.nspname::text, p.relname::text, ({heap})::text, ({all})::text])
        FROM (SELECT c.oid AS relid WHERE c.relkind = 'r'
              UNION SELECT t.relid FROM pg_partition_tree(c.oid) t WHERE t.isleaf) leaf
             JOIN pg_class p ON p.oid = leaf.relid AND p.relkind = 'r'
             JOIN pg_namespace pn ON pn.oid = p.relnamespace) AS parts,
       (SELECT count(*) FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid
        WHERE t.isleaf AND p.relkind = 'f') AS foreign_parts
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
  AND c.relpersistence <> 't' AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""
_SIZES = {"heap": "pg_relation_size(p.oid)", "all": "pg_table_size(p.oid)"}
# Sizes from the catalog alone: reading the files' sizes needs a lock on the table.
# Sizes only decide how the work is divided, so an estimate is enough.
_ESTIMATES = {
    "heap": "greatest(p.relpages, 0)::int8 * 8192",
    "all": (
        "(greatest(p.relpages, 0)::int8 + coalesce((SELECT t.relpages FROM pg_class t WHERE t.oid ="
        " p.reltoastrelid), 0)) * 8192"
    ),
}
_LEFT_OUT_KINDS = {"f": "a foreign table", "v": "a view", "m": "a materialised view"}

# A connection whose rows are tuples.
TupleConnection = psycopg.Connection[Any]


@dataclass(frozen=True)
class TablePart:
    """The storage of a table: the table itself, or one of its partitions.

    `heap` and `size` are bytes: of the part that is divided by ctid, and with TOAST and maps.
    `query`: the rows are what it gives (`query_tables`).
    """

    schema: str
    name: str
    heap: int
    size: int
    query: str | None = None

    @property
    def source(self) -> sql.Composable:
        """The rows of this part alone, as they stand after FROM."""
        if self.query is not None:
            return format_query_source(self.query, self.name)
        return sql.SQL("ONLY {}").format(sql.Identifier(self.schema, self.name))


@dataclass(frozen=True)
class MeasuredTable:
    """A table of the catalog: the types of its columns by name, its primary key, its parts.

    `cannot` is the reason why it cannot be measured. `query`: its rows are what a query gives.
    `stored_as`: its name in this database, where it is shown under an older one.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    parts: tuple[TablePart, ...]
    cannot: str | None = None
    query: str | None = None
    stored_as: str | None = None

    @property
    def identifier(self) -> sql.Composable:
        """The rows of the table, as they stand after FROM."""
        schema, name = (self.stored_as or self.name).split(".", 1)
        if self.query is not None:
            return format_query_source(self.query, name)
        return sql.Identifier(schema, name)


@dataclass(frozen=True)
class TableSpec:
    """The specification of what is measured of one table.

    `content`: the columns that are hashed as they are; `expected`: those as the migration should
    leave them, where it changes them. An expression is SQL over the row. With `above` and `mark`
    (text), rows above the mark are new: they are counted, and are in no sum. `cannot`: the reason
    why the content cannot be hashed; the rows are counted nevertheless. `only_counted`: the content
    is not needed.
    """

    table: MeasuredTable
    content: Mapping[str, HashedColumn] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    expected: Mapping[str, HashedColumn] | None = None
    expected_key: tuple[str, ...] = ()
    above: str | None = None
    mark: str | None = None
    division: Division | None = None
    cannot: str | None = None
    only_counted: bool = False

    @property
    def name(self) -> str:
        """The table as `schema.name`."""
        return self.table.name

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.table.parts)

    @property
    def has_integer_key(self) -> bool:
        """True where the primary key is one integer."""
        return len(self.key) == 1 and self.content[self.key[0]].oid in INTEGER_TYPES

    def with_division(self, division: Division) -> TableSpec:
        """Return the spec with another division into segments."""
        return replace(self, division=division)


def format_query_source(query: str, name: str) -> sql.Composable:
    """Return a query as it stands after FROM, under the name of the table that it stands for."""
    return sql.SQL("(\n{}\n) AS {}").format(sql.SQL(query), sql.Identifier(name))


def read_tables(
    connection: TupleConnection, schemas: Sequence[str]
) -> tuple[dict[str, MeasuredTable], dict[str, str]]:
    """Return the tables of these schemas by `schema.name`, and the relations that were left out.

    The second value holds the kind of each. An extension's own tables are not the target's and are
    in neither.
    """
    tables, left_out = {}, {}
    for row in _query_tables(connection, schemas):
        name, kind = row[:2]
        if kind in _LEFT_OUT_KINDS:
            left_out[name] = _LEFT_OUT_KINDS[kind]
        else:
            tables[name] = _build_table(*row)
    return tables, left_out


def _build_table(
    name: str,
    _kind: str,
    columns: Sequence[str] | None,
    types: Sequence[str] | None,
    key: Sequence[str] | None,
    parts: Sequence[Sequence[str]] | None,
    foreign: int,
) -> MeasuredTable:
    stored = [
        TablePart(schema, part, int(heap), int(size)) for schema, part, heap, size in parts or ()
    ]
    cannot = f"{foreign} of its partitions are kept on another server" if foreign else None
    column_types = dict(zip(columns or (), types or (), strict=True))
    return MeasuredTable(name, column_types, tuple(key or ()), tuple(stored), cannot)


def _query_tables(connection: TupleConnection, schemas: Sequence[str]) -> list[Any]:
    try:
        with connection.transaction():
            return connection.execute(_TABLES.format(**_SIZES).encode(), [list(schemas)]).fetchall()
    except psycopg.errors.LockNotAvailable:
        return connection.execute(_TABLES.format(**_ESTIMATES).encode(), [list(schemas)]).fetchall()
