"""Tables with made-up rows, and the processor time that a PostgreSQL uses."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from reference.postgres import Server

_PLAIN = {
    "id": ("bigint PRIMARY KEY", "g"),
    "patient_id": ("uuid NOT NULL", "md5(g::text)::uuid"),
    "status": ("varchar(16)", "(ARRAY['open', 'admitted', 'discharged'])[1 + g % 3]"),
    "reason": ("varchar(200)", "'reason ' || md5((g * 7)::text) || repeat('x', (g % 40)::int)"),
    "opened_at": ("timestamptz", "timestamptz '2020-01-01' + g * interval '37 s'"),
    "closed_at": (
        "timestamptz",
        "CASE WHEN g % 3 = 2 THEN timestamptz '2020-01-01' + g * interval '47 s' END",
    ),
    "amount": ("numeric(10, 2)", "(g % 100000) / 100.0"),
    "ward": ("int", "g % 50"),
}
_JSON = {"notes": ("jsonb", "jsonb_build_object('a', g, 'b', 'text ' || g, 'c', ARRAY[g, g + 1])")}
SHAPES = {"visits": _PLAIN, "visits_json": {**_PLAIN, **_JSON}}
"""By table: column to type and the SQL that makes its value for the row number g.

JSON is expensive to hash, so it is shown apart.
"""
KEY = "id"
_REAPED = 0.5
"""Seconds after which processes that ended are in the postmaster's sum."""


def fill(dsn: str, table: str, rows: int) -> None:
    """Create a table of so many rows, vacuumed and analysed like one in use."""
    columns = SHAPES.get(table, _PLAIN)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            f"CREATE TABLE {table}"
            f" ({', '.join(f'{name} {kind}' for name, (kind, _) in columns.items())})".encode()
        )
        values = ", ".join(value for _, value in columns.values())
        connection.execute(
            f"INSERT INTO {table} SELECT {values}"
            f" FROM generate_series(1, {rows}::bigint) g".encode()
        )
        connection.execute(f"VACUUM (FREEZE, ANALYZE) {table}".encode())
        connection.execute(b"CHECKPOINT")


def cost(server: Server, act: Callable[[], object]) -> float:
    """Return the seconds of processor time that the server uses for `act`.

    It adds the times of its processes, also of those that ended meanwhile.
    """
    before = _spent(server)
    act()
    time.sleep(_REAPED)
    return _spent(server) - before


def _spent(server: Server) -> float:
    pid = int((Path(server.directory) / "data" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(pid)
    own = postmaster.cpu_times()
    spent: float = own.user + own.system + own.children_user + own.children_system
    for child in postmaster.children():
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:  # it ended, and is in the postmaster's sum from now on
            continue
        spent += times.user + times.system
    return spent
