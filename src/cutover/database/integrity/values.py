"""What is asked of each row by itself: columns that may not be empty, checks, domains, generated
columns, bounds of partitions.

All of it is asked of a table in one pass, for a pass over 100 million rows is what costs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cutover.database.integrity.reading import Reader, Refused, Seen, Unseen
from cutover.database.integrity.structure import (
    Relation,
    read_structure,
    rows_are,
    say_what_declares_nothing,
    such_as,
)
from cutover.database.session import Row
from cutover.database.site import Site

KINDS = ("nulls", "checks", "generated", "partitions")
AT_A_TIME = 500  # questions in one statement: it may have 1664 columns

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
_RULES = {
    "nulls": _DOMAINS
    + """
        SELECT attrelid AS oid, attname AS column, attname AS name, NULL AS type, NULL AS expression
        FROM (SELECT attrelid, attname FROM pg_attribute WHERE attnotnull AND attnum > 0 AND NOT attisdropped
              UNION SELECT attrelid, attname FROM chain WHERE typnotnull) AS filled""",
    "checks": _DOMAINS
    + """
        SELECT conrelid AS oid, NULL AS column, conname AS name, NULL AS type, pg_get_expr(conbin, conrelid) AS expression
        FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0
        UNION ALL
        SELECT attrelid, attname, attname || ' (' || conname || ')', NULL, pg_get_expr(conbin, 0)
        FROM chain JOIN pg_constraint ON contypid = domain AND contype = 'c'""",
    "generated": (
        """
        SELECT attrelid AS oid, attname AS column, attname AS name, format_type(atttypid, atttypmod) AS type,
               pg_get_expr(adbin, adrelid) AS expression
        FROM pg_attribute JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attgenerated = 's' AND NOT attisdropped"""
    ),
    "partitions": (
        """
        SELECT oid, NULL AS column, relname AS name, NULL AS type, pg_get_partition_constraintdef(oid) AS expression
        FROM pg_class WHERE relispartition AND relkind = 'r' AND pg_get_partition_constraintdef(oid) IS NOT NULL"""
    ),
}
_IN_SCHEMAS = (
    "SELECT found.* FROM ({}) AS found JOIN pg_class c USING (oid) JOIN pg_namespace n ON n.oid ="
    " c.relnamespace WHERE n.nspname = ANY (%(schemas)s) AND c.relkind = 'r' ORDER BY oid, name"
)
_BREAKS = {
    "nulls": "without a value in a column that must have one",
    "checks": "that the constraint forbids",
    "generated": "whose generated column is not what its expression gives",
    "partitions": "outside the bounds of this partition",
}
_WORDS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b""")


@dataclass(frozen=True)
class Rule:
    """Something that holds for each row of a table; `broken` is the SQL condition that is true of a
    row for which it does not.
    """

    kind: str
    name: str
    broken: sql.Composable


def values(site: Site) -> dict[str, Any]:
    """For each of `KINDS` what came of it (`Seen` as a dict), over all tables, the smallest first.

    `NotProven` where nothing can be asked at all.
    """
    with Reader(site) as reader:
        structure = read_structure(site, reader)
        rules = _rules(reader)
        seen = {kind: Seen() for kind in KINDS}
        for number, table in enumerate(structure.holding_rows, 1):
            site.say(
                f"constraints of each row: {table.shown} ({number} of"
                f" {len(structure.holding_rows)})"
            )
            for first in range(0, len(rules[table.oid]), AT_A_TIME):
                _look_at(reader, table, rules[table.oid][first : first + AT_A_TIME], seen)
        for kind in KINDS:
            say_what_declares_nothing(
                structure, seen[kind], f"declares nothing of this kind ({kind})"
            )
    return {kind: vars(found) for kind, found in seen.items()}


def _rules(reader: Reader) -> dict[int, list[Rule]]:
    found = defaultdict[int, list[Rule]](list)
    for kind, query in _RULES.items():
        for row in reader.catalog(_IN_SCHEMAS.format(query)):
            found[row["oid"]].append(Rule(kind, row["name"], _broken(kind, row)))
    return found


def _broken(kind: str, row: Row) -> sql.Composable:
    column, expression = row["column"] and sql.Identifier(row["column"]), row["expression"]
    match kind:
        case "nulls":  # a function, because the planner believes the catalog and drops IS NULL
            return sql.SQL("num_nulls({}) = 1").format(column)
        case (
            "generated"
        ):  # compared as images: not every type has an equality, and this one is stricter
            return sql.SQL("record_image_ne(ROW ({}), ROW (({})::{}))").format(
                column, sql.SQL(expression), sql.SQL(row["type"])
            )
        case _:
            return sql.SQL("NOT ({})").format(
                sql.SQL(_of_column(expression, row["column"]) if column else expression)
            )


def _of_column(expression: str, column: str) -> str:
    """A domain's check, about a column of that domain: VALUE is the column, except where the word
    stands in a text or a name.
    """
    name = sql.Identifier(column).as_string()
    return _WORDS.sub(lambda word: name if word.group() == "VALUE" else word.group(), expression)


def _look_at(reader: Reader, table: Relation, rules: Sequence[Rule], seen: dict[str, Seen]) -> None:
    """One pass for all rules.

    Where that cannot be read, each rule is asked for itself: an expression that fails does not hide
    the others.
    """
    try:
        broken = _counts(reader, table, rules)
    except Unseen as why:
        if isinstance(why, Refused) and len(rules) > 1:
            for rule in rules:
                _look_at(reader, table, [rule], seen)
            return
        for rule in rules:
            (seen[rule.kind].findings if why.damaged else seen[rule.kind].unproven).append(
                f"{table.shown}.{rule.name}: {why}."
            )
        return
    for rule, count in zip(rules, broken, strict=True):
        seen[rule.kind].examined.append(f"{table.shown}.{rule.name}")
        if count:
            query = sql.SQL("SELECT {} AS key FROM {} AS t WHERE {}").format(
                table.key_of("t"), table.rows, rule.broken
            )
            seen[rule.kind].findings.append(
                f"{table.shown}.{rule.name}: {rows_are(count)}"
                f" {_BREAKS[rule.kind]}{such_as(reader, query)}."
            )


def _counts(reader: Reader, table: Relation, rules: Sequence[Rule]) -> list[int]:
    """For each rule the rows that break it."""
    counts = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(
            rule.broken, sql.Identifier(f"rule_{number}")
        )
        for number, rule in enumerate(rules)
    )
    return list(reader.row(sql.SQL("SELECT {} FROM {}").format(counts, table.rows)).values())
