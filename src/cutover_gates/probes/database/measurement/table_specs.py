"""Which tables there are, and what of each is to be measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.config.base import SettingsError
from cutover_gates.config.migrations import TableChange
from cutover_gates.probes.database.context import first_error_line
from cutover_gates.probes.database.measurement.row_hashes import INTEGER_TYPES, HashedColumn
from cutover_gates.probes.database.measurement.table_stats import Division

_TABLES = """
SELECT n.nspname || '.' || c.relname AS name, c.relkind,
       (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT array_agg(format_type(a.atttypid, a.atttypmod) ORDER BY a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS types,
       (SELECT array_agg(a.attname::text ORDER BY k.n)
        FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE i.indrelid = c.oid AND i.indisprimary AND k.n <= i.indnkeyatts) AS key,
       (SELECT array_agg(ARRAY[pn.nspname::text, p.relname::text, ({heap})::text, ({all})::text])
        FROM (SELECT c.oid AS relid WHERE c.relkind = 'r' UNION SELECT t.relid FROM pg_partition_tree(c.oid) t WHERE t.isleaf) leaf
             JOIN pg_class p ON p.oid = leaf.relid AND p.relkind = 'r' JOIN pg_namespace pn ON pn.oid = p.relnamespace) AS parts,
       (SELECT count(*) FROM pg_partition_tree(c.oid) t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf AND p.relkind = 'f') AS foreign_parts
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY(%s) AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't' AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""
_SIZES = {"heap": "pg_relation_size(p.oid)", "all": "pg_table_size(p.oid)"}
_ESTIMATES = {
    "heap": "greatest(p.relpages, 0)::int8 * 8192",
    "all": (
        "(greatest(p.relpages, 0)::int8 + coalesce((SELECT t.relpages FROM pg_class t WHERE t.oid ="
        " p.reltoastrelid), 0)) * 8192"
    ),
}
"""Without looking at the files, for which a table must not be locked.

Sizes only say how the work is divided.
"""
_LEFT_OUT_KINDS = {"f": "a foreign table", "v": "a view", "m": "a materialised view"}


@dataclass(frozen=True)
class TablePart:
    """What a table is stored in: itself, or one of its partitions.

    Sizes in bytes: of what is divided by ctid, and with all that hangs on it.
    """

    schema: str
    name: str
    heap: int
    size: int

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True)
class MeasuredTable:
    """A table of the catalog: its columns' types by name, its primary key, its parts.

    `cannot` says why it cannot be measured.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    parts: tuple[TablePart, ...]
    cannot: str | None = None

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self.name.split(".", 1))


@dataclass(frozen=True)
class TableSpec:
    """What is to be measured of one table.

    `content`: the columns to be fingerprinted as they are; `expected`: those as the migration
    should leave them, where it changes them. An expression is SQL over the row. With `above` and
    `mark` (text), rows above the mark are new: counted, and in no sum. `cannot`: why its content
    cannot be fingerprinted; it is counted nevertheless. `only_counted`: nobody asks for its
    content.
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
        return self.table.name

    @property
    def size(self) -> int:
        return sum(part.size for part in self.table.parts)

    @property
    def has_integer_key(self) -> bool:
        return len(self.key) == 1 and self.content[self.key[0]].oid in INTEGER_TYPES

    def with_division(self, division: Division) -> TableSpec:
        return replace(self, division=division)


TupleConnection = psycopg.Connection[Any]


def read_tables(
    connection: TupleConnection, schemas: Sequence[str]
) -> tuple[dict[str, MeasuredTable], dict[str, str]]:
    """The tables of these schemas by `schema.name`, and what was left out, with what it is.

    An extension's own tables are not the target's.
    """
    tables, left_out = {}, {}
    for name, kind, columns, types, key, parts, foreign in _query_tables(connection, schemas):
        if kind in _LEFT_OUT_KINDS:
            left_out[name] = _LEFT_OUT_KINDS[kind]
            continue
        stored = tuple(
            TablePart(schema, part, int(heap), int(size))
            for schema, part, heap, size in parts or ()
        )
        cannot = f"{foreign} of its partitions are kept on another server" if foreign else None
        tables[name] = MeasuredTable(
            name,
            dict(zip(columns or (), types or (), strict=True)),
            tuple(key or ()),
            stored,
            cannot,
        )
    return tables, left_out


def _query_tables(connection: TupleConnection, schemas: Sequence[str]) -> list[Any]:
    try:
        with connection.transaction():
            return connection.execute(_TABLES.format(**_SIZES).encode(), [list(schemas)]).fetchall()
    except psycopg.errors.LockNotAvailable:
        return connection.execute(_TABLES.format(**_ESTIMATES).encode(), [list(schemas)]).fetchall()


def build_table_spec(
    connection: TupleConnection, table: MeasuredTable, change: TableChange
) -> TableSpec:
    """What a snapshot measures of a table: its content as it is, and as it is declared to become.

    Raises `SettingsError` for a declaration that cannot be.
    """
    try:
        with connection.transaction():
            content = read_columns(connection, table, table.columns)
    except psycopg.Error as error:
        return TableSpec(table, cannot=first_error_line(error))
    if change.grows_above and change.grows_above not in table.columns:
        raise SettingsError(
            f"migrations.tables.{table.name}.grows_above names the column {change.grows_above},"
            " which the table does not have"
        )
    if missing := [name for name in change.drops if name not in table.columns]:
        raise SettingsError(
            f"migrations.tables.{table.name}.drops names the column {missing[0]}, which the table"
            " does not have"
        )
    spec = TableSpec(table, content, table.key, above=change.grows_above, cannot=table.cannot)
    if not change.becomes and not change.drops:
        return spec
    kept = {name: column for name, column in content.items() if name not in change.drops}
    expected = {**kept, **read_declared_columns(connection, table, change.becomes)}
    return replace(
        spec, expected=expected, expected_key=table.key if set(table.key) <= set(expected) else ()
    )


def read_columns(
    connection: TupleConnection, table: MeasuredTable, names: Iterable[str]
) -> dict[str, HashedColumn]:
    """Columns as they are."""
    shown = {name: sql.Identifier(name).as_string(connection) for name in names}
    if not shown:
        return {}
    oids = _read_type_oids(connection, table, shown.values())
    return {
        name: HashedColumn(expression, oid, table.columns[name])
        for (name, expression), oid in zip(shown.items(), oids, strict=True)
    }


def read_declared_columns(
    connection: TupleConnection, table: MeasuredTable, becomes: Mapping[str, str]
) -> dict[str, HashedColumn]:
    """Columns as they should become.

    Raises `SettingsError` for an expression that the database cannot make sense of.
    """
    found = {}
    for name, expression in becomes.items():
        try:
            with connection.transaction():
                oid = _read_type_oids(connection, table, [f"({expression})"])[0]
                said = connection.execute("SELECT format_type(%s, NULL)", [oid]).fetchone()
        except psycopg.Error as error:
            raise SettingsError(
                f"migrations.tables.{table.name}.becomes.{name} cannot be used: {first_error_line(error)}"
            ) from None
        found[name] = HashedColumn(f"({expression})", oid, said[0] if said else "")
    return found


def _read_type_oids(
    connection: TupleConnection, table: MeasuredTable, expressions: Iterable[str]
) -> list[int]:
    """The types of expressions over a table, as a result announces them: a domain's is that of its
    base.
    """
    listed = sql.SQL(", ").join([sql.SQL(expression) for expression in expressions])
    cursor = connection.execute(
        sql.SQL("SELECT {} FROM {} LIMIT 0").format(listed, table.identifier)
    )
    return [column.type_code for column in cursor.description or ()]
