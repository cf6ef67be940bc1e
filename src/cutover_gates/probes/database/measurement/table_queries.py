"""The statements that count and sum the rows of one piece of a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from psycopg import sql

from cutover_gates.probes.database.measurement.row_hashes import key_hash, row_hash
from cutover_gates.probes.database.measurement.table_specs import (
    MeasuredTable,
    TablePart,
    TableSpec,
    TupleConnection,
)
from cutover_gates.probes.database.measurement.table_stats import Division

BLOCK_BYTES = 8192
_PIECE_BYTES = 32 << 20
_DIVIDED_PIECE_BYTES = 128 << 20
"""Bytes that one statement reads: a fraction of a second, so that all connections end together.

Each piece of a divided table answers with all of its segments, so there are fewer.
"""


@dataclass(frozen=True)
class TablePiece:
    """The blocks of one part of a table, from `first` up to and without `beyond`; None: from its
    beginning, to its end. `size` in bytes, about.
    """

    part: TablePart
    size: int
    first: int | None = None
    beyond: int | None = None

    def from_clause(self) -> sql.Composed:
        """`FROM … WHERE …`, open for further conditions."""
        ends = [(self.first, ">="), (self.beyond, "<")]
        bounds = [
            sql.SQL("ctid {} {}").format(sql.SQL(sign), sql.Literal(f"({block},0)"))
            for block, sign in ends
            if block is not None
        ]
        return sql.SQL("FROM ONLY {} WHERE {}").format(
            self.part.identifier, sql.SQL(" AND ").join([sql.SQL("true"), *bounds])
        )


def divide_table(spec: TableSpec, *, whole: bool, divided: bool = False) -> Iterator[TablePiece]:
    """A table in pieces that may be read at the same time; its parts when they must be read as a
    `whole`.
    """
    for part in spec.table.parts:
        blocks = part.heap // BLOCK_BYTES
        number = (
            1
            if whole
            else max(
                1, min(blocks, part.size // (_DIVIDED_PIECE_BYTES if divided else _PIECE_BYTES))
            )
        )
        ends = [None, *(blocks * n // number for n in range(1, number)), None]
        for first, beyond in pairwise(ends):
            yield TablePiece(part, part.size // number, first, beyond)


def count_query(spec: TableSpec, piece: TablePiece) -> sql.Composed:
    """Gives (rows, rows above the mark).

    Asked for whole tables: the server then counts in parallel, and by an index where it is smaller.
    """
    newer = (
        sql.SQL("count(*) FILTER (WHERE {})").format(is_new(spec)) if spec.above else sql.SQL("0")
    )
    return sql.SQL("SELECT count(*), {} {}").format(newer, piece.from_clause())


def content_query(spec: TableSpec, piece: TablePiece) -> sql.Composed:
    """Gives (segment, rows, keys, content, expected) for each segment; one with the number 0 where
    the table is not divided.
    """
    sums = [
        sql.SQL("count(*)"),
        sql.SQL("sum({})").format(key_hash(spec.content, spec.key)),
        sql.SQL("sum({})").format(row_hash(spec.content, spec.key)),
    ]
    if spec.expected is not None:
        sums.append(sql.SQL("sum({})").format(row_hash(spec.expected, spec.expected_key)))
    number = segment_number(spec, spec.division) if spec.division else sql.SQL("0")
    return sql.SQL("SELECT {}, {} {} AND {}{}").format(
        number,
        sql.SQL(", ").join(sums),
        piece.from_clause(),
        is_old(spec),
        sql.SQL(" GROUP BY 1" if spec.division else ""),
    )


def segment_number(spec: TableSpec, division: Division) -> sql.Composable:
    """The number of a row's segment, from 0.

    Keys beyond the range, which came later, belong to the segments at its ends.
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
    """Whether a row stands above the mark.

    One that has no value there counts as old: nobody can say when it came.
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
    return sql.SQL("({}) IS NOT TRUE").format(is_new(spec)) if spec.above else sql.SQL("true")


def read_highest_value(
    connection: TupleConnection, table: MeasuredTable, column: str
) -> str | None:
    """Return the highest value of a column as text; None for an empty or missing column."""
    if column not in table.columns:
        return None
    # An index serves ORDER BY … LIMIT 1 for every type, max() only where the type has one.
    query = sql.SQL(
        "SELECT {0}::text FROM {1} WHERE {0} IS NOT NULL ORDER BY {1}.{0} DESC LIMIT 1"
    ).format(sql.Identifier(column), table.identifier)
    row = connection.execute(query).fetchone()
    return row[0] if row else None
