"""Measure one table with our own code, in a process of its own to see its memory.

    python -m benchmarks.rows_ours DSN TABLE [snapshot]

It prints JSON: seconds of counting and of fingerprinting, rows, and the largest memory of the
process in MB. With `snapshot` it measures segments, as a snapshot does.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

from cutover_gates.config.table_changes import TableChange
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_accumulators import ProgressSnapshot
from cutover_gates.probes.database.measurement.table_measurement import measure_in_session
from cutover_gates.probes.database.measurement.table_segments import divide_into_segments
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import read_tables
from cutover_gates.probes.database.snapshot.capture import MAX_TABLE_SEGMENTS

CONNECTIONS = max(2, min(4, os.cpu_count() or 2))
"""As one would set `migrations.connections` on a server with so many processors."""


def main(dsn: str, table: str, *, snapshot: bool) -> None:
    """Measure the table and print the figures as JSON."""
    seconds: dict[str, float] = {}

    def watch(progress: ProgressSnapshot) -> None:
        seconds[progress.kind] = progress.seconds

    with open_consistent_session(dsn, time.time() + 3600) as session:
        spec = build_table_spec(
            session.first,
            read_tables(session.first, ("public",))[0][f"public.{table}"],
            TableChange(),
        )
        figures = measure_in_session(
            session,
            [divide_into_segments(session.first, spec, MAX_TABLE_SEGMENTS) if snapshot else spec],
            connections=CONNECTIONS,
            watch=watch,
        )
    found = figures.tables[f"public.{table}"]
    if figures.unproven or found.sums is None:
        raise SystemExit(f"benchmarks: {table} was not measured: {figures.unproven}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "count": seconds["counted"],
                "content": seconds["compared"],
                "rows": found.counted,
                "memory": memory,
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], snapshot="snapshot" in sys.argv[3:])
