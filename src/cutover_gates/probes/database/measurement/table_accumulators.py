"""Accumulators of tables that are being read, the figures made of them, and the progress."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.row_hashes import HashedColumn
from cutover_gates.probes.database.measurement.table_specs import TableSpec
from cutover_gates.probes.database.measurement.table_stats import (
    DatabaseStats,
    RowSums,
    Segments,
    TableStats,
)


@dataclass
class TableAccumulator:
    """The results of one table so far. `pending`: pieces that have not answered yet."""

    spec: TableSpec
    pending: int = 0
    rows: int = 0
    newer: int = 0
    segments: dict[int, RowSums] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class ProgressSnapshot:
    """The progress of a pass: `done` tables, and the `fraction` (0 to 1) of all pieces."""

    kind: str
    tables: int
    done: int
    rows: int
    fraction: float
    seconds: float


def build_stats(
    counted: Sequence[TableAccumulator], summed: Sequence[TableAccumulator], seconds: float
) -> DatabaseStats:
    """Return the figures of the pass that counted and the pass that hashed.

    The second pass leaves out tables that are only counted.
    """
    contents = {accumulator.spec.name: accumulator for accumulator in summed}
    tables: dict[str, TableStats] = {}
    unproven: dict[str, str] = {}
    for accumulator in counted:
        name = accumulator.spec.name
        content = contents.get(name)
        tables[name] = _build_table_stats(accumulator, content)
        if reason := _find_failure(accumulator, content):
            unproven[name] = reason
    return DatabaseStats(tables, unproven, seconds)


def _find_failure(counted: TableAccumulator, content: TableAccumulator | None) -> str | None:
    """Return the reason why a table was not measured to its end; None where it was."""
    if counted.failure or content is None:
        return counted.failure
    if content.failure:
        return content.failure
    old_rows = counted.rows - counted.newer
    if content.rows != old_rows:
        return f"{old_rows} rows were counted and {content.rows} hashed at the same moment"
    return None


def _build_table_stats(counted: TableAccumulator, content: TableAccumulator | None) -> TableStats:
    spec, sums, segments = counted.spec, None, None
    if content and content.failure is None:
        sums = sum(content.segments.values(), RowSums())
        if spec.division:
            segments = Segments(spec.division, dict(content.segments))
    return TableStats(
        columns=_list_types(spec.content) or {},
        key=spec.key,
        counted=counted.rows if counted.failure is None else None,
        newer=counted.newer,
        sums=sums,
        expected_columns=_list_types(spec.expected),
        above=spec.above,
        mark=spec.mark,
        segments=segments,
    )


def _list_types(columns: Mapping[str, HashedColumn] | None) -> dict[str, str] | None:
    if columns is None:
        return None
    return {name: column.type for name, column in columns.items()}


# Seconds between two lines: a reader sees no difference in less.
UPDATE_SECONDS = 0.2
BAR_WIDTH = 20


class MeasurementProgress:
    """A callback that shows the progress: `measure_tables(…, watch=MeasurementProgress(…))`."""

    def __init__(self, context: DatabaseContext, title: str) -> None:
        self._context, self._title = context, title
        self._printed_at = time.monotonic()

    def __call__(self, progress: ProgressSnapshot) -> None:
        """Print the progress, unless the last line is only just printed."""
        if time.monotonic() - self._printed_at >= UPDATE_SECONDS:
            self._printed_at = time.monotonic()
            self._context.report_progress(f"{self._title}: {format_progress(progress)}")


def format_progress(progress: ProgressSnapshot) -> str:
    """Return a line such as `[#####.....] 12 of 40 tables compared, 9,400 rows, …, 0:34 left`."""
    rate = progress.rows / progress.seconds if progress.seconds else 0
    bar = ("#" * round(BAR_WIDTH * progress.fraction)).ljust(BAR_WIDTH, ".")
    return (
        f"[{bar}] {progress.done} of {progress.tables} tables {progress.kind},"
        f" {progress.rows:,} rows, {rate:,.0f} rows/s, {_format_time_left(progress)} left"
    )


def _format_time_left(progress: ProgressSnapshot) -> str:
    if not progress.fraction:
        return "some time"
    left = int(progress.seconds * (1 - progress.fraction) / progress.fraction)
    return f"{left // 60}:{left % 60:02}"
