"""Indexes compared with their tables: the same entries, in an order in which they can be found.

Where the extension amcheck is installed and may be used, it answers (`bt_index_check` with
`heapallindexed`). Otherwise each B-tree is read from its first entry to its last, and the entries
and a sum over their hashes are compared with the table's own rows, in one snapshot. That finds
missing rows, surplus entries, other values, and entries out of order, as a new version of the
system's collations leaves them. Of an index on an expression only the number and the order of the
entries are seen: only amcheck can tell that its values are stale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.gate_steps import StepProgress
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.btree_indexes import (
    INDEXES_QUERY,
    BTreeIndex,
    parse_index,
)
from cutover_gates.probes.database.integrity.index_walk import (
    NOT_SCANNED,
    IndexReaders,
    open_index_readers,
    walk_table,
)
from cutover_gates.probes.database.integrity.table_structure import (
    Relation,
    SchemaStructure,
    read_structure,
    report_empty_declarations,
)
from cutover_gates.util.concurrency import run_watched

_AMCHECK = """
SELECT n.nspname AS schema, p.pronargs AS arguments
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'bt_index_check' AND p.pronargs IN (2, 3)
WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE')
AND %(schemas)s::text[] IS NOT NULL ORDER BY p.pronargs DESC
"""
# Arguments of bt_index_check where it can check that values are unique (PostgreSQL 17 and later).
_WITH_REPEATS = 3
VACUUM_FIRST = "walked slowly; VACUUM (ANALYZE) makes it several times faster"
"""The figure with the large tables whose pages a migration has just written."""
UNIQUE = "proven unique"
"""The figure with the oids of unique indexes whose entries prove that no value is there twice."""


@dataclass(frozen=True)
class _Amcheck:
    """The function of the extension amcheck. `sees_repeats`: it can check uniqueness, too."""

    schema: str
    sees_repeats: bool


def check_indexes(context: DatabaseContext, reader: BoundedReader) -> AssessmentBuilder:
    """Check every B-tree, the smallest table first and its unique indexes before the others.

    Indexes of other kinds cannot be read in order: the figures name them.
    """
    builder = AssessmentBuilder()
    structure = read_structure(context, reader)
    rows = reader.query_catalog(INDEXES_QUERY)
    amcheck = _find_amcheck(reader)
    builder.figures |= {
        "amcheck": "used" if amcheck else "not installed, or the role may not use it",
        NOT_SCANNED: [row["name"] for row in rows if row["method"] != "btree"],
        UNIQUE: [],
    }
    by_table = {table: _select_indexes(table, rows) for table in structure.tables.values()}
    if not amcheck:
        _note_slow_tables(structure, builder)
    total = sum(_work(table, indexes) for table, indexes in by_table.items())
    progress = StepProgress(context.report_progress, "indexes", total)
    with open_index_readers(context, reader) as readers:
        for table, indexes in by_table.items():
            with progress.show_step(table.display_name, _work(table, indexes)):
                if indexes and amcheck:
                    unique = _check_with_amcheck(readers, amcheck, indexes, builder, progress.tick)
                    builder.figures[UNIQUE] += unique
                elif indexes:
                    walked = walk_table(readers, table, indexes, builder, progress.tick)
                    builder.figures[UNIQUE] += walked
    report_empty_declarations(structure, builder, "has no index that can be walked")
    return builder


def _note_slow_tables(structure: SchemaStructure, builder: AssessmentBuilder) -> None:
    slow = [table.display_name for table in structure.tables.values() if table.needs_vacuum]
    if slow:
        builder.figures[VACUUM_FIRST] = slow


def _work(table: Relation, indexes: Sequence[BTreeIndex]) -> int:
    """Return about how many entries are read."""
    return table.rows * len(indexes)


def _find_amcheck(reader: BoundedReader) -> _Amcheck | None:
    found = reader.query_catalog(_AMCHECK)
    return _Amcheck(found[0]["schema"], found[0]["arguments"] == _WITH_REPEATS) if found else None


def _select_indexes(table: Relation, rows: Sequence[Row]) -> list[BTreeIndex]:
    return [
        parse_index(table, row)
        for row in rows
        if row["oid"] == table.oid and row["method"] == "btree" and row["usable"]
    ]


def _check_with_amcheck(
    readers: IndexReaders,
    amcheck: _Amcheck,
    indexes: Sequence[BTreeIndex],
    builder: AssessmentBuilder,
    tick: Callable[[], None],
) -> list[int]:
    """Let amcheck check indexes, some at a time; return the oids of those proven to be unique."""
    calls = [partial(_call_amcheck, readers, amcheck, index) for index in indexes]
    unique = list[int]()
    errors = run_watched(calls, tick=tick, cancel=readers.cancel)
    for index, error in zip(indexes, errors, strict=True):
        if error:
            builder.add_unreadable(rules.INDEX_CONTENT, index.display_name, error)
            continue
        builder.checked.append(index.display_name)
        if index.is_key and amcheck.sees_repeats:
            unique.append(index.oid)
    return unique


def _call_amcheck(
    readers: IndexReaders, amcheck: _Amcheck, index: BTreeIndex
) -> NotReadable | None:
    more = sql.SQL(", true" if amcheck.sees_repeats else "")
    query = sql.SQL("SELECT {}({}::oid::regclass, true{})").format(
        sql.Identifier(amcheck.schema, "bt_index_check"), sql.Literal(index.oid), more
    )
    try:
        with readers.borrow() as reader:
            reader.fetch_one(query)
    except NotReadable as error:
        return error
    return None
