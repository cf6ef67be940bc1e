"""The state of a restored copy, which shows whether anybody has written to it since.

PostgreSQL counts the rows that were written to each table, and every change of the catalog leaves a
row of another transaction. Reading, ANALYZE and autovacuum change none of these.
"""

from __future__ import annotations

import time

import psycopg

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.util.text import first_error_line

# The large objects stand in tables of the catalog, and are data all the same.
_ROWS = """
SELECT count(*), sum(relid::bigint), sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del)
FROM pg_stat_all_tables
WHERE schemaname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
   OR relid IN ('pg_largeobject'::regclass, 'pg_largeobject_metadata'::regclass)
"""
# TRUNCATE and a rewrite give a table another file; autovacuum changes other columns in place.
_RELATIONS = "SELECT sum(hashtext(concat(oid, relname, relfilenode, relnatts, xmin))) FROM pg_class"
_SEQUENCES = "SELECT sum(hashtext(concat(schemaname, sequencename, last_value))) FROM pg_sequences"
_CATALOG = "SELECT count(*), sum(hashtext(concat(ctid, xmin))) FROM {}"
# Seconds for the sessions of the restore to be gone, and between two looks.
_SETTLE_SECONDS, _POLL_SECONDS = 30.0, 0.05
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type IN ('client backend', 'parallel worker')
"""
_CATALOGS = (
    "pg_attribute",
    "pg_attrdef",
    "pg_constraint",
    "pg_proc",
    "pg_trigger",
    "pg_type",
    "pg_enum",
    "pg_policy",
    "pg_namespace",
    "pg_extension",
    "pg_default_acl",
    "pg_rewrite",
)


def settle_copy(dsn: str) -> str:
    """Return the state of a copy that was only just restored. Raise `psycopg.Error`.

    A session adds its counts when it ends, and that is a moment after its client has left.
    """
    deadline = time.monotonic() + _SETTLE_SECONDS
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(_OTHERS).fetchone() != (0,) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    return read_copy_state(dsn)


def read_copy_state(dsn: str) -> str:
    """Return the state of a scratch database. Raise `psycopg.Error`."""
    queries = [_ROWS, _RELATIONS, _SEQUENCES, *map(_CATALOG.format, _CATALOGS)]
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = [connection.execute(query.encode()).fetchone() for query in queries]
    return repr(rows)


def require_unchanged_copy(dsn: str, state: str, subject: str) -> None:
    """Raise `NotProven` where a copy is not in that state any more, or cannot be read."""
    try:
        is_changed = read_copy_state(dsn) != state
    except psycopg.Error as error:
        reason = f"the restored copy cannot be read any more: {first_error_line(error)}"
        raise gap_error(rules.COPY_KEPT, subject, reason) from None
    if is_changed:
        reason = "somebody wrote to the restored copy, so it does not show the backup any more"
        raise gap_error(rules.COPY_UNCHANGED, subject, reason)
