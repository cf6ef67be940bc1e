"""A copy of the backup on which the scripts run under other circumstances: no value is another one.

Another user, another date, another order of rows. What the scripts make otherwise there depends on
these, and not on the data alone.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from cutover_gates.probes.database.history.migration_scripts import MigrationScript
from cutover_gates.probes.database.replay.shifted_clock import shift_clock, shift_script

# Of a larger table some stretches are moved only: to rewrite half of it would take as long as the
# migration.
_MOST_BYTES = 256 << 20
_STRETCHES, _PAGES_OF_A_STRETCH = 16, 256
_TABLES = """
SELECT n.nspname, c.relname, pg_relation_size(c.oid), current_setting('block_size')::int,
       (SELECT a.attname FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
          AND a.attgenerated = '' AND a.attidentity <> 'a' ORDER BY a.attnum LIMIT 1) AS column
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname = ANY(%s)
"""


@dataclass(frozen=True)
class Circumstances:
    """What is other on a copy. `user`: the role that runs the scripts; None where it is the same.

    `has_other_date`: whether it is another year there, and not only another day.
    """

    user: str | None
    has_other_date: bool

    def change_scripts(self, scripts: Sequence[MigrationScript]) -> list[MigrationScript]:
        """Return the scripts as they run on the copy."""
        return [shift_script(script) for script in scripts] if self.has_other_date else [*scripts]


@contextlib.contextmanager
def disturb_database(dsn: str, schemas: Sequence[str]) -> Iterator[Circumstances]:
    """Give a copy other circumstances. The role that is made is removed after the block.

    A role that may only create databases can give neither another user nor another year.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        _change_zone(connection)
        _move_rows(connection, schemas)
        has_other_date = False
        with contextlib.suppress(psycopg.Error):
            shift_clock(connection, schemas)
            has_other_date = True
        user = _create_user(connection)
    try:
        yield Circumstances(user, has_other_date)
    finally:
        if user:
            _remove_user(dsn, user)


def _create_user(connection: psycopg.Connection) -> str | None:
    """Make a role with the rights of the one that is signed in, and return its name."""
    name = f"{connection.info.dbname}_other"
    role = sql.Identifier(name)
    # The beginning of the comment is the token by which what a killed run left is recognised.
    token = sql.Literal(connection.info.dbname.rpartition("_")[0])
    with contextlib.suppress(psycopg.Error), connection.transaction():
        connection.execute(sql.SQL("CREATE ROLE {} SUPERUSER").format(role))
        connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, token))
        return name
    return None


def _remove_user(dsn: str, user: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection, contextlib.suppress(psycopg.Error):
        role = sql.Identifier(user)
        connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(role))
        connection.execute(sql.SQL("DROP OWNED BY {0}").format(role))
        connection.execute(sql.SQL("DROP ROLE {}").format(role))


def _change_zone(connection: psycopg.Connection) -> None:
    zone, database = sql.Literal(_choose_other_zone()), sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("ALTER DATABASE {} SET timezone TO {}").format(database, zone))


def _choose_other_zone() -> str:
    """Return a zone in which it is another day than in UTC.

    POSIX has the sign the other way round: Etc/GMT-14 is 14 hours ahead.
    """
    return "Etc/GMT-14" if time.gmtime().tm_hour >= 10 else "Etc/GMT+12"  # 24 - 14


def _move_rows(connection: psycopg.Connection, schemas: Sequence[str]) -> None:
    """Write rows of each table anew, so that they stand behind the others."""
    # Neither triggers nor foreign keys: only the place of the rows changes.
    connection.execute("SET session_replication_role = replica")
    for schema, table, size, page, column in connection.execute(
        _TABLES, [list(schemas)]
    ).fetchall():
        if column is None:
            continue
        update = sql.SQL("UPDATE ONLY {0} SET {1} = {1} WHERE ").format(
            sql.Identifier(schema, table), sql.Identifier(column)
        )
        with contextlib.suppress(psycopg.Error), connection.transaction():
            for condition in list_moves(size, page):
                connection.execute(update.as_string(connection).encode() + condition.encode())
    connection.execute("RESET session_replication_role")


def list_moves(size: int, page: int) -> list[str]:
    """Return the conditions for the rows of a table of this size that are moved.

    Of a small table that is every second row; of a larger one 16 stretches of pages, the first ones
    among them.
    """
    if size <= _MOST_BYTES:
        return ["hashtext(ctid::text) % 2 = 0"]
    step = size // page // _STRETCHES
    starts = [n * step for n in range(_STRETCHES)]
    return [
        f"ctid >= '({start},0)' AND ctid < '({start + _PAGES_OF_A_STRETCH},0)'" for start in starts
    ]
