"""Measure the gates around a migration on a larger hospital.

    python -m benchmarks.phase1 [--visits N …]

The gates run in full as a captain runs them, each in a process of its own: t12 (snapshot, backup
restored and compared), the migration, phase1. The backup is restored on the same machine. The exit
status is 1 when a gate does not end in GO.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import ROOT
from reference import announcement, cutover, postgres, stages, template

SIZES = (1_000_000, 4_000_000)
HOW = """\
Made by `python -m benchmarks.phase1`: one run on two cores that also run the database, the
migration and the restore. The hospital has 45,000 other rows. `phase1` restores the backup and
reads every index in full: there is no amcheck here, and the migration has just rewritten the
table."""
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
    """Seconds of each step, and the verdicts of the gates."""

    visits: int
    noon: float
    backup: float
    migration: float
    phase1: float
    words: tuple[str, str]
    checks: Mapping[str, float]


@dataclass(frozen=True)
class GateRun:
    """One run of a gate: its wall time in seconds, its verdict, and the seconds of each check."""

    seconds: float
    word: str
    checks: Mapping[str, float]


def main() -> int:
    """Run the gates for each size. The exit status is 1 where one does not end in GO."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.phase1",
        description="Time the gates around a migration on a larger hospital.",
    )
    parser.add_argument(
        "--visits",
        type=int,
        nargs="+",
        default=SIZES,
        help="how many visits to add to the hospital's own",
    )
    parser.add_argument("--write", type=Path, help="also write the table to this file")
    arguments = parser.parse_args()
    found = [_measure_gates(visits) for visits in arguments.visits]
    table = "\n".join(_table(found))
    print(table)
    if arguments.write:
        arguments.write.write_text(
            f"# What the gates around a migration take\n\n{HOW}\n\n{table}\n", encoding="utf-8"
        )
    return int(any(set(one.words) != {"GO"} for one in found))


def _measure_gates(visits: int) -> GateTimes:
    with (
        postgres.run_cluster(template.ensure_cluster()) as server,
        tempfile.TemporaryDirectory() as kept,
    ):
        folder = Path(kept)
        stages.copy_release_before(server, DATABASE)
        with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
            connection.execute(_MORE_VISITS, {"visits": visits})
            connection.execute("VACUUM (ANALYZE) visits")
        settings = _write_settings(server, folder)
        stages.back_up(server, DATABASE)
        noon = _run_gate("t12 and migrations", folder, settings)
        began = time.monotonic()
        stages.back_up(server, DATABASE)
        backup = time.monotonic() - began
        began = time.monotonic()
        cutover.perform(server, DATABASE, announcement.accounts())
        migration = time.monotonic() - began
        phase1 = _run_gate("phase1", folder, settings)
        return GateTimes(
            visits,
            noon.seconds,
            backup,
            migration,
            phase1.seconds,
            (noon.word, phase1.word),
            phase1.checks,
        )


def _write_settings(server: postgres.Server, folder: Path) -> Mapping[str, str]:
    """Write the settings, and return the environment with the embedded hospital's migration."""
    declared = tomllib.loads((ROOT / "cutover.toml").read_text(encoding="utf-8"))["targets"][
        "embedded"
    ]["migrations"]
    backup = str(Path(server.directory) / "backups" / f"{DATABASE}-before.dump")
    migrations = {
        **declared,
        "locations": [str(ROOT / location) for location in declared["locations"]],
        "backup": {"path": backup},
    }
    settings = (
        f'target = "{TARGET}"\n[targets.{TARGET}]\nurl = "http://127.0.0.1:9"\nrelease = "2.0.0"\n'
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
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - began
    written = sorted((folder / "reports" / "runs").glob("*/verdict.json"))
    verdict: dict[str, Any] = (
        json.loads(written[-1].read_text(encoding="utf-8"))
        if written
        else {"verdict": "none", "items": []}
    )
    if verdict["verdict"] != "GO":
        print(done.stdout, done.stderr, file=sys.stderr)
    checks = {
        check["check"].partition("::")[2]: check["seconds"]
        for item in verdict["items"]
        for check in item["checks"]
    }
    return GateRun(seconds, verdict["verdict"], checks)


def _table(found: list[GateTimes]) -> Iterator[str]:
    yield (
        "| visits added | t12, s | pg_dump, s | migration, s | phase1, s | phase1 per million, s |"
        " verdicts |"
    )
    yield "|---|---|---|---|---|---|---|"
    for one in found:
        words = ", ".join(one.words)
        yield (
            f"| {one.visits:,} | {one.noon:.1f} | {one.backup:.1f} | {one.migration:.1f} |"
            f" {one.phase1:.1f} | {one.phase1 / one.visits * 1e6:.1f} | {words} |"
        )
    yield ""
    largest = found[-1]
    yield (
        f"Seconds of phase1 by check, with {largest.visits:,} more visits (checks above 2 % of it):"
    )
    yield ""
    for check, seconds in sorted(largest.checks.items(), key=lambda one: -one[1]):
        if seconds > largest.phase1 / 50:
            yield f"- {seconds:.1f} s `{check}`"


if __name__ == "__main__":
    sys.exit(main())
