"""Clones of the restored copy, for those that write: the rehearsal and the replay.

Files are copied, which takes a part of the time of a restore: no row is read, no index built.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup
from cutover_gates.probes.database.backup.restored_copies import (
    exclude_readers,
    open_restored_backup,
)
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.scratch_server import NAME_PREFIX
from cutover_gates.util.text import first_error_line

LARGE_BYTES = 256 << 20
"""Bytes from which files are copied. The server's usual way writes each page to its log, too; it is
faster for a small database, because it needs no checkpoint.
"""
_BY_FILES = " STRATEGY = FILE_COPY"
# The first major versions with that clause, and with files that share their blocks.
_FILE_COPY_VERSION, _SHARED_BLOCKS_VERSION = 15, 18
_POLL_SECONDS = 0.1
# What belongs to a database and is not copied with it; a dump has none of it.
_COPY_SETTINGS = """
INSERT INTO pg_db_role_setting
SELECT c.oid, s.setrole, s.setconfig FROM pg_db_role_setting s, pg_database c, pg_database o
WHERE s.setdatabase = o.oid AND o.datname = %(source)s AND c.datname = %(name)s
"""
_COPY_OWNER = """
UPDATE pg_database AS c SET datdba = o.datdba, datacl = o.datacl FROM pg_database AS o
WHERE o.datname = %(source)s AND c.datname = %(name)s
"""
_HAS_FACTS = """
SELECT EXISTS (SELECT FROM pg_db_role_setting WHERE setdatabase = o.oid)
    OR o.datdba <> current_user::regrole OR o.datacl IS NOT NULL
FROM pg_database AS o WHERE o.datname = %(source)s
"""


@contextmanager
def open_clones_of_backup(
    context: DatabaseContext, count: int = 1
) -> Iterator[list[RestoredBackup]]:
    """Give clones of the newest backup's copy to change, and remove them afterwards.

    Raise `NotProven` where there is no copy, no room for a clone, or no time.
    """
    with ExitStack() as stack:
        copy = _find_copy(stack, context)
        yield [stack.enter_context(_open_clone(context, copy)) for _number in range(count)]


def _find_copy(stack: ExitStack, context: DatabaseContext) -> RestoredBackup:
    opened = open_restored_backup(context, wait_share=1.0)
    if context.lease is None:  # then the copy ends with its block
        return stack.enter_context(opened)
    with opened as copy:
        return copy


@contextmanager
def _open_clone(context: DatabaseContext, copy: RestoredBackup) -> Iterator[RestoredBackup]:
    source = str(conninfo_to_dict(copy.dsn)["dbname"])
    name = _choose_name(source)
    admin = make_conninfo(copy.dsn, dbname="postgres", options="")
    readers = exclude_readers(context) if context.lease else nullcontext()
    try:
        with readers, context.record_step("cloning the restored backup"):
            context.report_progress(f"cloning the copy of {copy.backup}")
            _Cloning(context, admin, source, name, str(copy.backup)).create()
        yield replace(copy, dsn=make_conninfo(copy.dsn, dbname=name, options=""))
    finally:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        # Where the server is gone, so is the clone.
        with suppress(psycopg.Error), psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(drop)


def _choose_name(source: str) -> str:
    """Return the name of a clone: a scratch database's ends with digits, by which it is removed."""
    digits = "".join(secrets.choice("0123456789") for _digit in range(8))
    return f"{source}0{digits}" if source.startswith(NAME_PREFIX) else f"cutover_clone_{digits}"


@dataclass(frozen=True)
class _Cloning:
    """The making of one clone, on the server of the copy."""

    context: DatabaseContext
    admin: str
    source: str
    name: str
    subject: str

    def create(self) -> None:
        """Make the clone. Raise `NotProven`."""
        try:
            with psycopg.connect(self.admin, autocommit=True) as connection:
                self._limit_time(connection)
                self._copy_database(connection)
                self._copy_facts(connection)
        except psycopg.errors.QueryCanceled:
            raise self._describe_overrun() from None
        except psycopg.Error as error:
            reason = f"it could not be cloned: {first_error_line(error)}"
            raise gap_error(rules.COPY_KEPT, self.subject, reason) from None

    def _limit_time(self, connection: psycopg.Connection) -> None:
        left = self.context.budget.remaining_seconds
        if not left:
            raise self._describe_overrun()
        limit = f"{max(1, round(left * 1000))}"
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [limit])

    def _copy_database(self, connection: psycopg.Connection) -> None:
        size = self._read_size(connection)
        major = connection.info.server_version // 10000
        if size < LARGE_BYTES or major < _FILE_COPY_VERSION:
            self._require_room(size)
            self._create(connection, "")
            return
        if major >= _SHARED_BLOCKS_VERSION and self._share_blocks(connection):
            return
        self._require_room(size)
        self._create(connection, _BY_FILES)

    def _share_blocks(self, connection: psycopg.Connection) -> bool:
        """Return whether the file system gave files that share their blocks: at once, and free."""
        try:
            connection.execute("SET file_copy_method = clone")
            self._create(connection, _BY_FILES)
        except psycopg.errors.QueryCanceled:
            raise
        except psycopg.Error:
            connection.execute("RESET file_copy_method")
            return False
        return True

    def _create(self, connection: psycopg.Connection, clause: str) -> None:
        names = sql.Identifier(self.name), sql.Identifier(self.source)
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names)
        while True:
            try:
                connection.execute(create + sql.SQL(clause))
            except psycopg.errors.ObjectInUse:  # a session that has only just ended
                if not self.context.budget.remaining_seconds:
                    raise self._describe_overrun() from None
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _copy_facts(self, connection: psycopg.Connection) -> None:
        """Give the clone the owner, the rights and the settings of the copy."""
        names: dict[str, Any] = {"source": self.source, "name": self.name}
        if connection.execute(_HAS_FACTS, names).fetchone() == (True,):
            connection.execute(_COPY_SETTINGS, names)
            connection.execute(_COPY_OWNER, names)

    def _read_size(self, connection: psycopg.Connection) -> int:
        row = connection.execute("SELECT pg_database_size(%s)", [self.source]).fetchone()
        return int(row[0]) if row else 0

    def _require_room(self, size: int) -> None:
        """Raise `NotProven` where our own server's disk has no room; of others nothing is known."""
        host = Path(str(conninfo_to_dict(self.admin).get("host") or ""))
        if host.is_absolute() and host.is_dir() and shutil.disk_usage(host).free < size:
            reason = f"no room in {host.parent.parent} (TMPDIR) for a clone of {size} bytes"
            raise gap_error(rules.ROOM_FOR_COPY, self.subject, reason)

    def _describe_overrun(self) -> Exception:
        reason = f"it was not cloned in time: {self.context.describe_overrun()}"
        return gap_error(rules.WITHIN_BUDGET, self.subject, reason)
