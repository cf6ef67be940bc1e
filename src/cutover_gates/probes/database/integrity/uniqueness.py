"""Unique indexes and exclusion constraints, compared with the heap and not the index."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.bounded_reader import MAX_KEYS_IN_FINDING, BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.gate_steps import StepProgress
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    describe_rows,
    read_structure,
    report_empty_declarations,
)
from cutover_gates.util.concurrency import run_watched

_UNIQUE = """
SELECT i.indrelid AS oid, i.indexrelid AS index, x.relname AS name,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_are_equal,
       ARRAY(SELECT '(' || pg_get_indexdef(i.indexrelid, k, false) || ')' ||
                    coalesce((SELECT format(' COLLATE %%I.%%I', s.nspname, l.collname)
                              FROM pg_collation l JOIN pg_namespace s ON s.oid = l.collnamespace
                              WHERE l.oid = i.indcollation[k - 1]), '')
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS parts,
       (SELECT ARRAY(SELECT format('OPERATOR(%%I.%%s)', s.nspname, o.oprname)
                     FROM unnest(con.conexclop) WITH ORDINALITY AS e (operator, position)
                     JOIN pg_operator o ON o.oid = e.operator
                     JOIN pg_namespace s ON s.oid = o.oprnamespace ORDER BY e.position)
        FROM pg_constraint con
        WHERE con.conindid = i.indexrelid AND con.conrelid = i.indrelid
        AND con.conexclop IS NOT NULL) AS excludes
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'm')
AND (i.indisunique OR i.indisexclusion) ORDER BY name
"""


@dataclass(frozen=True)
class UniqueIndex:
    """An index whose `parts` (SQL) may have each value once.

    `excludes` holds, of an exclusion constraint, the operators that may be true of no two rows.
    """

    table: Relation
    name: str
    parts: tuple[str, ...]
    predicate: str | None
    nulls_are_equal: bool
    excludes: tuple[str, ...]
    oid: int = 0

    @property
    def display_name(self) -> str:
        """The index as a person names it: `table.index`."""
        return f"{self.table.display_name}.{self.name}"

    @property
    def rows_sql(self) -> sql.Composed:
        """A query for the place and the parts (`k0`, `k1` and so on) of each row in the index."""
        parts = [
            sql.SQL("{} AS {}").format(sql.SQL(part), name)
            for part, name in zip(self.parts, self.key_names, strict=True)
        ]
        return sql.SQL("SELECT ctid AS place, {} FROM {} WHERE ({})").format(
            sql.SQL(", ").join(parts), self.table.rows_sql, sql.SQL(self.predicate or "true")
        )

    @property
    def key_names(self) -> list[sql.Identifier]:
        """The names of the parts in `rows_sql`."""
        return [sql.Identifier(f"k{number}") for number in range(len(self.parts))]


def check_duplicates(
    context: DatabaseContext, reader: BoundedReader, proven: Collection[int] = ()
) -> AssessmentBuilder:
    """Check every unique index and exclusion constraint, the smallest table first.

    `proven`: oids of indexes that were compared with their tables, entry by entry and in order, so
    that no value can be there twice. Exclusion constraints go last, since they cost the square of
    the number of rows.
    """
    builder = AssessmentBuilder()
    structure = read_structure(context, reader)
    # The tables are in order of size, so the first answers come soon.
    order = list(structure.tables)
    indexes = [
        _parse_unique_index(structure.tables[row["oid"]], row)
        for row in reader.query_catalog(_UNIQUE)
    ]
    indexes.sort(key=lambda index: (bool(index.excludes), order.index(index.table.oid)))
    read = [index for index in indexes if index.oid not in proven]
    progress = StepProgress(
        context.report_progress, "unique values", sum(index.table.rows for index in read)
    )
    for index in indexes:
        if index.oid in proven:
            builder.checked.append(index.display_name)
        else:
            _check_index(reader, index, builder, progress)
    builder.figures["proven by the walk over the index"] = len(indexes) - len(read)
    report_empty_declarations(structure, builder, "has no unique index")
    return builder


def _check_index(
    reader: BoundedReader, index: UniqueIndex, builder: AssessmentBuilder, progress: StepProgress
) -> None:
    rule = rules.EXCLUSIONS if index.excludes else rules.UNIQUE_VALUES
    check = _check_exclusion if index.excludes else _check_repeated_values
    with (
        builder.check_item(rule, index.display_name),
        progress.show_step(index.display_name, index.table.rows),
    ):
        call = partial(check, reader, index, builder)
        run_watched([call], tick=progress.tick, cancel=reader.cancel)


def _parse_unique_index(table: Relation, row: Row) -> UniqueIndex:
    return UniqueIndex(
        table,
        row["name"],
        tuple(row["parts"]),
        row["predicate"],
        row["nulls_are_equal"],
        tuple(row["excludes"] or ()),
        row["index"],
    )


def _check_repeated_values(
    reader: BoundedReader, index: UniqueIndex, builder: AssessmentBuilder
) -> None:
    names = sql.SQL(", ").join(index.key_names)
    given = sql.SQL("num_nulls({}) = 0").format(names)
    if index.nulls_are_equal:
        given = sql.SQL("true") + sql.SQL("")
    groups = sql.SQL(
        "SELECT count(*) AS rows, max(place) AS place FROM ({}) AS r WHERE {} GROUP BY {}"
        " HAVING count(*) > 1"
    ).format(index.rows_sql, given, names)
    result = reader.fetch_one(
        sql.SQL(
            "SELECT coalesce(sum(rows - 1), 0)::bigint AS surplus,"
            " (array_agg(place))[1:{}]::text[] AS places FROM ({}) AS groups"
        ).format(sql.Literal(MAX_KEYS_IN_FINDING), groups)
    )
    if result["surplus"]:
        query = _build_keys_query(index.table, result["places"])
        builder.add_finding(
            rules.UNIQUE_VALUES,
            index.display_name,
            expected=f"each value once in {index.table.display_name}",
            actual=f"repeated in {describe_rows(result['surplus'], reader, query)}",
            reproduce=groups.as_string(),
        )


def _check_exclusion(reader: BoundedReader, index: UniqueIndex, builder: AssessmentBuilder) -> None:
    conditions = [
        sql.SQL("a.{} {} b.{}").format(name, sql.SQL(operator), name)
        for name, operator in zip(index.key_names, index.excludes, strict=True)
    ]
    # MATERIALIZED: the rows are read once, not for each pair.
    result = reader.fetch_one(
        sql.SQL(
            "WITH r AS MATERIALIZED ({}) SELECT count(*) AS pairs,"
            " (array_agg(b.place))[1:{}]::text[] AS places"
            " FROM r AS a JOIN r AS b ON a.place < b.place AND {}"
        ).format(
            index.rows_sql, sql.Literal(MAX_KEYS_IN_FINDING), sql.SQL(" AND ").join(conditions)
        )
    )
    if result["pairs"]:
        query = _build_keys_query(index.table, result["places"])
        builder.add_finding(
            rules.EXCLUSIONS,
            index.display_name,
            expected=f"no conflict between two rows of {index.table.display_name}",
            actual=f"conflict in {describe_rows(result['pairs'], reader, query)}",
        )


def _build_keys_query(table: Relation, places: list[str]) -> sql.Composed:
    return sql.SQL("SELECT {} AS key FROM {} AS t WHERE t.ctid = ANY ({}::tid[])").format(
        table.build_key_sql("t"), table.rows_sql, sql.Literal(places)
    )
