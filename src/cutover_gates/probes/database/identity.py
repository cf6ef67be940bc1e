"""Which migration a target's database is at: part of what a verdict is bound to."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.config.target import DatabaseSettings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    Row,
    connect_read_only,
    first_error_line,
)
from cutover_gates.probes.database.history.history_table import history_table_name

LATEST_MIGRATION = (
    "SELECT version FROM flyway_schema_history WHERE success AND version IS NOT NULL ORDER BY"
    " installed_rank DESC LIMIT 1"
)


def fetch_latest_migration(dsn: str, database: DatabaseSettings) -> str | None:
    """The version that Flyway applied last; None where the database cannot be asked or keeps no
    such history.
    """
    try:
        with connect_read_only(dsn, database) as connection:
            found = connection.execute(LATEST_MIGRATION).fetchone()
    except (DatabaseUnreachable, psycopg.Error):
        return None
    return str(found["version"]) if found else None


_FACTS = """
SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier, datname::text AS database,
       pg_encoding_to_char(encoding) AS encoding, datcollate || '/' || datctype AS collation,
       (SELECT coalesce(jsonb_object_agg(extname, extversion), '{}') FROM pg_extension) AS extensions
FROM pg_database WHERE datname = current_database()
"""
_NEWEST_MIGRATION = {
    "flyway": (
        "SELECT version AS at FROM {} WHERE success AND version IS NOT NULL AND type NOT IN"
        " ('DELETE', 'SCHEMA') ORDER BY installed_rank DESC LIMIT 1"
    ),
    "alembic": "SELECT string_agg(version_num, ', ' ORDER BY version_num) AS at FROM {}",
    "django": "SELECT app || '.' || name AS at FROM {} ORDER BY id DESC LIMIT 1",
}
_POLL_SECONDS = 0.2
_PAGE_HEADER_BYTES = 24
"""Bytes of the log that the next record will begin behind, and nobody replays before it comes.

The smallest commit has 34.
"""

Connection = psycopg.Connection[Row]


def read_server_facts(connection: Connection) -> dict[str, Any]:
    """version, major, system_identifier, database, encoding, collation, extensions."""
    try:
        found = connection.execute(_FACTS).fetchone()
    except psycopg.Error as error:
        raise NotProven(
            f"the server says nothing about itself: {first_error_line(error)}"
        ) from None
    assert found is not None  # one is always connected to a database that exists
    return dict(found)


def read_applied_migration(site: DatabaseContext, connection: Connection) -> str | None:
    """The newest migration that was applied; None where the database keeps no history."""
    found = _query_history(site, connection, _NEWEST_MIGRATION[site.migrations.tool])
    return None if found is None else str(found)


def find_newest_script(site: DatabaseContext) -> str | None:
    """The version that the release's scripts lead to; None where nothing on disk says so."""
    from cutover_gates.probes.database.history.migration_scripts import load_install_scripts

    if site.migrations.tool != "flyway":
        return None
    try:
        versions = [
            str(script.version)
            for script in load_install_scripts(site)
            if script.version is not None
        ]
    except NotProven:
        return None
    return versions[-1] if versions else None


def qualified_history_name(site: DatabaseContext) -> str:
    """The history's own table, as `schema.name`: each migration adds to it."""
    return ".".join(history_table_name(site))


def wait_for_standby(site: DatabaseContext) -> None:
    """Wait until the standby, where one is named, has replayed what the target has written by now.

    Raises `NotProven` when it lags too far.
    """
    if site.standby is None:
        return
    with site.connect() as primary, site.connect_for_heavy_reads() as standby:
        if (
            read_server_facts(primary)["system_identifier"]
            != read_server_facts(standby)["system_identifier"]
        ):
            raise NotProven(
                "the standby belongs to another server than the target's database: what it holds"
                " says nothing about the target"
            )
        if not _query_value(standby, "SELECT pg_is_in_recovery() AS it"):
            raise NotProven(
                "what is named as the standby is none: it follows nobody, so what it holds may"
                " be old"
            )
        # Not what is written by now: a commit that does not wait for the disk is not, and counts as
        # done nevertheless.
        written = _query_value(primary, "SELECT pg_current_wal_insert_lsn()::text AS it")
        behind = sql.SQL("SELECT pg_wal_lsn_diff({}, pg_last_wal_replay_lsn())::int8 AS it").format(
            sql.Literal(written)
        )
        patience = time.monotonic() + min(
            site.migrations.standby_lag_seconds, site.budget.remaining_seconds
        )
        while (missing := _query_value(standby, behind)) > _PAGE_HEADER_BYTES:
            if time.monotonic() > patience:
                raise NotProven(
                    f"the standby is {missing} bytes of log behind, and did not catch up within"
                    f" {site.migrations.standby_lag_seconds:g} s (standby_lag_seconds), so what it"
                    " holds is not what the target holds"
                )
            time.sleep(_POLL_SECONDS)


def _query_value(connection: Connection, query: str | sql.Composed) -> Any:
    found = connection.execute(
        query if isinstance(query, sql.Composed) else query.encode()
    ).fetchone()
    return found["it"] if found else None


def _query_history(site: DatabaseContext, connection: Connection, query: str) -> Any:
    try:
        found = connection.execute(
            sql.SQL(query).format(sql.Identifier(*history_table_name(site)))
        ).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return found["at"] if found else None
