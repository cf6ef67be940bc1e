"""B-tree indexes as the catalog describes them, and the SQL that reads one from end to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from cutover_gates.probes.database.context import Row
from cutover_gates.probes.database.integrity.table_structure import Relation

INDEXES_QUERY = """
SELECT i.indrelid AS oid, i.indexrelid AS index, x.relname AS name, am.amname AS method,
       i.indisvalid AND i.indisready AS usable, i.indisunique AS is_key,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       ARRAY(SELECT '(' || pg_get_indexdef(i.indexrelid, k, false) || ')' ||
                    coalesce((SELECT format(' COLLATE %%I.%%I', s.nspname, l.collname)
                              FROM pg_collation l JOIN pg_namespace s ON s.oid = l.collnamespace
                              WHERE l.oid = i.indcollation[k - 1]), '')
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS parts,
       ARRAY(SELECT i.indoption[k - 1] & 2 = 2
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS nulls_first,
       ARRAY(SELECT (SELECT format('OPERATOR(%%I.%%s)', s.nspname, o.oprname)
                     FROM pg_opclass oc
                     JOIN pg_amop ao ON ao.amopfamily = oc.opcfamily
                          AND ao.amoplefttype = oc.opcintype AND ao.amoprighttype = oc.opcintype
                          AND ao.amopstrategy
                              = CASE WHEN i.indoption[k - 1] & 1 = 1 THEN 5 ELSE 1 END
                     JOIN pg_operator o ON o.oid = ao.amopopr
                     JOIN pg_namespace s ON s.oid = o.oprnamespace
                     WHERE oc.oid = i.indclass[k - 1])
             FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS before,
       ARRAY(SELECT a.atttypid::regtype::text FROM pg_attribute a
             WHERE a.attrelid = i.indexrelid AND a.attnum BETWEEN 1 AND i.indnkeyatts
             ORDER BY a.attnum) AS types
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am am ON am.oid = x.relam
JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s) AND c.relkind IN ('r', 'm') ORDER BY NOT i.indisunique, name
"""
# Other types are hashed as text: they have no hash function, or one that two servers compute
# differently.
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


@dataclass(frozen=True)
class BTreeIndex:
    """A B-tree index.

    `parts` are its keys as SQL, `before` the operators that order them, `types` their types.
    `is_key` says that it is unique.
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
        """The index as a person names it: `table.index`."""
        return f"{self.table.display_name}.{self.name}"

    def build_hash_sql(self, parts: Sequence[sql.Composable]) -> sql.Composed:
        """Return SQL for one number over all entries, which does not depend on their order."""
        hashable = [
            part if kind in _DIRECTLY_HASHABLE else sql.SQL("{}::text").format(part)
            for part, kind in zip(parts, self.types, strict=True)
        ]
        return sql.SQL("sum(hash_record_extended(ROW ({}), 0))").format(
            sql.SQL(", ").join(hashable)
        )

    def build_table_sums(self, number: int) -> list[sql.Composed]:
        """Return the columns `rows_N` and `hashed_N`: what the index must hold."""
        predicate = sql.SQL(self.predicate or "true")
        hashed = self.build_hash_sql([sql.SQL(part) for part in self.parts])
        return [
            sql.SQL("count(*) FILTER (WHERE {}) AS {}").format(
                predicate, sql.Identifier(f"rows_{number}")
            ),
            sql.SQL("{} FILTER (WHERE {}) AS {}").format(
                hashed, predicate, sql.Identifier(f"hashed_{number}")
            ),
        ]

    @property
    def scan_sql(self) -> sql.Composed:
        """A query over all entries in the order of the index.

        It gives their number, their hash, how many sort before the entry that they follow
        (`disordered`), and in a unique index how many do not sort strictly after it (`unordered`).
        The first entry follows none, and so is one of these.
        """
        names = [sql.Identifier(f"k{number}") for number in range(len(self.parts))]
        lasts = [sql.Identifier(f"last{number}") for number in self._compared_parts]
        lags = [
            sql.SQL("lag({}) OVER () AS {}").format(names[number], lasts[number])
            for number in self._compared_parts
        ]
        return sql.SQL(
            "SELECT count(*) AS entries, {hashed} AS hashed,"
            " count(*) FILTER (WHERE k0 {before} last0) AS disordered, {unordered} AS unordered"
            " FROM (SELECT *, {lags} FROM ({entries}) AS e) AS walked"
        ).format(
            hashed=self.build_hash_sql(names),
            before=sql.SQL(self.before[0]),
            unordered=self._build_unordered_sql(names, lasts),
            lags=sql.SQL(", ").join(lags),
            entries=self._build_entries_sql(names),
        )

    @property
    def _compared_parts(self) -> range:
        """The parts that are compared with those of the entry before."""
        return range(len(self.parts) if self.is_key else 1)

    def _build_unordered_sql(
        self, names: Sequence[sql.Identifier], lasts: Sequence[sql.Identifier]
    ) -> sql.Composable:
        """Return SQL for the number of entries that do not sort strictly after the one before.

        A null is not after anything, so an index with nulls proves nothing in this way.
        """
        if not self.is_key:
            return sql.SQL("0")
        after: sql.Composable = sql.SQL("false")
        for name, last, operator in reversed(list(zip(names, lasts, self.before, strict=False))):
            before = sql.SQL(operator)
            # Equal here is what the index calls so: neither sorts before the other.
            after = sql.SQL("(({0} {2} {1}) OR (NOT ({1} {2} {0}) AND {3}))").format(
                last, name, before, after
            )
        return sql.SQL("count(*) FILTER (WHERE {} IS NOT TRUE)").format(after)

    def _build_entries_sql(self, names: Sequence[sql.Identifier]) -> sql.Composed:
        columns = [
            sql.SQL("{} AS {}").format(sql.SQL(part), name)
            for part, name in zip(self.parts, names, strict=True)
        ]
        order = [
            sql.SQL("{} USING {} NULLS {}").format(
                sql.SQL(part), sql.SQL(operator), sql.SQL("FIRST" if first else "LAST")
            )
            for part, operator, first in zip(self.parts, self.before, self.nulls_first, strict=True)
        ]
        # OFFSET 0 keeps the planner from merging this query into the outer one, which has no order.
        return sql.SQL("SELECT {} FROM {} WHERE ({}) ORDER BY {} OFFSET 0").format(
            sql.SQL(", ").join(columns),
            self.table.rows_sql,
            sql.SQL(self.predicate or "true"),
            sql.SQL(", ").join(order),
        )


def parse_index(table: Relation, row: Row) -> BTreeIndex:
    """Return the index that a row of `INDEXES_QUERY` describes."""
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


def find_plan_indexes(plan: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the indexes that a plan reads; `a sort` or `the table` where it uses no index."""
    nodes = [plan[0]["Plan"]]
    used: set[str] = set()
    while nodes:
        node = nodes.pop()
        nodes.extend(node.get("Plans", []))
        if node["Node Type"] in ("Sort", "Incremental Sort"):
            used.add("a sort")
        elif node["Node Type"] == "Seq Scan":
            used.add("the table")
        if "Index Name" in node:
            used.add(node["Index Name"])
    return used
