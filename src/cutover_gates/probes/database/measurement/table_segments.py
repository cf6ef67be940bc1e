"""The division of a table into segments, which narrow a difference down to a few keys."""

from __future__ import annotations

from psycopg import sql

from cutover_gates.probes.database.measurement.table_specs import TableSpec, TupleConnection
from cutover_gates.probes.database.measurement.table_stats import Division

# Rows that a segment is meant to have: so few keys that a reader can go through them.
ROWS_PER_SEGMENT = 16
# Assumed bytes of a row, to estimate the number of rows from the size of a table.
_ROW_BYTES = 128
# Keys beyond it would overflow an int8 when a segment's bound is computed; they are hashed.
_MAX_INTEGER_KEY = 1 << 61


def divide_into_segments(connection: TupleConnection, spec: TableSpec, most: int) -> TableSpec:
    """Return the spec with at most `most` segments; unchanged for a table without a key."""
    if not spec.key or spec.cannot:
        return spec
    return spec.with_division(_choose_division(connection, spec, most))


def _choose_division(connection: TupleConnection, spec: TableSpec, most: int) -> Division:
    """Return a division whose segments have a few rows each.

    A key of one integer is divided by ranges, because an index can find a range again.
    """
    if not spec.has_integer_key:
        return Division(_segment_count(spec.size // _ROW_BYTES, most))
    first, last = _read_key_bounds(connection, spec)
    if first is None or last is None or max(-first, last) >= _MAX_INTEGER_KEY:
        return Division(1)
    span = last - first + 1
    parts = _segment_count(span, most)
    keys_per_part = -(-span // parts)
    return Division(parts, first, max(0, (keys_per_part - 1).bit_length()))


def _read_key_bounds(connection: TupleConnection, spec: TableSpec) -> tuple[int | None, int | None]:
    query = sql.SQL("SELECT min({0}), max({0}) FROM {1}").format(
        sql.Identifier(spec.key[0]), spec.table.identifier
    )
    return connection.execute(query).fetchone() or (None, None)


def _segment_count(rows: int, most: int) -> int:
    """Return a power of two, at most `most`."""
    wanted = (max(1, rows // ROWS_PER_SEGMENT) - 1).bit_length()
    return 1 << min(most.bit_length() - 1, wanted)
