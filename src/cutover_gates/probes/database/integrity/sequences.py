"""Whether every sequence gives numbers that are not there yet, and has enough of them left."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    read_structure,
    report_empty_declarations,
)

MAX_USED_SHARE = 0.9
"""The part of its numbers that a sequence may have used."""

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_SEQUENCE_USES = """
WITH uses AS (
    SELECT d.objid AS sequence, d.refobjid AS oid, d.refobjsubid AS number FROM pg_depend d
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
)
SELECT uses.oid, a.attname AS column, format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) AS type,
       space.nspname AS schema, c.relname AS name, s.seqincrement AS step, s.seqmin AS low, s.seqmax AS high, s.seqcycle AS cycles
FROM uses JOIN pg_sequence s ON s.seqrelid = uses.sequence JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace space ON space.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = uses.oid AND a.attnum = uses.number JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_class owner ON owner.oid = uses.oid JOIN pg_namespace n ON n.oid = owner.relnamespace
WHERE n.nspname = ANY (%(schemas)s) ORDER BY name, a.attname
"""
_TEXT_DEFAULTS = """
SELECT n.nspname AS schema, c.relname AS table, a.attname AS column
FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
JOIN pg_class c ON c.oid = f.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND pg_get_expr(f.adbin, f.adrelid) LIKE '%%nextval(%%'
AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.refobjid
                WHERE d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass)
"""


def check_sequences(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Each column that a sequence fills, asked on the primary: a standby's copy of a sequence runs
    up to 32 numbers ahead.

    The highest number of a column is looked up in its index where there is one; whether that tells
    the truth is asked elsewhere.
    """
    seen, structure = AssessmentBuilder(), read_structure(site, reader)
    for row in reader.query_catalog(_SEQUENCE_USES):
        if table := structure.tables.get(row["oid"]):
            name = f"{table.display_name}.{row['column']} ({row['name']})"
            with seen.check_item(name):
                seen.findings.extend(_find_sequence_errors(reader, table, row, name, seen.figures))
    for row in reader.query_catalog(_TEXT_DEFAULTS):
        seen.not_proven.append(
            f"{site.display_name(row['schema'] + '.' + row['table'])}.{row['column']}: its default names a"
            " sequence only as text, so that which one it is cannot be known; write"
            " nextval('name'::regclass)."
        )
    report_empty_declarations(structure, seen, "is filled by no sequence")
    return seen


def _find_sequence_errors(
    reader: BoundedReader, table: Relation, row: dict[str, Any], name: str, facts: dict[str, Any]
) -> list[str]:
    step, low, high = row["step"], row["low"], row["high"]
    column = sql.Identifier(row["column"])
    number = (
        column if row["type"] in (*_LARGEST, "numeric") else sql.SQL("{}::numeric").format(column)
    )
    state = reader.fetch_one(
        sql.SQL("SELECT last_value, is_called, (SELECT {}({}) FROM {}) AS last_row FROM {}").format(
            sql.SQL("max" if step > 0 else "min"),
            number,
            table.rows_sql,
            sql.Identifier(row["schema"], row["name"]),
        )
    )
    following = state["last_value"] + step if state["is_called"] else state["last_value"]
    there = state["last_row"]
    if largest := _LARGEST.get(row["type"]):
        low, high = max(low, -largest - 1), min(high, largest)
    used = (
        ((following - low) if step > 0 else (high - following)) / (high - low)
        if high > low
        else 1.0
    )
    facts[name] = {
        "next": following,
        "last_row": None if there is None else int(there),
        "used": round(max(0.0, used), 4),
    }
    wrong = []
    if there is not None and (following <= there if step > 0 else following >= there):
        wrong.append(
            f"{name}: the sequence gives {following} next, but {int(there)} is already there: an"
            f" insert fails, or gives a number twice; it must be {'above' if step > 0 else 'below'}"
            f" {int(there)}."
        )
    if used >= MAX_USED_SHARE and not row["cycles"]:
        wrong.append(
            f"{name}: the sequence has used {used:.1%} of its numbers, and {MAX_USED_SHARE:.0%} is the"
            f" limit: it gives {following} next and ends at {high if step > 0 else low} (type"
            f" {row['type']})."
        )
    return wrong
