"""The pass that sums the columns of many tables, each column by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from psycopg import sql

from cutover_gates.probes.database.measurement import table_queries
from cutover_gates.probes.database.measurement.column_sums import ColumnSums, choose_groups
from cutover_gates.probes.database.measurement.consistent_session import ConsistentSession
from cutover_gates.probes.database.measurement.row_hashes import (
    MODULUS,
    HashedColumns,
    key_hash,
    seeded_column_hash,
)
from cutover_gates.probes.database.measurement.table_accumulators import TableAccumulator
from cutover_gates.probes.database.measurement.table_pass import ProgressCallback, TablePass
from cutover_gates.probes.database.measurement.table_queries import TablePiece
from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection

# The name of the key's hash in the inner query; no column of a table has such a name.
_SEED = sql.Identifier("the hash of the key")
# Each group: the sum of the keys' hashes, and then those of the columns, by name.
_GroupSums = dict[int, list[int]]


@dataclass
class _ColumnAccumulator(TableAccumulator):
    """The sums of one table's columns so far, by group."""

    groups: int = 1
    sums: _GroupSums = field(default_factory=dict)

    def build_sums(self) -> ColumnSums | None:
        """Return the sums; None where the table was not read to its end."""
        if self.failure is not None or self.pending:
            return None
        names = sorted(self.spec.content)
        empty = [0] * (1 + len(names))
        groups = [self.sums.get(group, empty) for group in range(self.groups)]
        keys, *columns = zip(*groups, strict=True)
        return ColumnSums(keys, dict(zip(names, columns, strict=True)), bool(self.spec.key))


def sum_columns(
    session: ConsistentSession,
    connections: Sequence[TupleConnection],
    specs: Sequence[TableSpec],
    watch: ProgressCallback = lambda _progress: None,
    groups: Mapping[str, int] | None = None,
) -> dict[str, ColumnSums]:
    """Return the sums of the columns in `content` of each spec, by table.

    `groups`: the number of groups of each table, where they are compared with earlier sums. A
    table that could not be read to its end is left out.
    """
    accumulators = [_start_table(spec, groups or {}) for spec in specs if spec.content]
    whole = session.first.info.server_version < table_queries.BLOCK_RANGE_MIN_VERSION
    run = TablePass("summed by column", session, list(accumulators), watch)
    run.run(connections, lambda spec: table_queries.divide_table(spec, whole=whole), _sum_piece)
    built = {one.spec.name: one.build_sums() for one in accumulators}
    return {name: sums for name, sums in built.items() if sums is not None}


def _start_table(spec: TableSpec, groups: Mapping[str, int]) -> _ColumnAccumulator:
    number = groups.get(spec.name) or choose_groups(spec.size, has_key=bool(spec.key))
    return _ColumnAccumulator(spec, failure=spec.cannot, groups=number)


def _sum_piece(
    connection: TupleConnection, accumulator: TableAccumulator, piece: TablePiece
) -> Callable[[], None]:
    assert isinstance(accumulator, _ColumnAccumulator)  # `sum_columns` made it
    query = column_query(accumulator.spec, piece, accumulator.groups)
    answers = list(connection.execute(query))

    def add_result() -> None:
        for group, rows, *sums in answers:
            known = accumulator.sums.get(group)
            accumulator.sums[group] = _add_sums(known or [0] * len(sums), sums)
            accumulator.rows += rows

    return add_result


def _add_sums(known: Sequence[int], sums: Sequence[int | None]) -> list[int]:
    """Return both sums, column by column. The sum of nothing but nulls is null."""
    return [(old + int(new or 0)) % MODULUS for old, new in zip(known, sums, strict=True)]


def column_query(spec: TableSpec, piece: TablePiece, groups: int) -> sql.Composed:
    """Return the statement that gives (group, rows, sum of keys, sum of each column by name).

    The hash of the key is computed once for each row, in the inner query.
    """
    group: sql.Composable = sql.SQL("0")
    if groups > 1:
        group = sql.SQL("({} & {})").format(_SEED, sql.Literal(groups - 1))
    return sql.SQL(
        "SELECT {}::int, count(*), {} FROM (SELECT *, {} AS {} {} AND {} OFFSET 0) AS {} GROUP BY 1"
    ).format(
        group,
        sql.SQL(", ").join([sql.SQL("sum({})").format(_SEED), *_column_sums(spec.content)]),
        _seed_expression(spec),
        _SEED,
        piece.from_clause(),
        table_queries.is_old(spec),
        # A declared expression may name its table.
        sql.Identifier(spec.name.split(".", 1)[1]),
    )


def _seed_expression(spec: TableSpec) -> sql.Composable:
    return key_hash(spec.content, spec.key) if spec.key else sql.SQL("0::int8")


def _column_sums(columns: HashedColumns) -> list[sql.Composable]:
    return [
        sql.SQL("sum({})").format(seeded_column_hash(columns[name], _SEED))
        for name in sorted(columns)
    ]
