"""The statements that count, hash and read the rows of a table, or of a piece of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from psycopg import sql

from cutover_gates.probes.database.measurement.row_hashes import column_hash, key_hash, row_hash
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TablePart,
    TableSpec,
    TupleConnection,
)
from cutover_gates.probes.database.measurement.table_stats import Division

BLOCK_BYTES = 8192
# `server_version_num` of the first release that reads a range of blocks by itself.
# An older one reads the whole table for each range.
BLOCK_RANGE_MIN_VERSION = 140000
# Bytes that one statement reads: a fraction of a second, so that all connections end together.
_PIECE_BYTES = 32 << 20
# The same for a divided table: each piece answers with all segments, so there are fewer pieces.
_DIVIDED_PIECE_BYTES = 128 << 20


@dataclass(frozen=True)
class TablePiece:
    """Blocks of one part of a table: from `first` up to, and without, `beyond`.

    None stands for the beginning and the end of the part. `size` is about the bytes.
    """

    part: TablePart
    size: int
    first: int | None = None
    beyond: int | None = None

    def from_clause(self) -> sql.Composed:
        """Return `FROM … WHERE …`, to which further conditions can be added."""
        ends = [(self.first, ">="), (self.beyond, "<")]
        bounds = [
            sql.SQL("ctid {} {}").format(sql.SQL(sign), sql.Literal(f"({block},0)"))
            for block, sign in ends
            if block is not None
        ]
        condition = sql.SQL(" AND ").join([sql.SQL("true"), *bounds])
        return sql.SQL("FROM {} WHERE {}").format(self.part.source, condition)


def divide_table(spec: TableSpec, *, whole: bool, divided: bool = False) -> Iterator[TablePiece]:
    """Return the pieces of a table that may be read at the same time.

    `whole`: each part is one piece. `divided`: the table has segments.
    """
    piece_bytes = _DIVIDED_PIECE_BYTES if divided else _PIECE_BYTES
    for part in spec.table.parts:
        blocks = part.heap // BLOCK_BYTES
        number = 1 if whole else max(1, min(blocks, part.size // piece_bytes))
        ends = [None, *(blocks * n // number for n in range(1, number)), None]
        for first, beyond in pairwise(ends):
            yield TablePiece(part, part.size // number, first, beyond)


def count_query(spec: TableSpec, piece: TablePiece) -> sql.Composed:
    """Return the statement that gives (rows, rows above the mark).

    It is run on whole tables: the server then counts in parallel, and by an index where that is
    smaller.
    """
    newer: sql.Composable = sql.SQL("0")
    if spec.above:
        newer = sql.SQL("count(*) FILTER (WHERE {})").format(is_new(spec))
    return sql.SQL("SELECT count(*), {} {}").format(newer, piece.from_clause())


def content_query(
    spec: TableSpec, piece: TablePiece, conditions: Sequence[sql.Composable] = ()
) -> sql.Composed:
    """Return the statement that gives (segment, rows, keys, content, expected) of each segment.

    A table that is not divided has one segment with the number 0. Behind them stands for each
    condition the number of rows that meet it.
    """
    sums = [
        sql.SQL("count(*)"),
        sql.SQL("sum({})").format(key_hash(spec.content, spec.key)),
        sql.SQL("sum({})").format(row_hash(spec.content, spec.key)),
    ]
    if spec.expected is not None:
        sums.append(sql.SQL("sum({})").format(row_hash(spec.expected, spec.expected_key)))
    sums += [sql.SQL("count(*) FILTER (WHERE {})").format(each) for each in conditions]
    number = segment_number(spec, spec.division) if spec.division else sql.SQL("0")
    return sql.SQL("SELECT {}, {} {} AND {}{}").format(
        number,
        sql.SQL(", ").join(sums),
        piece.from_clause(),
        is_old(spec),
        sql.SQL(" GROUP BY 1" if spec.division else ""),
    )


def segment_number(spec: TableSpec, division: Division) -> sql.Composable:
    """Return the expression for the number of a row's segment, from 0.

    Keys beyond the range came later; they belong to the segments at its ends.
    """
    if division.origin is None:
        return sql.SQL("({} & {})").format(
            key_hash(spec.content, spec.key), sql.Literal(division.parts - 1)
        )
    first, last = division.origin, division.origin + (division.parts << division.shift) - 1
    return sql.SQL("((greatest({}, least({}, {}::int8)) - {}) >> {})").format(
        *(sql.SQL(str(bound)) for bound in (f"({first})::int8", f"({last})::int8")),
        sql.SQL(spec.content[spec.key[0]].expression),
        sql.SQL(f"({first})::int8"),
        sql.SQL(str(division.shift)),
    )


def is_new(spec: TableSpec) -> sql.Composable:
    """Return the condition that a row stands above the mark.

    A row without a value in the column counts as old: nothing says when it came.
    """
    if spec.above is None:
        return sql.SQL("false")
    column = sql.Identifier(spec.above)
    if spec.mark is None:
        return sql.SQL("{} IS NOT NULL").format(column)
    return sql.SQL("{} > {}::{}").format(
        column, sql.Literal(spec.mark), sql.SQL(spec.table.columns[spec.above])
    )


def is_old(spec: TableSpec) -> sql.Composable:
    """Return the condition that a row does not stand above the mark."""
    return sql.SQL("({}) IS NOT TRUE").format(is_new(spec)) if spec.above else sql.SQL("true")


def key_text(spec: TableSpec) -> sql.Composable:
    """Return the key of a row as text: `42`, or `7/2026` where it has several columns."""
    expressions = [sql.SQL(spec.content[name].expression) for name in spec.key]
    parts = [sql.SQL("{}::text").format(expression) for expression in expressions]
    return sql.SQL("concat_ws('/', {})").format(sql.SQL(", ").join(parts))


def read_segment_rows(
    connection: TupleConnection, spec: TableSpec, numbers: Sequence[int], limit: int | None
) -> list[tuple[int, str, int, int]]:
    """Return (segment, key, hash of the key, hash of the row) of the old rows in these segments."""
    assert spec.division is not None  # only a divided table has segments
    number = segment_number(spec, spec.division)
    query = sql.SQL(
        "SELECT {}, {}, {}, {} FROM {} WHERE {} = ANY ({}) AND {} ORDER BY 1, 2 LIMIT {}"
    ).format(
        number,
        key_text(spec),
        key_hash(spec.content, spec.key),
        row_hash(spec.content, spec.key),
        spec.table.identifier,
        number,
        sql.Literal(list(numbers)),
        is_old(spec),
        sql.SQL("ALL") if limit is None else sql.Literal(limit),
    )
    return list(connection.execute(query))


def read_column_hashes(
    connection: TupleConnection, spec: TableSpec, numbers: Sequence[int], keys: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return the hash of each column, by key and column, of the rows with these keys.

    The keys are in the segments `numbers`. No content leaves the database.
    """
    assert spec.division is not None  # only a divided table has segments
    names = sorted(spec.content)
    hashes = sql.SQL(", ").join([column_hash(spec.content[name]) for name in names])
    query = sql.SQL("SELECT {}, {} FROM {} WHERE {} = ANY ({}) AND {} = ANY ({}) AND {}").format(
        key_text(spec),
        hashes,
        spec.table.identifier,
        segment_number(spec, spec.division),
        sql.Literal(list(numbers)),
        key_text(spec),
        sql.Literal(list(keys)),
        is_old(spec),
    )
    rows = connection.execute(query)
    return {key: dict(zip(names, values, strict=True)) for key, *values in rows}


def read_highest_value(
    connection: TupleConnection, table: MeasuredTable, column: str
) -> str | None:
    """Return the highest value of a column as text; None for an empty or missing column."""
    if column not in table.columns:
        return None
    # An index serves ORDER BY … LIMIT 1 for every type, max() only where the type has one.
    query = sql.SQL(
        "SELECT {0}::text FROM {1} WHERE {0} IS NOT NULL ORDER BY {2}.{0} DESC LIMIT 1"
    ).format(
        sql.Identifier(column),
        table.identifier,
        sql.Identifier((table.stored_as or table.name).split(".", 1)[1]),
    )
    row = connection.execute(query).fetchone()
    return row[0] if row else None
