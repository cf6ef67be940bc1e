"""Large objects: their number and hashes, and the columns that refer to them.

The hash holds across servers and versions: it is of the content, not of how it is stored. A dump
writes a gap in an object as zeros, so zeros at the end of a page are left out of its hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from psycopg import sql

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.outside_tables.model import (
    LargeObjectSegment,
    LargeObjectState,
    ObjectReferences,
)

MAX_SEGMENTS = 1 << 16
_MODULUS = 1 << 60
_COUNT = (
    "SELECT count(*) AS objects, coalesce(max(oid::int8), 0) AS last FROM"
    " pg_largeobject_metadata WHERE oid::int8 <= %(upto)s"
)
_MAX_OID = 2**32 - 1
# 60 bits of SHA-256 as a number: sums of them are exact, whatever the order. The size of an object
# is hashed besides, since zeros at the end of a page are not.
_OBJECTS = """
WITH pages AS (
    SELECT loid::int8 AS oid, pageno, rtrim(data, '\\x00') AS content,
           pageno::int8 * (current_setting('block_size')::int / 4) + length(data) AS ends
    FROM pg_largeobject p WHERE {where}
), stored AS (
    SELECT oid, max(ends) AS size,
           sum(('x' || substr(encode(sha256(int8send(oid) || int4send(pageno) || content), 'hex'),
                              1, 15))::bit(60)::int8::numeric)
               FILTER (WHERE content <> '') AS content
    FROM pages GROUP BY oid
), objects AS (
    SELECT m.oid::int8 AS oid, coalesce(s.size, 0) AS size,
           coalesce(s.content, 0)
           + ('x' || substr(encode(sha256(int8send(m.oid::int8) || int8send(coalesce(s.size, 0))),
                                   'hex'), 1, 15))::bit(60)::int8::numeric AS content
    FROM pg_largeobject_metadata m LEFT JOIN stored s ON s.oid = m.oid::int8 WHERE {which}
)
"""
_SEGMENTS = """
, numbered AS (SELECT *, (row_number() OVER (ORDER BY oid) - 1) / %(each)s AS segment FROM objects)
SELECT min(oid) AS first, count(*) AS objects, sum(content) AS content, sum(size) AS size
FROM numbered GROUP BY segment ORDER BY segment
"""
_BY_BOUNDS = """
SELECT width_bucket(oid, %(bounds)s::int8[]) AS segment, count(*) AS objects,
       sum(content) AS content FROM objects GROUP BY 1
"""
_COLUMNS = """
WITH RECURSIVE chain AS (
    SELECT oid AS type, oid AS base FROM pg_type WHERE oid = 'oid'::regtype
    UNION ALL SELECT t.oid, chain.base FROM pg_type t JOIN chain ON t.typbasetype = chain.type
    WHERE t.typtype = 'd'
)
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column,
       chain.type IS NOT NULL AS oids
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN chain ON chain.type = a.atttypid
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1, 2, 3
"""
_REFERENCES = (
    "SELECT count(*) AS values, count(*) FILTER (WHERE m.oid IS NULL) AS missing FROM (SELECT {}"
    " AS value FROM {} AS t) AS v LEFT JOIN pg_largeobject_metadata m ON m.oid::int8 = v.value"
    " WHERE v.value <> 0"
)


def read_large_objects(reader: BoundedReader, upto: int | None = None) -> LargeObjectState:
    """Return the objects with an OID up to `upto` (default: all). Raise `NotReadable`."""
    limit = _MAX_OID if upto is None else upto
    count = reader.fetch_one(_COUNT, {"upto": limit})
    if not count["objects"]:
        return LargeObjectState()
    query = _OBJECTS.format(where="p.loid::int8 <= %(upto)s", which="m.oid::int8 <= %(upto)s")
    each = -(-count["objects"] // MAX_SEGMENTS)
    rows = reader.fetch_all(_compose(query + _SEGMENTS), {"upto": limit, "each": each})
    segments = tuple(
        LargeObjectSegment(row["first"], row["objects"], int(row["content"]) % _MODULUS)
        for row in rows
    )
    return LargeObjectState(segments, count["last"], int(sum(row["size"] for row in rows)))


def read_segments(reader: BoundedReader, bounds: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return number and content of the objects between the bounds, by the number of the bound.

    0 is what lies below the first bound, 1 what lies from it to the second. Raise `NotReadable`.
    """
    # Only a superuser may read the contents; anyone may see that there are none.
    if not reader.fetch_one(_COUNT, {"upto": _MAX_OID})["objects"]:
        return {}
    query = _compose(_OBJECTS.format(where="true", which="true") + _BY_BOUNDS)
    rows = reader.fetch_all(query, {"bounds": list(bounds)})
    return {row["segment"]: (row["objects"], int(row["content"]) % _MODULUS) for row in rows}


def read_single_objects(reader: BoundedReader, oids: Collection[int]) -> dict[int, int]:
    """Return the content of those of the objects that are there. Raise `NotReadable`."""
    query = _OBJECTS.format(
        where="p.loid::int8 = ANY (%(oids)s)", which="m.oid::int8 = ANY (%(oids)s)"
    )
    rows = reader.fetch_all(
        _compose(query + "SELECT oid, content FROM objects"), {"oids": list(oids)}
    )
    return {row["oid"]: int(row["content"]) % _MODULUS for row in rows}


def iter_references(
    context: DatabaseContext, reader: BoundedReader
) -> Iterator[tuple[str, ObjectReferences | str]]:
    """Yield each column that may refer to large objects (`schema.table.column`).

    Where it cannot be read, its value is the reason. Raise `NotReadable` for the catalog.
    """
    for row in list(reader.query_catalog(_COLUMNS)):
        name = f"{row['schema']}.{row['table']}.{row['column']}"
        if not _is_asked(context, name, is_oid=row["oids"]):
            continue
        try:
            values = reader.fetch_one(_compose_references(row))
        except NotReadable as error:
            yield name, str(error)
        else:
            yield name, ObjectReferences(values["values"], values["missing"])


def _is_asked(context: DatabaseContext, name: str, *, is_oid: bool) -> bool:
    declared = context.migrations.large_objects.columns
    if declared:
        return name in declared or context.display_name(name) in declared
    return is_oid


def _compose_references(row: dict[str, Any]) -> sql.Composed:
    column = sql.Identifier("t", row["column"])
    # A framework may keep the OID as text in a column of another type.
    value = sql.SQL("CASE WHEN {0}::text ~ '^[0-9]{{1,10}}$' THEN {0}::text::int8 END").format(
        column
    )
    if row["oids"]:
        value = sql.SQL("{}::oid::int8").format(column)
    return sql.SQL(_REFERENCES).format(value, sql.Identifier(row["schema"], row["table"]))


def _compose(query: str) -> sql.SQL:
    return sql.SQL(query)
