"""Measure the gates around a migration on a larger hospital.

    python -m benchmarks.phase1 [--rows N …] [--no-peers] [--no-vacuum] [--no-replay]

The gates run in full as a captain runs them, each in a process of its own: t12 (snapshot, backup
restored and compared), the migration with the VACUUM that its plan should end with, phase1 with a
newer backup that it restores, and phase1 with the backup of t12, whose restore was proven there.
In the same run `pg_dump | sha256sum` reads the whole database, and data-diff the largest table. The
exit status is 1 when a gate does not end in GO.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.figures import ROOT
from benchmarks.phase1_peers import measure_peers
from reference import announcement, cutover, postgres, stages, template

SIZES = (1_000_000, 5_000_000)
GOAL_ROWS, GOAL_SECONDS = 100_000_000, 15 * 60
"""What the time is extrapolated to, and the seconds that the plan gives Phase 1."""
HOW = """\
Made by `python -m benchmarks.phase1`: one run on two cores that also run the database, the
migration and the restore. The hospital has 45,000 other rows. `phase1` restores the backup and
reads every index in full: there is no amcheck here. `migration` ends with `VACUUM (ANALYZE)` of the
table that it has rewritten (docs/phase1.md); `--no-vacuum` leaves that out. `carried`: the same
gate where the backup is the one whose restore t12 has proven.

Every gate reads all of the data, however little of it has changed. To read only the blocks that the
summaries of the write-ahead log name (PostgreSQL 17 and later) is not built: the snapshot would
have to keep sums by ranges of blocks, and a block changed outside of the log would be missed.
Where 1 % has changed, a gate takes as long as here."""
MEMORY_SECONDS = 0.05
"""Seconds between two looks at the memory of a gate."""
DATABASE, TARGET = "hospital", "measured"
_MORE_VISITS = """
WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM patients)
INSERT INTO visits (patient_id, state, reason, opened_at, admitted_at, discharged_at)
SELECT numbered.id, g %% 4, 'Follow-up ' || g, at,
    CASE WHEN g %% 4 IN (1, 2) THEN at END,
    CASE WHEN g %% 4 = 2 THEN at + interval '1 day' END
FROM generate_series(1, %(visits)s) AS g
JOIN numbered ON numbered.n = 1 + g %% 10000
CROSS JOIN LATERAL (SELECT timestamptz '2020-01-01' + g * interval '1 second' AS at) AS moment
"""


@dataclass(frozen=True)
class GateTimes:
    """Seconds of each step, the largest memory of a gate in MB, and the verdicts of the gates.

    `peers`: seconds of other tools, by their command.
    """

    visits: int
    noon: float
    backup: float
    migration: float
    phase1: float
    carried: float
    memory: float
    peers: Mapping[str, float]
    words: tuple[str, ...]
    checks: Mapping[str, float]

    @property
    def million(self) -> float:
        """Millions of rows that were added."""
        return self.visits / 1e6


@dataclass(frozen=True)
class GateRun:
    """One run of a gate: its wall time in seconds, its memory in MB, its verdict and its checks.

    `checks`: the seconds of each.
    """

    seconds: float
    memory: float
    word: str
    checks: Mapping[str, float]


def main() -> int:
    """Run the gates for each size. The exit status is 1 where one does not end in GO."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.phase1",
        description="Time the gates around a migration on a larger hospital.",
    )
    parser.add_argument(
        "--rows",
        "--visits",
        dest="visits",
        type=int,
        nargs="+",
        default=SIZES,
        help="how many visits to add to the hospital's own",
    )
    parser.add_argument("--no-peers", action="store_true", help="leave the other tools out")
    parser.add_argument(
        "--no-vacuum", action="store_true", help="leave the table as the migration wrote it"
    )
    parser.add_argument(
        "--no-replay", action="store_true", help="leave out the replay of t12, which phase1 has not"
    )
    parser.add_argument("--write", type=Path, help="also write the table to this file")
    arguments = parser.parse_args()
    found = list[GateTimes]()
    table = ""
    for visits in arguments.visits:
        found.append(_measure_gates(visits, arguments))
        # After each size: a larger one that ends in NO-GO takes no figure away.
        table = "\n".join(_table(found))
        print(table, flush=True)
    if arguments.write:
        arguments.write.write_text(
            f"# What the gates around a migration take\n\n{HOW}\n\n{table}\n", encoding="utf-8"
        )
    return int(any(set(one.words) != {"GO"} for one in found))


def _measure_gates(visits: int, options: argparse.Namespace) -> GateTimes:
    with (
        postgres.run_cluster(template.ensure_cluster()) as server,
        tempfile.TemporaryDirectory() as kept,
    ):
        folder = Path(kept)
        stages.copy_release_before(server, DATABASE)
        with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
            # Otherwise a trigger looks up the patient of each row: minutes, and nothing is judged.
            connection.execute("SET session_replication_role = replica")
            connection.execute(_MORE_VISITS, {"visits": visits})
            connection.execute("VACUUM (ANALYZE) visits")
        settings = _write_settings(server, folder, replay=not options.no_replay)
        stages.back_up(server, DATABASE)
        backup_path = Path(server.directory) / "backups" / f"{DATABASE}-before.dump"
        noon = _run_gate("t12 and migrations", folder, settings)
        proven = shutil.copy2(backup_path, folder / "proven.dump")
        others = {} if options.no_peers else measure_peers(server, DATABASE)
        backup = _timed(lambda: stages.back_up(server, DATABASE))
        migration = _timed(lambda: _migrate(server, vacuum=not options.no_vacuum))
        phase1 = _run_gate("phase1", folder, settings)
        shutil.copy2(proven, backup_path)
        carried = _run_gate("phase1", folder, settings)
        return GateTimes(
            visits,
            noon.seconds,
            backup,
            migration,
            phase1.seconds,
            carried.seconds,
            max(noon.memory, phase1.memory),
            others,
            (noon.word, phase1.word, carried.word),
            phase1.checks,
        )


def _migrate(server: postgres.Server, *, vacuum: bool) -> None:
    cutover.perform(server, DATABASE, announcement.accounts())
    if vacuum:
        with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE) visits")


def _timed(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _write_settings(server: postgres.Server, folder: Path, *, replay: bool) -> Mapping[str, str]:
    """Write the settings, and return the environment with the embedded hospital's migration."""
    declared = tomllib.loads((ROOT / "cutover.toml").read_text(encoding="utf-8"))["targets"][
        "embedded"
    ]["migrations"]
    backup = str(Path(server.directory) / "backups" / f"{DATABASE}-before.dump")
    migrations = {
        **declared,
        "locations": [str(ROOT / location) for location in declared["locations"]],
        "backup": {"path": backup},
        "replay": {"at": "t12" if replay else "never"},
    }
    settings = (
        f'target = "{TARGET}"\nplan = "{ROOT / "plan.toml"}"\n'
        f'[targets.{TARGET}]\nurl = "http://127.0.0.1:9"\nrelease = "2.0.0"\n'
    )
    (folder / "cutover.toml").write_text(settings, encoding="utf-8")
    start = f"CUTOVER_TARGETS__{TARGET.upper()}__"
    return {
        f"{start}DATABASE__DSN": server.dsn(DATABASE, postgres.READER),
        f"{start}MIGRATIONS": json.dumps(migrations),
    }


def _run_gate(gate: str, folder: Path, settings: Mapping[str, str]) -> GateRun:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        gate,
        f"--cutover-config={folder / 'cutover.toml'}",
    ]
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        memory = _wait_and_watch_memory(child)
        seconds = time.monotonic() - began
        output.seek(0)
        shown = output.read()
    written = sorted((folder / "reports" / "runs").glob("*/verdict.json"))
    verdict: dict[str, Any] = (
        json.loads(written[-1].read_text(encoding="utf-8"))
        if written
        else {"verdict": "none", "items": []}
    )
    if verdict["verdict"] != "GO":
        print(shown, file=sys.stderr)
    checks = {
        check["check"].partition("::")[2]: check["seconds"]
        for item in verdict["items"]
        for check in item["checks"]
    }
    return GateRun(seconds, memory, verdict["verdict"], checks)


def _wait_and_watch_memory(child: subprocess.Popen[bytes]) -> float:
    """Wait for a process; return the most memory that it had itself, in MB.

    What the system tells of an ended process counts its children, too: PostgreSQL's buffers.
    """
    process, most = psutil.Process(child.pid), 0
    while child.poll() is None:
        with suppress(psutil.Error):
            most = max(most, process.memory_info().rss)
        time.sleep(MEMORY_SECONDS)
    return most / 2**20


def _table(found: list[GateTimes]) -> Iterator[str]:
    peers = sorted({name for one in found for name in one.peers})
    columns = ["rows added", "t12, s", "pg_dump, s", "migration, s", "phase1, s"]
    columns += ["per million, s", "carried, s", "per million, s", "memory, MB"]
    columns += [*(f"{name}, s" for name in peers), "verdicts"]
    yield f"| {' | '.join(columns)} |"
    yield "|---" * len(columns) + "|"
    for one in found:
        seconds = (one.noon, one.backup, one.migration, one.phase1, one.phase1 / one.million)
        shown = [f"{second:.1f}" for second in (*seconds, one.carried, one.carried / one.million)]
        others = [f"{one.peers[name]:.1f}" if name in one.peers else "-" for name in peers]
        row = [f"{one.visits:,}", *shown, f"{one.memory:.0f}", *others, ", ".join(one.words)]
        yield f"| {' | '.join(row)} |"
    if len(found) > 1:
        yield from _extrapolate(found[0], found[-1])
    yield ""
    yield from _list_checks(found[-1])


def _extrapolate(least: GateTimes, most: GateTimes) -> Iterator[str]:
    """Give the line through the smallest and the largest size, and where it is at the goal."""
    for name, low, high in (
        ("phase1", least.phase1, most.phase1),
        ("carried", least.carried, most.carried),
    ):
        slope = (high - low) / (most.million - least.million)
        there = low + slope * (GOAL_ROWS / 1e6 - least.million)
        yield ""
        yield (
            f"`{name}`: {slope:.1f} s for each further million. Extrapolated, not measured:"
            f" {there:,.0f} s at {GOAL_ROWS:,} rows (the plan gives {GOAL_SECONDS} s)."
        )


def _list_checks(largest: GateTimes) -> Iterator[str]:
    yield (
        f"Seconds of phase1 by check, with {largest.visits:,} more rows (checks above 2 % of it):"
    )
    yield ""
    for check, seconds in sorted(largest.checks.items(), key=lambda one: -one[1]):
        if seconds > largest.phase1 / 50:
            yield f"- {seconds:.1f} s `{check}`"


if __name__ == "__main__":
    sys.exit(main())
