"""The replay itself: the pending scripts run on two copies of the restored backup.

What both copies hold afterwards is what the scripts make. Where they differ, the scripts leave it
to the clock, to chance or to the order of rows.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    collect_placeholders,
)
from cutover_gates.probes.database.history.pending_scripts import find_pending_scripts
from cutover_gates.probes.database.history.script_execution import apply_scripts
from cutover_gates.probes.database.measurement.consistent_session import (
    ConsistentSession,
    open_consistent_session,
)
from cutover_gates.probes.database.measurement.table_specs import MeasuredTable, read_tables
from cutover_gates.probes.database.replay import rules
from cutover_gates.probes.database.replay.moves_found import find_whole_moves
from cutover_gates.probes.database.replay.replay_comparison import compare_replays
from cutover_gates.probes.database.replay.replay_record import ReplayRecord

# Larger tables keep their order: to rewrite half of one would take as long as the migration.
_MOST_BYTES = 256 << 20
_TABLES = """
SELECT n.nspname, c.relname,
       (SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1) AS column
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY(%s) AND pg_relation_size(c.oid) <= %s
"""


def replay_scripts(context: DatabaseContext) -> ReplayRecord:
    """Restore the backup, run the pending scripts on two copies, and return what they made.

    Raise `NotProven` where there is nothing to replay, and `ScriptFailed`.
    """
    began = time.monotonic()
    with open_clones_of_backup(context, 2) as (copy, other_copy):
        second = other_copy.dsn
        scripts = find_pending_scripts(context, copy.dsn)
        if not scripts:
            reason = "no script is pending on the backup"
            raise gap_error(rules.REPLAY_POSSIBLE, str(copy.backup), reason)
        before = _read_tables(context, second)
        context.report_progress(f"replay: {len(scripts)} scripts on {copy.backup}")
        _run_scripts(context, copy.dsn, scripts)
        with _open_session(context, copy.dsn) as first:
            found = _find_moves(context, first, second, before)
            _disturb_database(second, context.migrations.schemas)
            _run_scripts(context, second, scripts)
            with _open_session(context, second) as other:
                tables = compare_replays(context, first, other, before)
    return ReplayRecord(
        context.target,
        {"name": copy.backup.path.name, "sha256": copy.sha256},
        {script.file_name: script.sha256 for script in scripts},
        time.time(),
        round(time.monotonic() - began, 3),
        tables,
        found,
    )


def _run_scripts(context: DatabaseContext, dsn: str, scripts: Sequence[MigrationScript]) -> None:
    # The name of the script is filled in for each script by itself.
    placeholders = dict(collect_placeholders(context, ""))
    placeholders.pop("flyway:filename", None)
    schema = context.migrations.schemas[0]
    apply_scripts(dsn, scripts, placeholders, schema=None if schema == "public" else schema)


@contextmanager
def _open_session(context: DatabaseContext, dsn: str) -> Iterator[ConsistentSession]:
    with open_consistent_session(dsn, context.budget.ends, context.migrations.schemas) as session:
        yield session


def _read_tables(context: DatabaseContext, dsn: str) -> dict[str, MeasuredTable]:
    with _open_session(context, dsn) as session:
        return read_tables(session.first, context.migrations.schemas)[0]


def _find_moves(
    context: DatabaseContext,
    first: ConsistentSession,
    second: str,
    before: Mapping[str, MeasuredTable],
) -> dict[str, str]:
    """Return where what the scripts took away stands whole again; `second` still has it."""
    with _open_session(context, second) as original:
        return find_whole_moves(context, original, first, before)


def _disturb_database(dsn: str, schemas: tuple[str, ...]) -> None:
    """Give a copy another date and another order of rows. No value changes."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        zone = sql.Literal(_choose_other_zone())
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET timezone TO {}").format(database, zone))
        # Neither triggers nor foreign keys: only the place of the rows changes.
        connection.execute("SET session_replication_role = replica")
        for schema, table, column in connection.execute(
            _TABLES, [list(schemas), _MOST_BYTES]
        ).fetchall():
            if column is not None:
                _move_half(connection, sql.Identifier(schema, table), sql.Identifier(column))


def _choose_other_zone() -> str:
    """Return a zone in which it is another day than in UTC.

    POSIX has the sign the other way round: Etc/GMT-14 is 14 hours ahead.
    """
    return "Etc/GMT-14" if time.gmtime().tm_hour >= 10 else "Etc/GMT+12"  # 24 - 14


def _move_half(
    connection: psycopg.Connection, table: sql.Identifier, column: sql.Identifier
) -> None:
    """Write every second row anew, so that it stands behind the others."""
    update = sql.SQL("UPDATE ONLY {0} SET {1} = {1} WHERE hashtext(ctid::text) % 2 = 0")
    with contextlib.suppress(psycopg.Error), connection.transaction():
        connection.execute(update.format(table, column))
