"""Whether the content of a table is what a snapshot expects, and which columns have other types."""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows.snapshot_scan import ExpectedState


def is_equal(then: TableStats, now: TableStats, expected: ExpectedState) -> bool:
    """Return whether a measured table is as expected. Both hold sums of their rows."""
    assert then.sums is not None  # the caller has checked both
    assert now.sums is not None
    if expected is ExpectedState.MIGRATED and then.is_compared_by_column:
        return _has_equal_columns(then, now)
    wanted = then.sums.expected if expected is ExpectedState.MIGRATED else then.sums.content
    return (then.sums.rows, wanted) == (now.sums.rows, now.sums.content)


def _has_equal_columns(then: TableStats, now: TableStats) -> bool:
    assert then.sums is not None  # `is_equal` has checked both
    assert now.sums is not None
    wanted, actual = then.expected_column_sums, now.column_sums
    if wanted is None or actual is None or then.expected_columns is None:
        return False
    rows = (then.sums.rows, then.sums.keys, *wanted.keys)
    return rows == (now.sums.rows, now.sums.keys, *actual.keys) and all(
        list(wanted.columns[name]) == list(actual.columns[name]) for name in then.expected_columns
    )


# Pairs of types whose equal values hash to the same number.
_COMPATIBLE_TYPES = (
    {"integer", "bigint"},
    {"smallint", "integer"},
    {"smallint", "bigint"},
    {"text", "character varying"},
)


def list_retyped_columns(wanted: Mapping[str, str], columns: Mapping[str, str]) -> list[str]:
    """Return a short text for each column that is of another type than expected."""
    return [
        f"{name} was {was} and is {columns[name]}"
        for name, was in wanted.items()
        if _is_different_type(was, columns[name])
    ]


def _is_different_type(was: str, now: str) -> bool:
    """Return whether the types differ in more than their length, which a cast does not change."""
    kinds = {was.partition("(")[0], now.partition("(")[0]}
    return len(kinds) > 1 and kinds not in _COMPATIBLE_TYPES
