"""The walk over the B-trees of one table, on several connections that see one moment.

The rows of the table are summed once, and each index is read from its first entry to its last. A
unique index whose entries are the table's rows and stand in strictly rising order also proves that
no value is there twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from psycopg import sql

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotProven, NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader, StorageCorrupt
from cutover_gates.probes.database.context import DatabaseContext, Row
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.btree_indexes import BTreeIndex, find_plan_indexes
from cutover_gates.probes.database.integrity.table_structure import Relation, advise_vacuum
from cutover_gates.util.concurrency import run_watched

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
NOT_SCANNED = "not walked"
# Entries that do not stand strictly after the one before: the first one of an index has none.
_FIRST_ENTRY = 1


@dataclass(frozen=True)
class _Walk:
    """What reading one index gave. `others`: the indexes that the planner would read instead."""

    result: Row | None = None
    others: tuple[str, ...] = ()
    error: NotReadable | None = None


class IndexReaders:
    """The sessions that walk indexes at the same time, and one that holds the moment for them."""

    def __init__(self, leader: BoundedReader, others: Sequence[BoundedReader]) -> None:
        self.leader, self._others = leader, tuple(others)
        self._free, self._is_cancelled = SimpleQueue[BoundedReader](), False
        for reader in others:
            self._free.put(reader)

    @contextmanager
    def borrow(self) -> Iterator[BoundedReader]:
        """Yield a session that nobody else uses; wait for one. Raise `NotReadable` if cancelled."""
        reader = self._free.get()
        try:
            if self._is_cancelled:
                raise NotReadable("the walk was cancelled")
            yield reader
        finally:
            self._free.put(reader)

    def cancel(self) -> None:
        """Cancel what is running, and begin nothing more."""
        self._is_cancelled = True
        for reader in self._others:
            reader.cancel()


@contextmanager
def open_index_readers(context: DatabaseContext, leader: BoundedReader) -> Iterator[IndexReaders]:
    """Yield the sessions: as many as `migrations.connections` allows, with the leader.

    A server that has no more is read with fewer. Raise `NotProven` where it has not even one.
    """
    number = max(1, context.migrations.connections - 1)
    with ExitStack() as stack:
        others = list[BoundedReader]()
        for _ in range(number):
            reader = stack.enter_context(BoundedReader(context))
            try:
                reader.open()
            except NotProven:
                if not others:
                    raise
                break
            others.append(reader)
        yield IndexReaders(leader, others)


def walk_table(
    readers: IndexReaders,
    table: Relation,
    indexes: Sequence[BTreeIndex],
    builder: AssessmentBuilder,
    tick: Callable[[], None],
) -> list[int]:
    """Compare a table's indexes with its rows; return the oids of those that prove uniqueness."""
    try:
        # One moment: rows that are written meanwhile would look like a difference.
        with readers.leader.open_snapshot():
            moment = readers.leader.export_moment()
            read = [partial(_read_table_sums, readers, moment, table, indexes)]
            read += [partial(_read_index, readers, moment, index) for index in indexes]
            sums, *walks = run_watched(read, tick=tick, cancel=readers.cancel)
    except NotReadable as error:
        sums, walks = _Walk(error=error), [_Walk()] * len(indexes)
    judged = [
        (index.oid, _judge_walk(index, number, sums, walk, builder))
        for number, (index, walk) in enumerate(zip(indexes, walks, strict=True))
    ]
    return [oid for oid, is_unique in judged if is_unique]


def _read_table_sums(
    readers: IndexReaders, moment: str, table: Relation, indexes: Sequence[BTreeIndex]
) -> _Walk:
    sums: list[sql.Composed] = []
    for number, index in enumerate(indexes):
        sums += index.build_table_sums(number)
    query = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(sums), table.rows_sql)
    try:
        with readers.borrow() as reader, reader.open_snapshot(moment):
            reader.set_parameters(**_HEAP_SCAN_SETTINGS)
            return _Walk(reader.fetch_one(query))
    except NotReadable as error:
        return _Walk(error=error)


def _read_index(readers: IndexReaders, moment: str, index: BTreeIndex) -> _Walk:
    try:
        with readers.borrow() as reader, reader.open_snapshot(moment):
            reader.set_parameters(**_INDEX_SCAN_SETTINGS)
            query = sql.SQL("EXPLAIN (FORMAT JSON) ") + index.scan_sql
            # The settings forbid other plans, but the planner may still take another index.
            others = find_plan_indexes(reader.fetch_one(query)["QUERY PLAN"]) - {index.name}
            if others:
                return _Walk(others=tuple(sorted(others)))
            return _Walk(reader.fetch_one(index.scan_sql))
    except NotReadable as error:
        return _Walk(error=error)


def _judge_walk(
    index: BTreeIndex, number: int, sums: _Walk, walk: _Walk, builder: AssessmentBuilder
) -> bool:
    """Add what one walk shows; return whether the index proves that its values are unique."""
    # Damage in the index itself is a finding, whatever became of the table.
    error = walk.error if isinstance(walk.error, StorageCorrupt) else sums.error or walk.error
    if error:
        error = advise_vacuum(index.table, error)
        builder.add_unreadable(rules.INDEX_CONTENT, index.display_name, error)
    elif walk.others:
        _add_not_walked(index, walk.others, builder)
    elif walk.result and sums.result:
        builder.checked.append(index.display_name)
        expected = sums.result[f"rows_{number}"], sums.result[f"hashed_{number}"]
        is_equal = _compare_entries(index, walk.result, expected, builder)
        return index.is_key and is_equal and walk.result["unordered"] <= _FIRST_ENTRY
    return False


def _add_not_walked(index: BTreeIndex, others: Sequence[str], builder: AssessmentBuilder) -> None:
    if index.is_key:
        builder.add_gap(
            rules.INDEX_CONTENT,
            index.display_name,
            f"PostgreSQL reads {', '.join(others)} instead; install amcheck",
        )
    builder.figures[NOT_SCANNED].append(index.name)


def _compare_entries(
    index: BTreeIndex, result: Row, expected: tuple[int, int | None], builder: AssessmentBuilder
) -> bool:
    """Compare the entries of an index with its table's rows; return whether they are equal."""
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
    return entries == rows and result["hashed"] == hashed and not disordered
