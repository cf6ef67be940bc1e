"""A backup, restored into a scratch database that is empty before and removed afterwards.

The checks of a gate share one such copy (`restored_copies`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup import base_backup, rules
from cutover_gates.probes.database.backup.backup_contents import BackupContents, read_contents
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    InvalidBackup,
)
from cutover_gates.probes.database.backup.restore_progress import restore_with_progress
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
)
from cutover_gates.probes.database.scratch import rules as scratch_rules
from cutover_gates.probes.database.scratch.scratch_cluster import SUPERUSER, run_cluster
from cutover_gates.probes.database.scratch.scratch_server import scratch_server
from cutover_gates.util.text import first_error_line

_UNAVAILABLE_PREFIX = 'extension "'
# The copy is read as its superuser: the target's own user may not read every table.
_FIND_SUPERUSER = "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1"


@dataclass(frozen=True)
class RestoredBackup:
    """A scratch database that holds a backup. Sessions of `dsn` only read, but those of a clone.

    `errors`: the errors of the restore; `unavailable`: what the scratch server lacks, so that
    nothing is known of the backup. `seconds`: the duration of the restore. `sha256`: of the file
    that was restored.
    """

    dsn: str = field(repr=False)
    backup: BackupFile
    contents: BackupContents
    seconds: float
    errors: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    sha256: str = ""

    def as_context(self, context: DatabaseContext) -> DatabaseContext:
        """Return the target's context with this database in its place.

        Assessments of it are not recorded in the evidence.
        """
        return replace(
            context,
            dsn=SecretStr(self.dsn),
            standby=None,
            cache_folder=context.cache_folder / "restored",
            is_copy=True,
            record=lambda _assessment: None,
        )


@contextlib.contextmanager
def attempt_restore(context: DatabaseContext, backup: BackupFile) -> Iterator[RestoredBackup]:
    """Restore a backup, with whatever errors there are.

    Raise `InvalidBackup` where the restore cannot even begin, and `NotProven`.
    """
    restore = _start_base_backup if backup.is_base else _restore_dump
    with restore(context, backup) as copy:
        context.report_progress(f"{backup} restored in {copy.seconds:.0f} s")
        yield copy


@contextlib.contextmanager
def _restore_dump(context: DatabaseContext, backup: BackupFile) -> Iterator[RestoredBackup]:
    contents = read_contents(context, backup)
    major, roles = _read_target_server(context)
    with scratch_server(context, major) as server:
        began, dsn = time.monotonic(), server.create_database(roles=roles)
        result = restore_with_progress(context, backup, contents, dsn, server.major)
        errors = result.complaints
        if not errors and result.status:
            errors = (f"the program ended with status {result.status}",)
        unavailable = tuple(error for error in errors if _is_unavailable(error))
        _analyse(dsn)
        seconds = time.monotonic() - began
        # Once something is unavailable, every other error may follow from that.
        shown = () if unavailable else errors
        yield RestoredBackup(_read_only(dsn), backup, contents, seconds, shown, unavailable)


def _read_only(dsn: str) -> str:
    # The copy stands for the backup as long as nobody writes to it.
    return make_conninfo(dsn, options="-c default_transaction_read_only=on")


def _is_unavailable(error: str) -> bool:
    return error.startswith(_UNAVAILABLE_PREFIX) and "is not available" in error


@contextlib.contextmanager
def _start_base_backup(context: DatabaseContext, backup: BackupFile) -> Iterator[RestoredBackup]:
    """Start a copy of a base backup. It recovers first, as after a crash."""
    target = conninfo_to_dict(context.dsn.get_secret_value())
    contents, began = read_contents(context, backup), time.monotonic()
    user = str(target.get("user") or SUPERUSER)
    with run_cluster(
        base_backup.read_major_version(backup),
        context.budget.remaining_seconds,
        fill=base_backup.base_backup_copier(context, backup),
        user=user,
    ) as admin:
        try:
            with psycopg.connect(admin) as connection:
                superuser = connection.execute(_FIND_SUPERUSER).fetchone()
            name = superuser[0] if superuser else target.get("user")
            dsn = make_conninfo(admin, dbname=_read_database_name(context), user=name)
            _analyse(dsn)
        except psycopg.Error as error:
            reason = f"it starts without the target's database: {first_error_line(error)}"
            raise InvalidBackup(rules.SAME_DATABASE, backup, reason) from None
        yield RestoredBackup(_read_only(dsn), backup, contents, time.monotonic() - began)


def _read_database_name(context: DatabaseContext) -> str:
    with context.connect() as connection:
        row = connection.execute("SELECT current_database() AS name").fetchone()
    return str((row or {})["name"])


def _read_target_server(context: DatabaseContext) -> tuple[int, list[str]]:
    """Return the target's major version and its roles."""
    try:
        with context.connect() as connection:
            rows = connection.execute("SELECT rolname FROM pg_roles").fetchall()
            return connection.info.server_version // 10000, [str(row["rolname"]) for row in rows]
    except DatabaseUnreachable as error:
        reason = f"the version of the target is not known: {error}"
        raise gap_error(scratch_rules.SCRATCH_SERVER, context.target, reason) from None


def _analyse(dsn: str) -> None:
    """Collect statistics: a restored database has none, and its heavy reads would be planned badly.

    A damaged table is reported by the comparison, which reads it in full.
    """
    with psycopg.connect(dsn, autocommit=True) as connection, contextlib.suppress(psycopg.Error):
        connection.execute("ANALYZE")
