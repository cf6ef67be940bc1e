"""What is known of tables while they are read, and how it becomes figures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.table_specs import TableSpec
from cutover_gates.probes.database.measurement.table_stats import (
    DatabaseStats,
    RowSums,
    Segments,
    TableStats,
)


@dataclass
class TableAccumulator:
    """What is known of one table so far. `pending`: pieces that have not answered yet."""

    spec: TableSpec
    pending: int = 0
    rows: int = 0
    newer: int = 0
    segments: dict[int, RowSums] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True)
class ProgressSnapshot:
    """How far a pass over the tables is: so many are `done`, `fraction` (0 to 1) of all their
    pieces have answered.
    """

    what: str
    tables: int
    done: int
    rows: int
    fraction: float
    seconds: float


def build_stats(
    counted: Sequence[TableAccumulator], summed: Sequence[TableAccumulator], seconds: float
) -> DatabaseStats:
    """Of the pass that counted and the one that summed up, which leaves out what is only counted."""
    contents = {tally.spec.name: tally for tally in summed}
    tables: dict[str, TableStats] = {}
    unproven: dict[str, str] = {}
    for tally in counted:
        name = tally.spec.name
        content = contents.get(name)
        tables[name] = _build_table_stats(tally, content)
        why = tally.failure or (content.failure if content else None)
        if why is None and content and content.rows != tally.rows - tally.newer:
            why = (
                f"{tally.rows - tally.newer} rows were counted and {content.rows} were"
                " fingerprinted at the same moment"
            )
        if why is not None:
            unproven[name] = why
    return DatabaseStats(tables, unproven, seconds)


def _build_table_stats(counted: TableAccumulator, content: TableAccumulator | None) -> TableStats:
    spec = counted.spec
    sums = (
        sum(content.segments.values(), RowSums()) if content and content.failure is None else None
    )
    return TableStats(
        columns={name: column.type for name, column in spec.content.items()},
        key=spec.key,
        counted=counted.rows if counted.failure is None else None,
        newer=counted.newer,
        sums=sums,
        expected_columns=(
            None
            if spec.expected is None
            else {name: column.type for name, column in spec.expected.items()}
        ),
        above=spec.above,
        mark=spec.mark,
        segments=(
            Segments(spec.division, dict(content.segments))
            if content and sums and spec.division
            else None
        ),
    )


UPDATE_SECONDS = 0.2
"""Seconds between two lines: as often as a reader sees a difference."""
BAR_WIDTH = 20


class MeasurementProgress:
    """`measure(…, watch=Progress(context, "snapshot"))`."""

    def __init__(self, context: DatabaseContext, title: str) -> None:
        self._context, self._title = context, title
        self._printed_at = time.monotonic()

    def __call__(self, seen: ProgressSnapshot) -> None:
        if time.monotonic() - self._printed_at >= UPDATE_SECONDS:
            self._printed_at = time.monotonic()
            self._context.report_progress(f"{self._title}: {format_progress(seen)}")


def format_progress(seen: ProgressSnapshot) -> str:
    """`[#####...............] 12 of 40 tables compared, 3,400,000 rows, 1,250,000 rows/s, 0:34
    left`.
    """
    rate = seen.rows / seen.seconds if seen.seconds else 0
    left = seen.seconds * (1 - seen.fraction) / seen.fraction if seen.fraction else None
    shown = f"{int(left) // 60}:{int(left) % 60:02}" if left is not None else "some time"
    bar = ("#" * round(BAR_WIDTH * seen.fraction)).ljust(BAR_WIDTH, ".")
    return (
        f"[{bar}] {seen.done} of {seen.tables} tables {seen.what}, {seen.rows:,} rows, {rate:,.0f}"
        f" rows/s, {shown} left"
    )
