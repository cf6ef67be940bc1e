"""Declarations about single rows, as SQL conditions that a bad row satisfies.

These are columns that may not be null, checks of tables and domains, generated columns, and bounds
of partitions.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import Row

_DOMAINS = """
WITH RECURSIVE chain AS (
    SELECT a.attrelid, a.attname, t.oid AS domain, t.typbasetype AS base, t.typnotnull
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE t.typtype = 'd' AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT chain.attrelid, chain.attname, t.oid, t.typbasetype, t.typnotnull
    FROM chain JOIN pg_type t ON t.oid = chain.base WHERE t.typtype = 'd'
)
"""
_NULLS = (
    _DOMAINS
    + """
SELECT attrelid AS oid, attname AS column, attname AS name, NULL AS type, NULL AS expression
FROM (SELECT attrelid, attname FROM pg_attribute
      WHERE attnotnull AND attnum > 0 AND NOT attisdropped
      UNION SELECT attrelid, attname FROM chain WHERE typnotnull) AS filled
"""
)
_CHECKS = (
    _DOMAINS
    + """
SELECT conrelid AS oid, NULL AS column, conname AS name, NULL AS type,
       pg_get_expr(conbin, conrelid) AS expression
FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0
UNION ALL
SELECT attrelid, attname, attname || ' (' || conname || ')', NULL, pg_get_expr(conbin, 0)
FROM chain JOIN pg_constraint ON contypid = domain AND contype = 'c'
"""
)
_GENERATED = """
SELECT attrelid AS oid, attname AS column, attname AS name,
       format_type(atttypid, atttypmod) AS type, pg_get_expr(adbin, adrelid) AS expression
FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attgenerated = 's' AND NOT attisdropped
"""
_PARTITIONS = """
SELECT oid, NULL AS column, relname AS name, NULL AS type,
       pg_get_partition_constraintdef(oid) AS expression
FROM pg_class
WHERE relispartition AND relkind = 'r' AND pg_get_partition_constraintdef(oid) IS NOT NULL
"""
_CONSTRAINT_QUERIES = {
    "nulls": _NULLS,
    "checks": _CHECKS,
    "generated": _GENERATED,
    "partitions": _PARTITIONS,
}
_IN_SCHEMAS = (
    "SELECT found.* FROM ({}) AS found JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid ="
    " c.relnamespace WHERE n.nspname = ANY (%(schemas)s) AND c.relkind = 'r' ORDER BY oid, name"
)
_QUOTED_OR_VALUE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b""")


@dataclass(frozen=True)
class RowConstraint:
    """A condition on each row of a table.

    `violation` is the SQL that is true of a row that breaks it.
    """

    kind: str
    name: str
    violation: sql.Composable


def read_row_constraints(reader: BoundedReader) -> Mapping[int, list[RowConstraint]]:
    """Read the constraints on single rows, by the OID of the table. Raises `NotReadable`."""
    constraints = defaultdict[int, list[RowConstraint]](list)
    for kind, query in _CONSTRAINT_QUERIES.items():
        for row in reader.query_catalog(_IN_SCHEMAS.format(query)):
            violation = _build_violation(kind, row)
            constraints[row["oid"]].append(RowConstraint(kind, row["name"], violation))
    return constraints


def _build_violation(kind: str, row: Row) -> sql.Composable:
    column = sql.Identifier(row["column"]) if row["column"] else None
    expression = row["expression"]
    if kind == "nulls":
        # IS NULL would be dropped: the planner believes the catalog's NOT NULL.
        return sql.SQL("num_nulls({}) = 1").format(column)
    if kind == "generated":
        # Compared as images: not every type has an equality, and this comparison is stricter.
        return sql.SQL("record_image_ne(ROW ({}), ROW (({})::{}))").format(
            column, sql.SQL(expression), sql.SQL(row["type"])
        )
    if column is not None:
        expression = _substitute_column(expression, row["column"])
    return sql.SQL("NOT ({})").format(sql.SQL(expression))


def _substitute_column(expression: str, column: str) -> str:
    """Return a domain's check about a column of that domain.

    VALUE becomes the column, except where the word is in a string or a quoted name.
    """
    name = sql.Identifier(column).as_string()
    return _QUOTED_OR_VALUE.sub(
        lambda word: name if word.group() == "VALUE" else word.group(), expression
    )
