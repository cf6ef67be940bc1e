"""Whether every index agrees with its table: the same entries, in an order in which they can be
found.

Where the extension amcheck is there and may be used, it answers (`bt_index_check` with
`heapallindexed`). Else each B-tree is walked from its first entry to its last, and entries and a
sum over their hashes are compared with the table's own rows, in one snapshot: that finds rows that
the index lacks, entries too many, other values, and entries out of order (as a new version of the
system's collations leaves them). Of an index on an expression only the number and the order of the
entries are seen: that the values are stale, amcheck alone can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader, StorageCorrupt
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    read_structure,
    report_empty_declarations,
)

REPAIR = "what is looked up by it is not found, or found twice; run REINDEX INDEX CONCURRENTLY"

_AMCHECK = """
SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check' AND p.pronargs = 2
WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE') AND %(schemas)s::text[] IS NOT NULL
"""
_INDEXES = """
SELECT i.indrelid AS oid, i.indexrelid AS index, x.relname AS name, am.amname AS method,
       i.indisvalid AND i.indisready AS usable, i.indisunique AS is_key,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       ARRAY(SELECT '(' || pg_get_indexdef(i.indexrelid, k, false) || ')' ||
                    coalesce((SELECT format(' COLLATE %%I.%%I', s.nspname, l.collname)
                              FROM pg_collation l JOIN pg_namespace s ON s.oid = l.collnamespace WHERE l.oid = i.indcollation[k - 1]), '')
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS parts,
       ARRAY(SELECT i.indoption[k - 1] & 2 = 2 FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS nulls_first,
       ARRAY(SELECT (SELECT format('OPERATOR(%%I.%%s)', s.nspname, o.oprname)
                     FROM pg_opclass oc JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily AND ao.amoplefttype = oc.opcintype
                          AND ao.amoprighttype = oc.opcintype AND ao.amopstrategy = CASE WHEN i.indoption[k - 1] & 1 = 1 THEN 5 ELSE 1 END
                     JOIN pg_operator o ON o.oid = ao.amopopr JOIN pg_namespace s ON s.oid = o.oprnamespace WHERE oc.oid = i.indclass[k - 1])
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS before,
       ARRAY(SELECT a.atttypid::regtype::text FROM pg_attribute a
             WHERE a.attrelid = i.indexrelid AND a.attnum BETWEEN 1 AND i.indnkeyatts ORDER BY a.attnum) AS types
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'm') ORDER BY NOT i.indisunique, name
"""
_DIRECTLY_HASHABLE = frozenset(
    {
        "smallint",
        "integer",
        "bigint",
        "uuid",
        "text",
        "character varying",
        "date",
        "timestamp without time zone",
        "timestamp with time zone",
        "boolean",
        "bytea",
    }
)
_INDEX_SCAN_SETTINGS = {
    "enable_seqscan": "off",
    "enable_sort": "off",
    "enable_indexscan": "on",
    "enable_indexonlyscan": "on",
    "max_parallel_workers_per_gather": "0",
}  # several workers would put the entries into order again
_HEAP_SCAN_SETTINGS = {
    "enable_seqscan": "on",
    "enable_sort": "on",
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "max_parallel_workers_per_gather": "2",
}


@dataclass(frozen=True)
class BTreeIndex:
    """A B-tree.

    `parts` are its keys as SQL, `before` the operators that order them, `types` their types.
    `is_key`: it guards a key.
    """

    table: Relation
    oid: int
    name: str
    is_key: bool
    parts: tuple[str, ...]
    before: tuple[str, ...]
    nulls_first: tuple[bool, ...]
    types: tuple[str, ...]
    predicate: str | None

    @property
    def display_name(self) -> str:
        return f"{self.table.display_name}.{self.name}"

    def build_hash_sql(self, parts: list[sql.Composable]) -> sql.Composed:
        """One number for all entries, whatever their order."""
        hashable = [
            part if kind in _DIRECTLY_HASHABLE else sql.SQL("{}::text").format(part)
            for part, kind in zip(parts, self.types, strict=True)
        ]
        return sql.SQL("sum(hash_record_extended(ROW ({}), 0))").format(
            sql.SQL(", ").join(hashable)
        )

    @property
    def scan_sql(self) -> sql.Composed:
        """All entries as the index has them, one after the other: how many, their hash, and how
        many come before the one that they follow.
        """
        names = [sql.Identifier(f"k{number}") for number in range(len(self.parts))]
        entries = sql.SQL("SELECT {} FROM {} WHERE ({}) ORDER BY {} OFFSET 0").format(
            sql.SQL(", ").join(
                sql.SQL("{} AS {}").format(sql.SQL(part), name)
                for part, name in zip(self.parts, names, strict=True)
            ),
            self.table.rows_sql,
            sql.SQL(self.predicate or "true"),
            sql.SQL(", ").join(
                sql.SQL("{} USING {} NULLS {}").format(
                    sql.SQL(part), sql.SQL(operator), sql.SQL("FIRST" if first else "LAST")
                )
                for part, operator, first in zip(
                    self.parts, self.before, self.nulls_first, strict=True
                )
            ),
        )
        return sql.SQL(
            "SELECT count(*) AS entries, {hashed} AS hashed, count(*) FILTER (WHERE k0 {before}"
            " last) AS disordered FROM (SELECT *, lag(k0) OVER () AS last FROM ({entries}) AS e) AS"
            " walked"
        ).format(
            hashed=self.build_hash_sql(list(names)), before=sql.SQL(self.before[0]), entries=entries
        )


def check_indexes(site: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Every B-tree, the smallest table first and its keys before its other indexes.

    Indexes of other kinds cannot be walked: the facts name them.
    """
    seen, structure = AssessmentBuilder(), read_structure(site, reader)
    found = reader.query_catalog(_INDEXES)
    amcheck = reader.query_catalog(_AMCHECK)
    seen.figures |= {
        "amcheck": "used" if amcheck else "not installed, or the role may not use it",
        "not walked": [row["name"] for row in found if row["method"] != "btree"],
    }
    for table in structure.tables.values():
        trees = [
            _parse_index(table, row)
            for row in found
            if row["oid"] == table.oid and row["method"] == "btree" and row["usable"]
        ]
        if trees:
            site.report_progress(f"indexes: {table.display_name}")
            (
                _check_with_amcheck(reader, amcheck[0]["schema"], trees, seen)
                if amcheck
                else _compare_with_table(reader, table, trees, seen)
            )
    report_empty_declarations(structure, seen, "has no index that can be walked")
    return seen


def _parse_index(table: Relation, row: Row) -> BTreeIndex:
    return BTreeIndex(
        table,
        row["index"],
        row["name"],
        row["is_key"],
        tuple(row["parts"]),
        tuple(row["before"]),
        tuple(row["nulls_first"]),
        tuple(row["types"]),
        row["predicate"],
    )


def _check_with_amcheck(
    reader: BoundedReader, schema: str, trees: list[BTreeIndex], seen: AssessmentBuilder
) -> None:
    for tree in trees:
        with seen.check_item(tree.display_name):
            reader.fetch_one(
                sql.SQL("SELECT {}({}::oid::regclass, true)").format(
                    sql.Identifier(schema, "bt_index_check"), sql.Literal(tree.oid)
                )
            )


def _compare_with_table(
    reader: BoundedReader, table: Relation, trees: list[BTreeIndex], seen: AssessmentBuilder
) -> None:
    """The table's rows once, then each of its indexes."""
    try:
        with reader.open_snapshot():
            reader.set_parameters(**_HEAP_SCAN_SETTINGS)
            rows = reader.fetch_one(
                sql.SQL("SELECT {} FROM {}").format(
                    sql.SQL(", ").join(_build_heap_sums(trees)), table.rows_sql
                )
            )
            reader.set_parameters(**_INDEX_SCAN_SETTINGS)
            for number, tree in enumerate(trees):
                _compare_index_scan(
                    reader, tree, rows[f"rows_{number}"], rows[f"hashed_{number}"], seen
                )
    except NotReadable as why:
        walked = {name.partition(" ")[0] for name in (*seen.checked, *seen.findings)}
        left = [f"{tree.display_name}: {why}." for tree in trees if tree.display_name not in walked]
        (seen.findings if why.broken_rule else seen.not_proven).extend(left)


def _build_heap_sums(trees: list[BTreeIndex]) -> Iterator[sql.Composed]:
    for number, tree in enumerate(trees):
        about = sql.SQL(tree.predicate or "true")
        yield sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(
            about, sql.Identifier(f"rows_{number}")
        )
        hashed = tree.build_hash_sql([sql.SQL(part) for part in tree.parts])
        yield sql.SQL("{} FILTER (WHERE {}) AS {}").format(
            hashed, about, sql.Identifier(f"hashed_{number}")
        )


def _compare_index_scan(
    reader: BoundedReader,
    tree: BTreeIndex,
    rows: int,
    hashed: int | None,
    seen: AssessmentBuilder,
) -> None:
    other = _find_plan_indexes(
        reader.fetch_one(sql.SQL("EXPLAIN (FORMAT JSON) {}").format(tree.scan_sql))["QUERY PLAN"]
    ) - {tree.name}
    if other:
        if tree.is_key:
            seen.not_proven.append(
                f"{tree.display_name}: cannot be walked, PostgreSQL goes by {', '.join(sorted(other))}"
                " instead; with the extension amcheck it can be examined."
            )
        seen.figures["not walked"].append(tree.name)
        return
    try:
        walked = reader.fetch_one(tree.scan_sql)
    except StorageCorrupt as why:
        seen.findings.append(f"{tree.display_name} {why}.")
        raise
    seen.checked.append(tree.display_name)
    if walked["entries"] != rows:
        seen.findings.append(
            f"{tree.display_name} holds {walked['entries']} entries, but the table holds {rows} such rows:"
            f" {REPAIR}."
        )
    elif walked["hashed"] != hashed:
        seen.findings.append(
            f"{tree.display_name} holds other values than the table's {rows} rows: {REPAIR}."
        )
    if walked["disordered"]:
        seen.findings.append(
            f"{tree.display_name} is out of order at {walked['disordered']} of its {walked['entries']}"
            f" entries: {REPAIR}."
        )


def _find_plan_indexes(plan: list[Mapping[str, Any]]) -> set[str]:
    """The indexes that a plan goes by; `a sort` or `the table` where it goes by none."""
    nodes, used = [plan[0]["Plan"]], set[str]()
    while nodes:
        node = nodes.pop()
        nodes.extend(node.get("Plans", []))
        if node["Node Type"] in ("Sort", "Incremental Sort", "Seq Scan"):
            used.add("a sort" if "Sort" in node["Node Type"] else "the table")
        used |= {node["Index Name"]} if "Index Name" in node else set()
    return used
