"""What is known of the server and of its migrations when rows are read, and whether a standby has
all that the target itself has.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import sql

from cutover.database.history.reading import history_table
from cutover.database.session import Row, first_line
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

_FACTS = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier, datname::text AS database,
       pg_encoding_to_char(encoding) AS encoding, datcollate || '/' || datctype AS collation,
       (SELECT coalesce(jsonb_object_agg(extname, extversion), '{}') FROM pg_extension) AS extensions
FROM pg_database WHERE datname = current_database()
"""
_NEWEST = {
    "flyway": (
        "SELECT version AS at FROM {} WHERE success AND version IS NOT NULL AND type NOT IN"
        " ('DELETE', 'SCHEMA') ORDER BY installed_rank DESC LIMIT 1"
    ),
    "alembic": "SELECT string_agg(version_num, ', ' ORDER BY version_num) AS at FROM {}",
    "django": "SELECT app || '.' || name AS at FROM {} ORDER BY id DESC LIMIT 1",
}
_STEP = 0.2
_PAGE_HEADER = 24
"""Bytes of the log that the next record will begin behind, and nobody replays before it comes.

The smallest commit has 34.
"""

Connection = psycopg.Connection[Row]


def facts(connection: Connection) -> dict[str, Any]:
    """version, major, system_identifier, database, encoding, collation, extensions."""
    try:
        found = connection.execute(_FACTS).fetchone()
    except psycopg.Error as error:
        raise NotProven(f"the server says nothing about itself: {first_line(error)}") from None
    assert found is not None  # one is always connected to a database that exists
    return dict(found)


def migration(site: Site, connection: Connection) -> str | None:
    """The newest migration that was applied; None where the database keeps no history."""
    found = _ask(site, connection, _NEWEST[site.migrations.tool])
    return None if found is None else str(found)


def newest_script(site: Site) -> str | None:
    """The version that the release's scripts lead to; None where nothing on disk says so."""
    from cutover.database.history.scripts import scripts_on_disk

    if site.migrations.tool != "flyway":
        return None
    try:
        versions = [
            str(script.version) for script in scripts_on_disk(site) if script.version is not None
        ]
    except NotProven:
        return None
    return versions[-1] if versions else None


def history_name(site: Site) -> str:
    """The history's own table, as `schema.name`: each migration adds to it."""
    return ".".join(history_table(site))


def await_standby(site: Site) -> None:
    """Wait until the standby, where one is named, has replayed what the target has written by now.

    Raises `NotProven` when it lags too far.
    """
    if site.standby is None:
        return
    with site.connect() as primary, site.connect_for_heavy_reads() as standby:
        if facts(primary)["system_identifier"] != facts(standby)["system_identifier"]:
            raise NotProven(
                "the standby belongs to another server than the target's database: what it holds"
                " says nothing about the target"
            )
        if not _one(standby, "SELECT pg_is_in_recovery() AS it"):
            raise NotProven(
                "what is named as the standby is none: it follows nobody, so what it holds may"
                " be old"
            )
        # Not what is written by now: a commit that does not wait for the disk is not, and counts as
        # done nevertheless.
        written = _one(primary, "SELECT pg_current_wal_insert_lsn()::text AS it")
        behind = sql.SQL("SELECT pg_wal_lsn_diff({}, pg_last_wal_replay_lsn())::int8 AS it").format(
            sql.Literal(written)
        )
        patience = time.monotonic() + min(site.migrations.standby_lag_seconds, site.budget.left)
        while (missing := _one(standby, behind)) > _PAGE_HEADER:
            if time.monotonic() > patience:
                raise NotProven(
                    f"the standby is {missing} bytes of log behind, and did not catch up within"
                    f" {site.migrations.standby_lag_seconds:g} s (standby_lag_seconds), so what it"
                    " holds is not what the target holds"
                )
            time.sleep(_STEP)


def _one(connection: Connection, query: str | sql.Composed) -> Any:
    found = connection.execute(
        query if isinstance(query, sql.Composed) else query.encode()
    ).fetchone()
    return found["it"] if found else None


def _ask(site: Site, connection: Connection, query: str) -> Any:
    try:
        found = connection.execute(
            sql.SQL(query).format(sql.Identifier(*history_table(site)))
        ).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return found["at"] if found else None
