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

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader, QueryRejected
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    format_row_count,
    format_sample_keys,
    read_structure,
    report_empty_declarations,
)

ROW_CONSTRAINT_KINDS = ("nulls", "checks", "generated", "partitions")
MAX_CONSTRAINTS_PER_QUERY = 500  # questions in one statement: it may have 1664 columns

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
_CONSTRAINT_QUERIES = {
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
_VIOLATION_TEXTS = {
    "nulls": "without a value in a column that must have one",
    "checks": "that the constraint forbids",
    "generated": "whose generated column is not what its expression gives",
    "partitions": "outside the bounds of this partition",
}
_QUOTED_OR_VALUE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b""")


@dataclass(frozen=True)
class RowConstraint:
    """Something that holds for each row of a table; `violation` is the SQL condition that is true of a
    row for which it does not.
    """

    kind: str
    name: str
    violation: sql.Composable


def check_row_constraints(site: DatabaseContext) -> dict[str, Any]:
    """For each of `ROW_CONSTRAINT_KINDS` what came of it (`Seen` as a dict), over all tables, the smallest first.

    `NotProven` where nothing can be asked at all.
    """
    with BoundedReader(site) as reader:
        structure = read_structure(site, reader)
        rules = _read_row_constraints(reader)
        seen = {kind: AssessmentBuilder() for kind in ROW_CONSTRAINT_KINDS}
        for number, table in enumerate(structure.tables_with_rows, 1):
            site.report_progress(
                f"constraints of each row: {table.display_name} ({number} of"
                f" {len(structure.tables_with_rows)})"
            )
            for first in range(0, len(rules[table.oid]), MAX_CONSTRAINTS_PER_QUERY):
                _check_table(
                    reader, table, rules[table.oid][first : first + MAX_CONSTRAINTS_PER_QUERY], seen
                )
        for kind in ROW_CONSTRAINT_KINDS:
            report_empty_declarations(
                structure, seen[kind], f"declares nothing of this kind ({kind})"
            )
    return {kind: vars(found) for kind, found in seen.items()}


def _read_row_constraints(reader: BoundedReader) -> dict[int, list[RowConstraint]]:
    found = defaultdict[int, list[RowConstraint]](list)
    for kind, query in _CONSTRAINT_QUERIES.items():
        for row in reader.query_catalog(_IN_SCHEMAS.format(query)):
            found[row["oid"]].append(RowConstraint(kind, row["name"], _build_violation(kind, row)))
    return found


def _build_violation(kind: str, row: Row) -> sql.Composable:
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
                sql.SQL(_substitute_column(expression, row["column"]) if column else expression)
            )


def _substitute_column(expression: str, column: str) -> str:
    """A domain's check, about a column of that domain: VALUE is the column, except where the word
    stands in a text or a name.
    """
    name = sql.Identifier(column).as_string()
    return _QUOTED_OR_VALUE.sub(
        lambda word: name if word.group() == "VALUE" else word.group(), expression
    )


def _check_table(
    reader: BoundedReader,
    table: Relation,
    rules: Sequence[RowConstraint],
    seen: dict[str, AssessmentBuilder],
) -> None:
    """One pass for all rules.

    Where that cannot be read, each rule is asked for itself: an expression that fails does not hide
    the others.
    """
    try:
        broken = _count_violations(reader, table, rules)
    except NotReadable as why:
        if isinstance(why, QueryRejected) and len(rules) > 1:
            for rule in rules:
                _check_table(reader, table, [rule], seen)
            return
        for rule in rules:
            (seen[rule.kind].findings if why.broken_rule else seen[rule.kind].not_proven).append(
                f"{table.display_name}.{rule.name}: {why}."
            )
        return
    for rule, count in zip(rules, broken, strict=True):
        seen[rule.kind].checked.append(f"{table.display_name}.{rule.name}")
        if count:
            query = sql.SQL("SELECT {} AS key FROM {} AS t WHERE {}").format(
                table.build_key_sql("t"), table.rows_sql, rule.violation
            )
            seen[rule.kind].findings.append(
                f"{table.display_name}.{rule.name}: {format_row_count(count)}"
                f" {_VIOLATION_TEXTS[rule.kind]}{format_sample_keys(reader, query)}."
            )


def _count_violations(
    reader: BoundedReader, table: Relation, rules: Sequence[RowConstraint]
) -> list[int]:
    """For each rule the rows that break it."""
    counts = sql.SQL(", ").join(
        sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(
            rule.violation, sql.Identifier(f"rule_{number}")
        )
        for number, rule in enumerate(rules)
    )
    return list(
        reader.fetch_one(sql.SQL("SELECT {} FROM {}").format(counts, table.rows_sql)).values()
    )
