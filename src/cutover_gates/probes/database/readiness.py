"""Asks a database, before the first check, what every later question rests on."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import (
    DatabaseUnreachable,
    connect_read_only,
)
from cutover_gates.probes.database.identity import read_latest_migration, read_system_name
from cutover_gates.util.text import first_error_line

_READINESS = """
SELECT extract(epoch FROM clock_timestamp())::float8 AS time,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'amcheck') AS has_amcheck
"""


@dataclass(frozen=True)
class DatabaseReadiness:
    """What a database answered.

    `problem` says why it cannot be asked, and is empty where it can. `time` is its clock, as
    `time.time()`. `has_amcheck` tells whether the extension that verifies indexes is installed.
    `migration` is the version that Flyway applied last, `system_name` the identity of server and
    database; they are None and empty where the database does not say.
    """

    problem: str = ""
    time: float | None = None
    has_amcheck: bool = True
    migration: str | None = None
    system_name: str = ""


def read_readiness(dsn: str, database: DatabaseSettings) -> DatabaseReadiness:
    """Return what the database answers, over one connection. Nothing is raised for what it does."""
    try:
        with connect_read_only(dsn, database) as connection:
            row = connection.execute(_READINESS).fetchone()
            assert row is not None  # a SELECT without FROM has one row
            migration, name = read_latest_migration(connection), read_system_name(connection)
            return DatabaseReadiness("", row["time"], row["has_amcheck"], migration, name)
    except DatabaseUnreachable as silence:
        return DatabaseReadiness(str(silence))
    except psycopg.Error as error:
        return DatabaseReadiness(first_error_line(error))
