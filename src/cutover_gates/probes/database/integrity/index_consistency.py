"""Indexes compared with their tables: the same entries, in an order in which they can be found.

Where the extension amcheck is installed and may be used, it answers (`bt_index_check` with
`heapallindexed`). Otherwise each B-tree is read from its first entry to its last, and the entries
and a sum over their hashes are compared with the table's own rows, in one snapshot. That finds
missing rows, surplus entries, other values, and entries out of order, as a new version of the
system's collations leaves them. Of an index on an expression only the number and the order of the
entries are seen: only amcheck can tell that its values are stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader, StorageCorrupt
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.btree_indexes import (
    INDEXES_QUERY,
    BTreeIndex,
    parse_index,
)
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    read_structure,
    report_empty_declarations,
)

_AMCHECK = """
SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check' AND p.pronargs = 2
WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE')
AND %(schemas)s::text[] IS NOT NULL
"""
_INDEX_SCAN_SETTINGS = {
    "enable_seqscan": "off",
    "enable_sort": "off",
    "enable_indexscan": "on",
    "enable_indexonlyscan": "on",
    # Several workers would sort the entries again.
    "max_parallel_workers_per_gather": "0",
}
_HEAP_SCAN_SETTINGS = {
    "enable_seqscan": "on",
    "enable_sort": "on",
    "enable_indexscan": "off",
    "enable_indexonlyscan": "off",
    "max_parallel_workers_per_gather": "2",
}
_NOT_SCANNED = "not walked"


def check_indexes(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check every B-tree, the smallest table first and its unique indexes before the others.

    Indexes of other kinds cannot be read in order: the figures name them.
    """
    builder = AssessmentBuilder()
    structure = read_structure(context, reader)
    rows = reader.query_catalog(INDEXES_QUERY)
    amcheck = reader.query_catalog(_AMCHECK)
    builder.figures |= {
        "amcheck": "used" if amcheck else "not installed, or the role may not use it",
        _NOT_SCANNED: [row["name"] for row in rows if row["method"] != "btree"],
    }
    for table in structure.tables.values():
        indexes = _select_indexes(table, rows)
        if not indexes:
            continue
        context.report_progress(f"indexes: {table.display_name}")
        if amcheck:
            _check_with_amcheck(reader, amcheck[0]["schema"], indexes, builder)
        else:
            _compare_with_table(reader, table, indexes, builder)
    report_empty_declarations(structure, builder, "has no index that can be walked")
    return builder


def _select_indexes(table: Relation, rows: Sequence[Row]) -> list[BTreeIndex]:
    return [
        parse_index(table, row)
        for row in rows
        if row["oid"] == table.oid and row["method"] == "btree" and row["usable"]
    ]


def _check_with_amcheck(
    reader: BoundedReader, schema: str, indexes: Sequence[BTreeIndex], builder: AssessmentBuilder
) -> None:
    for index in indexes:
        query = sql.SQL("SELECT {}({}::oid::regclass, true)").format(
            sql.Identifier(schema, "bt_index_check"), sql.Literal(index.oid)
        )
        with builder.check_item(rules.INDEX_CONTENT, index.display_name):
            reader.fetch_one(query)


def _compare_with_table(
    reader: BoundedReader,
    table: Relation,
    indexes: Sequence[BTreeIndex],
    builder: AssessmentBuilder,
) -> None:
    """Read the table's rows once, then each of its indexes."""
    # One snapshot: rows that are written meanwhile would look like a difference.
    answered: set[str] = set()
    try:
        with reader.open_snapshot():
            sums = _read_table_sums(reader, table, indexes)
            reader.set_parameters(**_INDEX_SCAN_SETTINGS)
            for number, index in enumerate(indexes):
                expected = sums[f"rows_{number}"], sums[f"hashed_{number}"]
                _check_index(reader, index, expected, builder, answered)
    except NotReadable as error:
        for index in indexes:
            if index.name not in answered:
                builder.add_unreadable(rules.INDEX_CONTENT, index.display_name, error)


def _read_table_sums(reader: BoundedReader, table: Relation, indexes: Sequence[BTreeIndex]) -> Row:
    reader.set_parameters(**_HEAP_SCAN_SETTINGS)
    sums: list[sql.Composed] = []
    for number, index in enumerate(indexes):
        sums += index.build_table_sums(number)
    return reader.fetch_one(
        sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(sums), table.rows_sql)
    )


def _check_index(
    reader: BoundedReader,
    index: BTreeIndex,
    expected: tuple[int, int | None],
    builder: AssessmentBuilder,
    answered: set[str],
) -> None:
    """Read one index and compare it. Raises `NotReadable`.

    The name enters `answered` where a result, a gap or a finding stands.
    """
    plan = reader.fetch_one(sql.SQL("EXPLAIN (FORMAT JSON) ") + index.scan_sql)["QUERY PLAN"]
    # The settings forbid other plans, but the planner may still take another index.
    if others := _find_plan_indexes(plan) - {index.name}:
        if index.is_key:
            builder.add_gap(
                rules.INDEX_CONTENT,
                index.display_name,
                f"PostgreSQL reads {', '.join(sorted(others))} instead; install amcheck",
            )
        builder.figures[_NOT_SCANNED].append(index.name)
        return
    try:
        result = reader.fetch_one(index.scan_sql)
    except StorageCorrupt as error:
        builder.add_unreadable(rules.INDEX_CONTENT, index.display_name, error)
        answered.add(index.name)
        raise
    builder.checked.append(index.display_name)
    answered.add(index.name)
    _compare_entries(index, result, expected, builder)


def _compare_entries(
    index: BTreeIndex, result: Row, expected: tuple[int, int | None], builder: AssessmentBuilder
) -> None:
    rows, hashed = expected
    entries, disordered = result["entries"], result["disordered"]
    if entries != rows:
        builder.add_finding(
            rules.INDEX_CONTENT,
            index.display_name,
            expected=f"{rows} entries, one for each row of the table",
            actual=str(entries),
        )
    # With another number of entries the hashes differ anyway.
    elif result["hashed"] != hashed:
        builder.add_finding(
            rules.INDEX_CONTENT,
            index.display_name,
            expected=f"the values of the table's {rows} rows",
            actual="other values",
        )
    if disordered:
        builder.add_finding(
            rules.INDEX_CONTENT,
            index.display_name,
            expected="entries in order",
            actual=f"{disordered} of {entries} out of order",
        )


def _find_plan_indexes(plan: Sequence[Mapping[str, Any]]) -> set[str]:
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
