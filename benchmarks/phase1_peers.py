"""Measure what other ways of comparing a database take, for `benchmarks.phase1`.

`pg_dump | sha256sum` reads the whole database once, on one connection, and says only whether
everything is equal. data-diff computes the checksum of one table, the largest.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping

from benchmarks.rows_data_diff import install_other_tool
from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program
from reference.postgres import Server

TABLE, KEY = "visits", "id"
COLUMNS = ("patient_id", "state", "reason", "opened_at", "admitted_at", "discharged_at")
MAJOR = 18


def measure_peers(server: Server, database: str) -> Mapping[str, float]:
    """Return the seconds of each tool that runs here, by its name."""
    dsn = server.dsn(database)
    seconds = {"pg_dump, sha256sum": _time_dump(dsn)}
    with install_other_tool(dsn, TABLE, KEY) as tool:
        if tool is not None:
            began = time.monotonic()
            try:
                tool.checksum(dsn, TABLE, KEY, COLUMNS)
                seconds[f"{tool.name} of {TABLE}"] = time.monotonic() - began
            except subprocess.CalledProcessError as error:
                print(f"{tool.name}: {str(error.stderr)[-200:]}", file=sys.stderr)
    return seconds


def _time_dump(dsn: str) -> float:
    began = time.monotonic()
    with subprocess.Popen(
        [find_client_program("pg_dump", MAJOR), dsn], stdout=subprocess.PIPE
    ) as dump:
        subprocess.run(["sha256sum"], stdin=dump.stdout, capture_output=True, check=True)
    return time.monotonic() - began
