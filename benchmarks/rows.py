"""Measure the cost of counting and fingerprinting rows, as ratios within one run.

    python -m benchmarks.rows [--rows N …] [--rounds N] [--write FILE]

The tables are in a PostgreSQL of this command's own. Each round measures everything once, so that a
busy minute affects all alike. The best of the rounds counts. The exit status is 1 when a limit of
`LIMITS` is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.figures import python
from benchmarks.rows_data_diff import OtherTool, install_other_tool
from benchmarks.rows_ours import CONNECTIONS
from benchmarks.rows_tables import KEY, SHAPES, cost, fill
from reference import postgres, template

SIZES = (1_000_000, 5_000_000, 20_000_000)
WORKERS = (0, 1, 2, 4)
"""Settings of max_parallel_workers_per_gather; the best is what a single statement can do."""
BUDGET = 15 * 60
"""Seconds that the plan gives Phase 1."""
GOAL = 100_000_000
LIMITS: Mapping[str, float] = {
    "fingerprint": 1.1,
    "same sums": 1.1,
    "cpu": 0.5,
    "count": 1.1,
    "memory": 150,
}
"""Limits of the ratios: over the best single parallel statement; over the same sums in one
statement; over the processor time of data-diff; over count(*). Memory is in MB.
"""


@dataclass(frozen=True)
class TableCost:
    """Cost of one table of one size, in seconds.

    `memory` is in MB; `rival` and `ours` are seconds of processor time.
    """

    table: str
    rows: int
    count: float
    plain_count: float
    content: float
    single: float
    same_statement: float
    ours: float
    rival: float | None
    snapshot: float
    memory: float

    @property
    def ratios(self) -> dict[str, float | None]:
        """Return each ratio by its name, None where there is nothing to compare with."""
        return {
            "fingerprint": self.content / self.single,
            "same sums": self.content / self.same_statement,
            "cpu": self.ours / self.rival if self.rival else None,
            "count": self.count / self.plain_count,
            "memory": self.memory,
        }


def main() -> int:
    """Measure, and print the table. The exit status is 1 where a limit is missed."""
    arguments = _arguments()
    found = list(_measure_tables(arguments.rows, arguments.rounds))
    table = "\n".join(_table(found))
    print(table)
    if arguments.write:
        arguments.write.write_text(f"# What Phase 1 costs\n\n{table}\n", encoding="utf-8")
    missed = [
        name
        for one in found
        for name, value in one.ratios.items()
        if value is None or value > LIMITS[name]
    ]
    print(
        f"a limit is MISSED: {', '.join(sorted(set(missed)))}" if missed else "every limit holds",
        file=sys.stderr,
    )
    return 1 if missed else 0


def _measure_tables(sizes: Sequence[int], rounds: int) -> Iterator[TableCost]:
    with postgres.run_cluster(template.ensure_cluster()) as server:
        server.create("rows")
        dsn = server.dsn("rows")
        fill(dsn, "tried", 10)
        with install_other_tool(dsn, "tried", KEY) as other:
            for rows in sizes:
                for table in SHAPES:
                    fill(dsn, table, rows)
                    yield _measure(server, dsn, table, rows, rounds, other)
                    _execute(dsn, f"DROP TABLE {table}")


def _measure(
    server: postgres.Server, dsn: str, table: str, rows: int, rounds: int, other: OtherTool | None
) -> TableCost:
    statements = {
        "plain_count": f"SELECT count(*) FROM {table}",
        "single": f"SELECT sum(hash_record_extended({table}, 0)) FROM {table}",
        "same_statement": _same_statement(dsn, table),
    }
    seconds: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {"ours": [], "rival": []}
    ours, snapshots = list[dict[str, float]](), list[dict[str, float]]()
    for _ in range(rounds):
        for name, statement in statements.items():
            seconds.setdefault(name, []).append(
                min(_timed(dsn, statement, workers) for workers in WORKERS)
            )
        # As often as the single statements are tried: the best of more tries is better.
        for _ in WORKERS:
            spent["ours"].append(cost(server, lambda: ours.append(_measure_own(dsn, table, rows))))
        snapshots.append(_measure_own(dsn, table, rows, "snapshot"))
        if other is not None:
            spent["rival"].append(cost(server, lambda: _run_other_tool(other, dsn, table, rows)))
    seconds |= {name: [each[name] for each in ours] for name in ("count", "content")}
    best = {name: min(values) for name, values in seconds.items()}
    return TableCost(
        table,
        rows,
        **best,
        snapshot=min(each["content"] for each in snapshots),
        memory=max(each["memory"] for each in (*ours, *snapshots)),
        ours=min(spent["ours"]),
        rival=min(spent["rival"], default=None),
    )


def _measure_own(dsn: str, table: str, rows: int, *how: str) -> dict[str, float]:
    ran = python("-m", "benchmarks.rows_ours", dsn, table, *how)
    try:
        found: dict[str, float] = json.loads(ran.stdout)
    except ValueError:
        raise SystemExit(
            f"benchmarks: our own measurement did not run\n{ran.stderr[-2000:]}"
        ) from None
    if found["rows"] != rows:
        raise SystemExit(
            f"benchmarks: {found['rows']} rows were counted in {table}, which has {rows}"
        )
    return found


def _run_other_tool(other: OtherTool, dsn: str, table: str, rows: int) -> None:
    counted = other.checksum(dsn, table, KEY, [name for name in SHAPES[table] if name != KEY])
    if counted != rows:
        raise SystemExit(
            f"benchmarks: {other.name} saw {counted} rows in {table}, which has {rows}"
        )


def _same_statement(dsn: str, table: str) -> str:
    """Return the sums of our fingerprint as one statement.

    It shows what dividing the table costs or saves.
    """
    from cutover_gates.config.table_changes import TableChange
    from cutover_gates.probes.database.measurement import table_queries
    from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
    from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
    from cutover_gates.probes.database.measurement.table_specs import read_tables

    with open_consistent_session(dsn, time.time() + 60) as session:
        spec = build_table_spec(
            session.first,
            read_tables(session.first, ("public",))[0][f"public.{table}"],
            TableChange(),
        )
        return table_queries.content_query(
            spec, next(iter(table_queries.divide_table(spec, whole=True)))
        ).as_string(session.first)


def _timed(dsn: str, statement: str, workers: int) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for setting in (f"max_parallel_workers_per_gather = {workers}", "jit = off"):
            connection.execute(f"SET {setting}".encode())
        began = time.perf_counter()
        connection.execute(statement.encode()).fetchall()
        return time.perf_counter() - began


def _execute(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def _table(found: Sequence[TableCost]) -> Iterator[str]:
    yield (
        f"Ratios of one run on {os.cpu_count()} processors with {CONNECTIONS} connections, the best"
        " of its rounds. `single`: the fastest of `sum(hash_record_extended(t, 0))` with"
        f" {', '.join(map(str, WORKERS))} parallel workers, which is cheaper and misses much.\n"
    )
    yield (
        "| table | rows | count, x `count(*)` | fingerprint, s | x single | x the same sums in one"
        " statement | processor, x data-diff | with segments, x without | largest memory, MB | per"
        " million rows, s | 100 million rows, s (of 900) |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for one in found:
        per_row = (one.count + one.content) / one.rows
        cpu = f"{one.ours / one.rival:.2f}" if one.rival else "not measured"
        yield (
            f"| {one.table} | {one.rows:,} | {one.count / one.plain_count:.2f} | {one.content:.2f}"
            f" | {one.content / one.single:.2f} | {one.content / one.same_statement:.2f} | {cpu} |"
            f" {one.snapshot / one.content:.2f} | {one.memory:.0f} | {per_row * 1e6:.3f} |"
            f" {per_row * GOAL:.0f}{'' if per_row * GOAL <= BUDGET else ' (too long)'} |"
        )
    limits = (
        f"count {LIMITS['count']:g}, x single {LIMITS['fingerprint']:g}, x data-diff"
        f" {LIMITS['cpu']:g}, memory {LIMITS['memory']:g} MB"
    )
    yield (
        f"\nLimits: {limits}. Cost is linear where the seconds per million rows stay the same from"
        " size to size. `single` hashes JSON by its `=`, and so does not see nesting or scale."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rows", description="What counting and fingerprinting rows costs."
    )
    parser.add_argument(
        "--rows",
        type=int,
        nargs="+",
        default=SIZES,
        help="sizes of the tables (default: 1, 5 and 20 million)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--write", type=Path, help="also write the table to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
