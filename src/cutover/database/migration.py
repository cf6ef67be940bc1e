"""Which migration a target's database is at: part of what a verdict is bound to."""

from __future__ import annotations

import psycopg

from cutover.database.session import DatabaseSilent, read_only
from cutover.settings import Database

LATEST = (
    "SELECT version FROM flyway_schema_history WHERE success AND version IS NOT NULL ORDER BY"
    " installed_rank DESC LIMIT 1"
)


def latest(dsn: str, database: Database) -> str | None:
    """The version that Flyway applied last; None where the database cannot be asked or keeps no
    such history.
    """
    try:
        with read_only(dsn, database) as connection:
            found = connection.execute(LATEST).fetchone()
    except (DatabaseSilent, psycopg.Error):
        return None
    return str(found["version"]) if found else None
