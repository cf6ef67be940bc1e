"""A backup, restored into a scratch database that is empty before and gone afterwards."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.backup import base_backup
from cutover_gates.probes.database.backup.backup_contents import (
    BackupContents,
    find_newest_pg_restore,
    read_contents,
)
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    BackupKind,
    InvalidBackup,
    detect_backup,
    find_newest_backup,
    open_backup,
)
from cutover_gates.probes.database.backup.client_programs import ClientProgramResult, run_program
from cutover_gates.probes.database.context import (
    DatabaseContext,
    DatabaseUnreachable,
    first_error_line,
)
from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program
from cutover_gates.probes.database.scratch.scratch_cluster import SUPERUSER, run_cluster
from cutover_gates.probes.database.scratch.scratch_server import ScratchServer, scratch_server

_UNAVAILABLE_PREFIX = 'extension "'
_MAX_JOBS = 4


@dataclass(frozen=True)
class RestoredBackup:
    """A scratch database that holds a backup; `dsn` may write to it.

    `errors`: what went wrong on the way; `unavailable`: what the scratch server lacks, so that
    nothing is known of the backup. `seconds` is what the restore took.
    """

    dsn: str = field(repr=False)
    backup: BackupFile
    contents: BackupContents
    seconds: float
    errors: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()

    def as_context(self, context: DatabaseContext) -> DatabaseContext:
        """The target's context with this database in its place: what is said of it goes into nobody's
        evidence unasked.
        """
        return replace(
            context,
            dsn=SecretStr(self.dsn),
            standby=None,
            cache_folder=context.cache_folder / "restored",
            is_copy=True,
            record=lambda _examination: None,
        )


@contextlib.contextmanager
def open_restored_backup(context: DatabaseContext) -> Iterator[RestoredBackup]:
    """The newest backup, without an error.

    Raises `NotProven` where there is none, it is damaged, or no scratch server can be had.
    """
    try:
        with attempt_restore(context, detect_backup(find_newest_backup(context))) as copy:
            if wrong := (*copy.unavailable, *copy.errors):
                raise NotProven(f"{copy.backup} did not restore without an error: {wrong[0]}")
            yield copy
    except InvalidBackup as damaged:
        raise NotProven(str(damaged)) from None


@contextlib.contextmanager
def attempt_restore(context: DatabaseContext, backup: BackupFile) -> Iterator[RestoredBackup]:
    """The same, with whatever errors there were.

    Raises `InvalidBackup` where it cannot even be begun, and `NotProven`.
    """
    with (_start_base_backup if backup.is_base else _restore_dump)(context, backup) as copy:
        context.report_progress(f"{backup} restored in {copy.seconds:.0f} s")
        yield copy


@contextlib.contextmanager
def _restore_dump(context: DatabaseContext, backup: BackupFile) -> Iterator[RestoredBackup]:
    inside, major, roles = read_contents(context, backup), *_read_target_server(context)
    with scratch_server(context, major) as server:
        context.report_progress(f"restoring {backup}")
        began, dsn = time.monotonic(), server.create_database(roles=roles)
        outcome = (_restore_by_psql if backup.kind is BackupKind.PLAIN else _restore_by_pg_restore)(
            context, backup, server, dsn, inside
        )
        wrong = outcome.complaints or (
            (f"the program ended with status {outcome.status}",) if outcome.status else ()
        )
        lacks = tuple(
            error
            for error in wrong
            if error.startswith(_UNAVAILABLE_PREFIX) and "is not available" in error
        )
        _analyse(dsn)
        yield RestoredBackup(
            dsn, backup, inside, time.monotonic() - began, () if lacks else wrong, lacks
        )


def _restore_by_pg_restore(
    context: DatabaseContext,
    backup: BackupFile,
    server: ScratchServer,
    dsn: str,
    inside: BackupContents,
) -> ClientProgramResult:
    """By the server's own version where that can read the archive: a newer one sets what an older
    server does not know.
    """
    readable = max(server.major, min(inside.tool or 0, find_newest_pg_restore()))
    program = find_client_program("pg_restore", readable)
    database = f"--dbname={conninfo_to_dict(dsn)['dbname']}"
    options = [database, "--no-tablespaces", *([] if _is_superuser(dsn) else ["--no-owner"])]
    if backup.compression:
        with open_backup(backup) as stream:
            return run_program(context, program, *options, dsn=dsn, stdin=stream)
    jobs = (
        [f"--jobs={min(_MAX_JOBS, context.migrations.connections)}"]
        if backup.kind is not BackupKind.TAR
        else []
    )
    return run_program(context, program, *options, *jobs, backup.path, dsn=dsn)


def _restore_by_psql(
    context: DatabaseContext,
    backup: BackupFile,
    server: ScratchServer,
    dsn: str,
    inside: BackupContents,
) -> ClientProgramResult:
    """Up to the first error. psql's own commands, some of which run programs, are forbidden, where
    the dump does not do so itself.
    """
    assert inside.plain is not None
    if inside.plain.elsewhere:
        raise NotProven(
            f"{backup} makes a database of its own (pg_dump --create, or pg_dumpall), so it cannot"
            " be tried in a scratch database: dump without that"
        )
    restrict = b"" if inside.plain.restricted else f"\\restrict {secrets.token_hex(16)}\n".encode()
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
    with open_backup(backup) as stream:
        return run_program(
            context,
            find_client_program("psql", server.major),
            *options,
            dsn=dsn,
            stdin=stream,
            first=restrict,
        )


@contextlib.contextmanager
def _start_base_backup(context: DatabaseContext, backup: BackupFile) -> Iterator[RestoredBackup]:
    """A copy of a base backup, running. It recovers first, as after a crash."""
    said = conninfo_to_dict(context.dsn.get_secret_value())
    inside, began = read_contents(context, backup), time.monotonic()
    with run_cluster(
        base_backup.read_major_version(backup),
        context.budget.remaining_seconds,
        fill=base_backup.base_backup_copier(context, backup),
        user=str(said.get("user") or SUPERUSER),
    ) as admin:
        try:
            with psycopg.connect(admin) as connection:
                mighty = connection.execute(
                    "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid"
                    " LIMIT 1"
                ).fetchone()
            dsn = make_conninfo(
                admin,
                dbname=_read_database_name(context),
                user=mighty[0] if mighty else said.get("user"),
            )
            _analyse(dsn)
        except psycopg.Error as error:
            raise InvalidBackup(
                f"{backup} starts, and does not hold the target's database: {first_error_line(error)}"
            ) from None
        yield RestoredBackup(dsn, backup, inside, time.monotonic() - began)


def _read_database_name(context: DatabaseContext) -> str:
    with context.connect() as connection:
        row = connection.execute("SELECT current_database() AS it").fetchone()
    return str((row or {})["it"])


def _read_target_server(context: DatabaseContext) -> tuple[int, list[str]]:
    """The target's major version and its roles."""
    try:
        with context.connect() as connection:
            roles = [
                str(row["rolname"]) for row in connection.execute("SELECT rolname FROM pg_roles")
            ]
            return connection.info.server_version // 10000, roles
    except DatabaseUnreachable as silent:
        raise NotProven(
            f"which version of PostgreSQL to restore into is not known: {silent}"
        ) from None


def _is_superuser(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (True,)


def _analyse(dsn: str) -> None:
    """A restored database has no statistics, and without them its heavy reads are planned badly.

    A damaged table is told by what reads it all.
    """
    with psycopg.connect(dsn, autocommit=True) as connection, contextlib.suppress(psycopg.Error):
        connection.execute("ANALYZE")
