"""The restore of a dump into an empty database, by psql or pg_restore."""

from __future__ import annotations

import os
import secrets

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_contents import (
    BackupContents,
    find_newest_pg_restore,
)
from cutover_gates.probes.database.backup.backup_files import BackupFile, BackupKind, open_backup
from cutover_gates.probes.database.backup.client_programs import ClientProgramResult, run_program
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.scratch.postgres_binaries import find_client_program

_MAX_JOBS = 16
_PSQL_OPTIONS = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")


def describe_restore_way(backup: BackupFile) -> str:
    """Return what restores a backup, and in how many streams: that decides how long it takes."""
    if backup.is_base:
        return "a server that is started on its files"
    one = f"one stream, through {backup.compression}" if backup.compression else "one stream"
    if backup.kind is BackupKind.PLAIN:
        return f"one psql ({one}; a custom archive restores in parallel)"
    if backup.compression or backup.kind is BackupKind.TAR:
        return f"pg_restore ({one}; a custom archive that is not compressed again is parallel)"
    return "pg_restore (in parallel)"


def restore_dump_into(
    context: DatabaseContext,
    backup: BackupFile,
    contents: BackupContents,
    dsn: str,
    server_major: int,
) -> ClientProgramResult:
    """Restore a dump into the database `dsn` of a server of that major version.

    Raise `InvalidBackup` and `NotProven`.
    """
    if backup.kind is BackupKind.PLAIN:
        return _restore_by_psql(context, backup, contents, dsn, server_major)
    return _restore_by_pg_restore(context, backup, contents, dsn, server_major)


def _restore_by_pg_restore(
    context: DatabaseContext,
    backup: BackupFile,
    contents: BackupContents,
    dsn: str,
    server_major: int,
) -> ClientProgramResult:
    # The server's own version is used where it can read the archive: a newer pg_restore sets
    # parameters that an older server does not know.
    major = max(server_major, min(contents.tool or 0, find_newest_pg_restore()))
    program = find_client_program("pg_restore", major)
    # The scratch server has no tablespaces of the target.
    options = [f"--dbname={conninfo_to_dict(dsn)['dbname']}", "--no-tablespaces"]
    # Only a superuser may give objects to other roles.
    if not _is_superuser(dsn):
        options.append("--no-owner")
    if backup.compression:
        with open_backup(backup) as stream:
            return run_program(context, program, *options, dsn=dsn, stdin=stream)
    if backup.kind is not BackupKind.TAR:  # a tar archive cannot be read by several jobs
        options.append(f"--jobs={choose_jobs(context)}")
    return run_program(context, program, *options, backup.path, dsn=dsn)


def choose_jobs(context: DatabaseContext) -> int:
    """Return how many jobs restore at a time: as many as `migrations.connections` allows.

    A scratch server on this machine belongs to the gate alone, and gets one for each core at least.
    """
    allowed = context.migrations.connections
    if context.migrations.scratch.kind != "server":
        allowed = max(allowed, os.cpu_count() or 1)
    return min(_MAX_JOBS, allowed)


def _restore_by_psql(
    context: DatabaseContext,
    backup: BackupFile,
    contents: BackupContents,
    dsn: str,
    server_major: int,
) -> ClientProgramResult:
    """Restore up to the first error.

    psql's own commands, some of which run programs, are forbidden where the dump does not do so
    itself.
    """
    assert contents.plain is not None  # read_contents sets it for plain SQL
    if contents.plain.elsewhere:
        reason = "it creates or changes databases (pg_dump --create, or pg_dumpall)"
        raise gap_error(rules.RESTORABLE_IN_SCRATCH, str(backup), reason)
    restrict = f"\\restrict {secrets.token_hex(16)}\n".encode()
    first = b"" if contents.plain.restricted else restrict
    program = find_client_program("psql", server_major)
    with open_backup(backup) as stream:
        return run_program(context, program, *_PSQL_OPTIONS, dsn=dsn, stdin=stream, first=first)


def _is_superuser(dsn: str) -> bool:
    query = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    with psycopg.connect(dsn) as connection:
        return connection.execute(query).fetchone() == (True,)
