"""The identity of a target's database: its server, its migration, and its standby.

A verdict is bound to the migration, a snapshot to the server.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database import rules
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    Row,
    connect_read_only,
)
from cutover_gates.probes.database.history.history_table import (
    history_table_name,
    read_history_lines_if_present,
    read_tool_lines,
)
from cutover_gates.probes.database.history.history_tools import CUSTOM, TOOLS
from cutover_gates.probes.database.history.migration_scripts import load_install_scripts
from cutover_gates.util.text import first_error_line

LATEST_MIGRATION = (
    "SELECT version FROM flyway_schema_history WHERE success AND version IS NOT NULL ORDER BY"
    " installed_rank DESC LIMIT 1"
)
_FACTS = """
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       datname::text AS database, pg_encoding_to_char(encoding) AS encoding,
       datcollate || '/' || datctype AS collation,
       (SELECT coalesce(jsonb_object_agg(extname, extversion), '{}')
        FROM pg_extension) AS extensions
FROM pg_database WHERE datname = current_database()
"""
_REPLAY_DISTANCE = "SELECT pg_wal_lsn_diff({}, pg_last_wal_replay_lsn())::int8 AS it"
_POLL_SECONDS = 0.2
_PAGE_HEADER_BYTES = 24
"""A standby that is this many bytes behind has replayed everything.

The next record of the log begins behind a page header, which nobody replays before the record
comes. The smallest commit has 34 bytes.
"""
_STANDBY = "standby_dsn"

Connection = psycopg.Connection[Row]


def read_latest_migration(connection: Connection) -> str | None:
    """Return the version that Flyway applied last; None where there is no such history."""
    try:
        row = connection.execute(LATEST_MIGRATION).fetchone()
    except psycopg.Error:
        return None
    return str(row["version"]) if row else None


def fetch_system_name(dsn: str, database: DatabaseSettings) -> str:
    """Return the name of `read_system_name`; empty also where the database cannot be asked."""
    try:
        with connect_read_only(dsn, database) as connection:
            return read_system_name(connection)
    except (DatabaseUnreachable, psycopg.Error):
        return ""


def read_system_name(connection: Connection) -> str:
    """Return the identifier of the server and the name of the database, as `ID/NAME`.

    Empty where they may not be read. A restored database may keep the identifier of its server:
    what a ledger says of one record is read besides.
    """
    try:
        facts = read_server_facts(connection)
    except NotProven:
        return ""
    return f"database {facts.system_identifier}/{facts.database}"


@dataclass(frozen=True)
class ServerFacts:
    """The identity of a server, and of the database on it that was asked.

    `version` is PostgreSQL's, `major` its first number; `collation` is `collate/ctype`;
    `extensions` maps names to versions.
    """

    version: str
    major: int
    system_identifier: str
    database: str
    encoding: str
    collation: str
    extensions: Mapping[str, str]

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {**vars(self), "extensions": dict(self.extensions)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ServerFacts:
        """Return the facts that `to_plain` wrote."""
        return cls(**plain)


def read_server_facts(connection: Connection) -> ServerFacts:
    """Return the identity of the connection's server and database. Raises `NotProven`."""
    try:
        row = connection.execute(_FACTS).fetchone()
    except psycopg.Error as error:
        raise gap_error(
            rules.SERVER_ANSWERS, "the server's identity", first_error_line(error)
        ) from None
    assert row is not None  # A session is always connected to a database that exists.
    return ServerFacts.from_plain(row)


def read_applied_migration(context: DatabaseContext, connection: Connection) -> str | None:
    """Return the newest applied migration; None where the database keeps no history."""
    tool = context.migrations.tool
    if tool == CUSTOM:
        return _read_custom_version(context, connection)
    query = sql.SQL(TOOLS[tool].newest).format(sql.Identifier(*history_table_name(context)))
    try:
        row = connection.execute(query).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None
    return str(row["at"]) if row and row["at"] is not None else None


def _read_custom_version(context: DatabaseContext, connection: Connection) -> str | None:
    """Return the first column of the last line of the hospital's own query."""
    if context.migrations.version_query is None:
        return None
    lines = read_history_lines_if_present(lambda: read_tool_lines(context, connection))
    return str(next(iter(lines[-1].values()))) if lines else None


def find_newest_script(context: DatabaseContext) -> str | None:
    """Return the version that the release's scripts lead to; None where no script says so."""
    if context.migrations.tool != "flyway":
        return None
    try:
        scripts = load_install_scripts(context)
    except NotProven:
        return None
    versions = [str(script.version) for script in scripts if script.version is not None]
    return versions[-1] if versions else None


def qualified_history_name(context: DatabaseContext) -> str:
    """Return the name of the history's own table as `schema.name`: each migration adds to it."""
    return ".".join(history_table_name(context))


def wait_for_standby(context: DatabaseContext) -> None:
    """Wait until the standby has replayed what the target has written by now.

    Returns at once where the settings name no standby. Raises `NotProven` when it is no copy of the
    target or lags too far, and `DatabaseUnreachable`.
    """
    if context.standby is None:
        return
    with context.connect() as primary, context.connect_for_heavy_reads() as standby:
        _require_standby_of(primary, standby)
        # The insert position and not the flushed one: a commit that does not wait for the disk
        # counts as done before it is flushed.
        written = _query_value(primary, "SELECT pg_current_wal_insert_lsn()::text AS it")
        distance = sql.SQL(_REPLAY_DISTANCE).format(sql.Literal(written))
        _wait_for_replay(context, standby, distance)


def _require_standby_of(primary: Connection, standby: Connection) -> None:
    servers = [read_server_facts(each).system_identifier for each in (primary, standby)]
    if servers[0] != servers[1]:
        raise gap_error(
            rules.CURRENT_STANDBY,
            _STANDBY,
            f"its server ({servers[1]}) is not a copy of the target's server ({servers[0]})",
        )
    if not _query_value(standby, "SELECT pg_is_in_recovery() AS it"):
        raise gap_error(
            rules.CURRENT_STANDBY,
            _STANDBY,
            "its server is not a standby (pg_is_in_recovery() is false)",
        )


def _wait_for_replay(context: DatabaseContext, standby: Connection, distance: sql.Composed) -> None:
    allowed = context.migrations.standby_lag_seconds
    deadline = time.monotonic() + min(allowed, context.budget.remaining_seconds)
    while (behind := _query_value(standby, distance)) > _PAGE_HEADER_BYTES:
        if time.monotonic() > deadline:
            raise gap_error(
                rules.CURRENT_STANDBY,
                _STANDBY,
                f"it is {behind} bytes of log behind, and did not catch up within {allowed:g} s"
                " (standby_lag_seconds)",
            )
        time.sleep(_POLL_SECONDS)


def _query_value(connection: Connection, query: str | sql.Composed) -> Any:
    row = connection.execute(query.encode() if isinstance(query, str) else query).fetchone()
    return row["it"] if row else None
