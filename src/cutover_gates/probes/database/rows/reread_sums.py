"""The figures of a table by another declaration, from the sums that a snapshot holds already."""

from __future__ import annotations

from dataclasses import replace

from cutover_gates.config.table_changes import TableChange
from cutover_gates.probes.database.measurement.table_stats import RowSums, Segments, TableStats


def reread_sums(then: TableStats, change: TableChange) -> TableStats | None:
    """Return the figures where the sums of the rows as they were are all that is needed."""
    is_plain = not (change.becomes or change.drops or change.ignores or change.rows_become)
    if not is_plain or change.grows_above != then.above:
        return None
    segments = then.segments and Segments(
        then.segments.division,
        {number: _expect_unchanged(sums) for number, sums in then.segments.sums.items()},
    )
    return replace(
        then,
        sums=then.sums and _expect_unchanged(then.sums),
        segments=segments,
        expected_columns=None,
        rows_become=None,
    )


def reread_columns(then: TableStats, change: TableChange) -> TableStats | None:
    """Return the figures with fewer columns, where each column has a sum of its own.

    Without a key such sums do not show that two rows exchanged values.
    """
    sums = then.expected_column_sums if change.becomes else then.column_sums
    types = then.expected_columns if change.becomes else then.columns
    if sums is None or types is None or not sums.is_keyed or then.sums is None:
        return None
    left_out = {*change.drops, *change.ignores} - change.becomes.keys()
    kept = {name: kind for name, kind in types.items() if name not in left_out}
    if not kept.keys() <= sums.columns.keys() or not {*then.key} <= kept.keys():
        return None
    return replace(
        then,
        expected_columns=kept,
        expected_column_sums=sums,
        segments=None,
        is_compared_by_column=True,
    )


def _expect_unchanged(sums: RowSums) -> RowSums:
    return replace(sums, expected=sums.content)
