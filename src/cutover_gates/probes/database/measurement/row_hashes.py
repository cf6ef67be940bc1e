"""The SQL of row hashes: unequal contents must not get the same hash.

The hash of a table is the sum of the hashes of its rows: it does not depend on their order, it can
be computed on several connections, and a row that is there twice counts twice (an exclusive or
would cancel such a pair). The hash of a row is `hash_record_extended(ROW(columns by name), seed)`,
and the seed is the hash of its key. Without the seed the sum is linear in each column: names
exchanged between two patients would not change it (measured: in 66 of 100 exchanges). In a table
without a key the hash of the whole row is hashed once more, to the same end.

PostgreSQL's own hashes serve its `=`, which treats different values as equal: 1.0 and 1.00, 24
hours and 1 day, 0 and -0, arrays of other shape, JSON of other nesting, letters that a collation
treats as equal. The hash of an enum's value differs in a restored copy. So only types whose `=`
means the same bytes are hashed as they are (`DIRECTLY_HASHED_TYPES`); every other type is hashed as
the text that a dump would write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

# Types by their oid, which is the same on every server.
DIRECTLY_HASHED_TYPES = {
    16: "bool",
    17: "bytea",
    18: '"char"',
    20: "int8",
    21: "int2",
    23: "int4",
    26: "oid",
    650: "cidr",
    774: "macaddr8",
    829: "macaddr",
    869: "inet",
    1082: "date",
    1083: "time",
    1114: "timestamp",
    1184: "timestamptz",
    1266: "timetz",
    2950: "uuid",
    3220: "pg_lsn",
}
TEXT_TYPES = {19: "name", 25: "text", 1042: "bpchar", 1043: "varchar"}
NUMERIC_TYPE = 1700
INTEGER_TYPES = {20, 21, 23}
# Functions for a key of one column: they give the same value as `hash_record_extended(ROW(key),
# 0)` without the cost of making the record.
_SINGLE_KEY_HASHES = {
    20: "hashint8extended",
    21: "hashint2extended",
    23: "hashint4extended",
    2950: "uuid_hash_extended",
    25: "hashtextextended",
    1043: "hashtextextended",
}
# Sums are kept modulo this: a hash has 64 bits.
MODULUS = 1 << 64


@dataclass(frozen=True)
class HashedColumn:
    """One column of what is hashed: its SQL expression, the oid of its type, and the type's name.

    The oid of a domain is that of its base.
    """

    expression: str
    oid: int
    type: str


HashedColumns = Mapping[str, HashedColumn]


def hash_input(field: HashedColumn) -> sql.Composable:
    """Return a column as it goes into the row that is hashed.

    A numeric gives two values: its own, and the number of decimals that it is written with.
    """
    expression = sql.SQL(field.expression)
    if field.oid in DIRECTLY_HASHED_TYPES:
        return expression
    if field.oid in TEXT_TYPES:
        return sql.SQL('({} COLLATE "C")').format(expression)
    if field.oid == NUMERIC_TYPE:
        return sql.SQL("{0}, scale({0})").format(expression)
    return sql.SQL('(({})::text COLLATE "C")').format(expression)


def key_hash(fields: HashedColumns, key: Sequence[str]) -> sql.Composable:
    """Return the hash of a row's key; of the whole row in a table without a key."""
    if len(key) == 1 and (function := _SINGLE_KEY_HASHES.get(fields[key[0]].oid)):
        return sql.SQL("{}({}, 0)").format(sql.SQL(function), hash_input(fields[key[0]]))
    hashed = [fields[name] for name in key] if key else _order_by_name(fields)
    return _record_hash(hashed, sql.SQL("0"))


def column_hash(field: HashedColumn) -> sql.Composable:
    """Return the hash of one column, to name the columns in which two rows differ."""
    return _record_hash([field], sql.SQL("0"))


def seeded_column_hash(field: HashedColumn, seed: sql.Composable) -> sql.Composable:
    """Return the hash of one column with a seed. Where the type allows it, null for a null."""
    if function := _SINGLE_KEY_HASHES.get(field.oid):
        return sql.SQL("{}({}, {})").format(sql.SQL(function), hash_input(field), seed)
    return _record_hash([field], seed)


def row_hash(fields: HashedColumns, key: Sequence[str]) -> sql.Composable:
    """Return the hash of a row."""
    if key:
        return _record_hash(_order_by_name(fields), key_hash(fields, key))
    return sql.SQL("hashint8extended({0}, {0})").format(key_hash(fields, ()))


def _record_hash(fields: Sequence[HashedColumn], seed: sql.Composable) -> sql.Composable:
    """Return the hash of a record of these columns.

    Callers order them by name, so a table that was rebuilt with its columns in another order has
    the same hashes.
    """
    row = sql.SQL(", ").join([hash_input(field) for field in fields])
    return sql.SQL("hash_record_extended(ROW({}), {})").format(row, seed)


def _order_by_name(fields: HashedColumns) -> list[HashedColumn]:
    return [fields[name] for name in sorted(fields)]


# What shows whether two servers hash equal rows to equal numbers: functions and texts may change
# with a major version. Each type is in it that is hashed by itself, and the text of the others.
# Rows of many lengths, because a hash function treats the end of a value in a way of its own.
_PROBE = """
WITH rows AS (
    SELECT n, repeat(chr(97 + n % 26) || 'é', n) AS words, n::int8 * 1000003 * 7919 AS number,
           timestamptz '2026-01-01 00:00:00+00' + n * interval '1 day 1.000001 second' AS moment
    FROM generate_series(0, 63) n
)
SELECT md5(string_agg(concat_ws(':',
    hash_record_extended(ROW(
        n % 2 = 0, convert_to(words, 'UTF8'), n::"char", number, n::int2, n::int4, n::oid,
        ('10.0.' || n || '.0/24')::cidr, ('10.0.0.' || n)::inet,
        ('08:00:2b:01:02:' || lpad(to_hex(n), 2, '0'))::macaddr,
        ('08:00:2b:01:02:03:04:' || lpad(to_hex(n), 2, '0'))::macaddr8,
        moment::date, (moment AT TIME ZONE 'UTC')::time, moment AT TIME ZONE 'UTC', moment,
        (moment AT TIME ZONE 'UTC')::time::timetz, md5(words)::uuid, ('0/' || to_hex(n))::pg_lsn
    ), n),
    hash_record_extended(ROW(
        words COLLATE "C", left(words, 60)::name COLLATE "C", words::varchar COLLATE "C",
        left(words, 9)::char(9) COLLATE "C", number / 1000.0, scale(number / 1000.0)
    ), n),
    hashtextextended((number / 7.0)::float8::text COLLATE "C", n),
    hashtextextended((number / 7.0)::float4::text COLLATE "C", n),
    hashtextextended((n * interval '1 month 2 days 3.5 seconds')::text COLLATE "C", n),
    hashtextextended(jsonb_build_object('b', n, 'a', words)::text COLLATE "C", n),
    hashtextextended(json_build_object('b', n, 'a', words)::text COLLATE "C", n),
    hashtextextended(ARRAY[words, NULL, 'a b']::text COLLATE "C", n),
    hashtextextended(int4range(n, n + 5)::text COLLATE "C", n),
    hashtextextended(tstzrange(moment, NULL)::text COLLATE "C", n),
    hashtextextended(point(n, n / 3.0)::text COLLATE "C", n),
    hashtextextended(n::bit(12)::text COLLATE "C", n),
    hashtextextended(to_tsvector('simple', words || ' two')::text COLLATE "C", n),
    hashtextextended(ROW(n, words)::text COLLATE "C", n),
    hashint8extended(number, n), hashint4extended(n, n), hashint2extended(n::int2, n),
    uuid_hash_extended(md5(words)::uuid, n)
), ',' ORDER BY n)) FROM rows
"""


def read_hash_probe(connection: psycopg.Connection[Any]) -> str:
    """Return a digest of the hashes, in a session with the settings of a measurement.

    Empty where the server cannot compute it.
    """
    try:
        with connection.transaction():
            row = connection.execute(_PROBE.encode()).fetchone()
    except psycopg.Error:
        return ""
    return str(row[0]) if row else ""
