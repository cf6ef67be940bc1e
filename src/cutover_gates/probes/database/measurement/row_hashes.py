"""The SQL of a fingerprint: what of a row is hashed, and how, so that unequal contents do not pass
for equal.

A table's fingerprint is the sum of its rows' hashes: it does not depend on their order, it splits
over connections, and a row that is there twice counts twice (an exclusive or would lose such a
pair). A row's hash is `hash_record_extended(ROW(columns by name), seed)`, and the seed is the hash
of its key. Without the seed the sum is linear in each column: names swapped between two patients
would leave it as it was (measured: in 66 of 100 swaps). A table without a key has the hash of the
whole row stirred once more, to the same end.

PostgreSQL's own hashes serve its `=`, which calls things equal that are not the same: 1.0 and 1.00,
24 hours and 1 day, 0 and -0, arrays of unlike shape, JSON of unlike nesting, letters that a
collation holds equal; and an enum's value hashes to a number that a restored copy gives anew. So
only types whose `=` means the same bytes are hashed as they are (`DIRECTLY_HASHED_TYPES`); every other one is
hashed as the text that a dump would write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

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
"""Types by their oid, which is the same on every server."""
TEXT_TYPES = {19: "name", 25: "text", 1042: "bpchar", 1043: "varchar"}
NUMERIC_TYPE = 1700
INTEGER_TYPES = {20, 21, 23}
_SINGLE_KEY_HASHES = {
    20: "hashint8extended",
    21: "hashint2extended",
    23: "hashint4extended",
    2950: "uuid_hash_extended",
    25: "hashtextextended",
    1043: "hashtextextended",
}
"""For a key of one column: the same value as `hash_record_extended(ROW(key), 0)`, without the cost
of making the record.
"""
MODULUS = 1 << 64
"""Sums are kept modulo this: a hash has 64 bits."""


@dataclass(frozen=True)
class HashedColumn:
    """One column of what is hashed: the SQL that gives it, the oid of its type (a domain's is that
    of its base), and the type as one says it.
    """

    expression: str
    oid: int
    type: str


HashedColumns = Mapping[str, HashedColumn]


def hash_input(field: HashedColumn) -> sql.Composable:
    """The field as it goes into the row that is hashed; for a numeric that is two: its value and
    how many decimals it is written with.
    """
    given = sql.SQL(field.expression)
    if field.oid in DIRECTLY_HASHED_TYPES:
        return given
    if field.oid in TEXT_TYPES:
        return sql.SQL('({} COLLATE "C")').format(given)
    if field.oid == NUMERIC_TYPE:
        return sql.SQL("{0}, scale({0})").format(given)
    return sql.SQL('(({})::text COLLATE "C")').format(given)


def key_hash(fields: HashedColumns, key: Sequence[str]) -> sql.Composable:
    """The hash of a row's key; of the whole row where it has none."""
    if len(key) == 1 and (function := _SINGLE_KEY_HASHES.get(fields[key[0]].oid)):
        return sql.SQL("{}({}, 0)").format(sql.SQL(function), hash_input(fields[key[0]]))
    return _record_hash(
        [fields[name] for name in key] if key else _order_by_name(fields), sql.SQL("0")
    )


def row_hash(fields: HashedColumns, key: Sequence[str]) -> sql.Composable:
    """The hash of a row."""
    if key:
        return _record_hash(_order_by_name(fields), key_hash(fields, key))
    return sql.SQL("hashint8extended({0}, {0})").format(key_hash(fields, ()))


def _record_hash(fields: Sequence[HashedColumn], seed: sql.Composable) -> sql.Composable:
    """By name and not by position, so that a table that was made anew with its columns in another
    order is the same table.
    """
    row = sql.SQL(", ").join([hash_input(field) for field in fields])
    return sql.SQL("hash_record_extended(ROW({}), {})").format(row, seed)


def _order_by_name(fields: HashedColumns) -> list[HashedColumn]:
    return [fields[name] for name in sorted(fields)]
