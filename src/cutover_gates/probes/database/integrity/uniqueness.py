"""Whether what may stand only once does: unique indexes, of a constraint or not, and exclusion
constraints. Read from the heap, not the index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import MAX_KEYS_IN_FINDING, BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    format_row_count,
    format_sample_keys,
    read_structure,
    report_empty_declarations,
)

_UNIQUE = """
SELECT i.indrelid AS oid, x.relname AS name, pg_get_expr(i.indpred, i.indrelid) AS predicate,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_are_equal,
       ARRAY(SELECT '(' || pg_get_indexdef(i.indexrelid, k, false) || ')' ||
                    coalesce((SELECT format(' COLLATE %%I.%%I', s.nspname, l.collname)
                              FROM pg_collation l JOIN pg_namespace s ON s.oid = l.collnamespace WHERE l.oid = i.indcollation[k - 1]), '')
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS parts,
       (SELECT ARRAY(SELECT format('OPERATOR(%%I.%%s)', s.nspname, o.oprname)
                     FROM unnest(con.conexclop) WITH ORDINALITY AS e (operator, position)
                     JOIN pg_operator o ON o.oid = e.operator JOIN pg_namespace s ON s.oid = o.oprnamespace ORDER BY e.position)
        FROM pg_constraint con
        WHERE con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.conexclop IS NOT NULL) AS excludes
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'm') AND (i.indisunique OR i.indisexclusion) ORDER BY name
"""


@dataclass(frozen=True)
class UniqueIndex:
    """An index whose `parts` (SQL) may have each value once.

    `excludes`: of an exclusion constraint, the operators by which no two rows may meet.
    """

    table: Relation
    name: str
    parts: tuple[str, ...]
    predicate: str | None
    nulls_are_equal: bool
    excludes: tuple[str, ...]

    @property
    def rows_sql(self) -> sql.Composed:
        """Each row that the index is about: its place, and its parts as `k0`, `k1` …"""
        parts = sql.SQL(", ").join(
            sql.SQL("{} AS {}").format(sql.SQL(part), name)
            for part, name in zip(self.parts, self.key_names, strict=True)
        )
        return sql.SQL("SELECT ctid AS place, {} FROM {} WHERE ({})").format(
            parts, self.table.rows_sql, sql.SQL(self.predicate or "true")
        )

    @property
    def key_names(self) -> list[sql.Identifier]:
        return [sql.Identifier(f"k{number}") for number in range(len(self.parts))]


def check_duplicates(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Every unique index and exclusion constraint, the smallest table first, exclusions last: these
    cost the square of the rows.
    """
    seen, structure = AssessmentBuilder(), read_structure(site, reader)
    order = list(structure.tables)
    found = [
        _parse_unique_index(structure.tables[row["oid"]], row)
        for row in reader.query_catalog(_UNIQUE)
    ]
    for once in sorted(found, key=lambda once: (bool(once.excludes), order.index(once.table.oid))):
        site.report_progress(f"only once: {once.table.display_name}.{once.name}")
        with seen.check_item(f"{once.table.display_name}.{once.name}"):
            seen.findings.extend(
                _find_exclusion_conflicts(reader, once)
                if once.excludes
                else _find_repeated_values(reader, once)
            )
    report_empty_declarations(structure, seen, "has no unique index")
    return seen


def _parse_unique_index(table: Relation, row: dict[str, Any]) -> UniqueIndex:
    return UniqueIndex(
        table,
        row["name"],
        tuple(row["parts"]),
        row["predicate"],
        row["nulls_are_equal"],
        tuple(row["excludes"] or ()),
    )


def _find_repeated_values(reader: BoundedReader, once: UniqueIndex) -> list[str]:
    names = sql.SQL(", ").join(once.key_names)
    given = sql.SQL("true") if once.nulls_are_equal else sql.SQL("num_nulls({}) = 0").format(names)
    found = reader.fetch_one(
        sql.SQL(
            "SELECT coalesce(sum(rows - 1), 0)::bigint AS surplus,"
            " (array_agg(place))[1:{shown}]::text[] AS places FROM (SELECT count(*) AS rows,"
            " max(place) AS place FROM ({rows}) AS r WHERE {given} GROUP BY {names} HAVING count(*)"
            " > 1) AS groups",
        ).format(
            shown=sql.Literal(MAX_KEYS_IN_FINDING), rows=once.rows_sql, given=given, names=names
        )
    )
    if not found["surplus"]:
        return []
    repeat = "repeats" if found["surplus"] == 1 else "repeat"
    return [
        f"{once.table.display_name}.{once.name}: {format_row_count(found['surplus'])} of {once.table.display_name}"
        f" {repeat} a value that may stand only"
        f" once{format_sample_keys(reader, _build_keys_query(once.table, found['places']))}."
    ]


def _find_exclusion_conflicts(reader: BoundedReader, once: UniqueIndex) -> list[str]:
    meet = sql.SQL(" AND ").join(
        sql.SQL("a.{} {} b.{}").format(name, sql.SQL(operator), name)
        for name, operator in zip(once.key_names, once.excludes, strict=True)
    )
    pairs = reader.fetch_one(
        sql.SQL(
            "WITH r AS MATERIALIZED ({rows}) SELECT count(*) AS pairs,"
            " (array_agg(b.place))[1:{shown}]::text[] AS places FROM r AS a JOIN r AS b ON a.place"
            " < b.place AND {meet}"
        ).format(rows=once.rows_sql, shown=sql.Literal(MAX_KEYS_IN_FINDING), meet=meet)
    )
    if not pairs["pairs"]:
        return []
    return [
        f"{once.table.display_name}.{once.name}: {pairs['pairs']} pairs of rows of {once.table.display_name}"
        " meet, which it excludes; the second of"
        f" each{format_sample_keys(reader, _build_keys_query(once.table, pairs['places']))}."
    ]


def _build_keys_query(table: Relation, places: list[str]) -> sql.Composed:
    return sql.SQL("SELECT {} AS key FROM {} AS t WHERE t.ctid = ANY ({}::tid[])").format(
        table.build_key_sql("t"), table.rows_sql, sql.Literal(places)
    )
