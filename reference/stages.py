"""Stages of a cutover's database: before it, after it, and restored from the backup made before it.

    stages.copy_release_before(server, "hospital")         # the release before, as it was used
    stages.add_accounts(server, "hospital")                # those who sign in
    backup = stages.back_up(server, "hospital")            # the plan's Phase 1, step 1
    cutover.perform(server, "hospital", [])                # steps 2 and 3
    stages.restore(server, "hospital", backup)             # the plan's rollback, step 3

The dump is an archive of `pg_dump`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg

from reference import accounts, installation, postgres, template
from reference.auth.passwords import LIGHT, Hashing
from reference.settings import RELEASE, RELEASE_BEFORE

RELEASES = {
    "before": RELEASE_BEFORE,
    "eve": RELEASE_BEFORE,
    "night": RELEASE,
    "rollout": RELEASE,
    "after": RELEASE,
    "restored": RELEASE_BEFORE,
}
"""Each stage, and the release that answers there.

`before` and `eve` hold the same: the days before the cutover, and the hour before it. The accounts
are there at every stage, and stand in the backup.
"""
NAMES = tuple(RELEASES)

# Rights of the application of the release before. It can only add lines to the audit log.
_RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE
    ON facilities, staff, patients, visits, documents, sessions, sign_in_failures
    TO hospital_app;
GRANT SELECT, INSERT ON audit_entries TO hospital_app;
GRANT SELECT ON flyway_schema_history TO hospital_app;
"""


def copy_release_before(server: postgres.Server, database: str) -> None:
    """Copy the seeded hospital, and grant its application its rights."""
    server.copy(template.DATABASE, database)
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        connection.execute(_RIGHTS)


def add_accounts(server: postgres.Server, database: str, hashing: Hashing = LIGHT) -> None:
    """Insert the accounts that sign in. A backup that is made later holds them, too."""
    with psycopg.connect(server.dsn(database)) as connection:
        accounts.insert_accounts(connection, accounts.stable_accounts(), hashing)


def back_up(server: postgres.Server, database: str) -> Path:
    """Dump the database with `pg_dump` as a custom archive, as the plan does before any change.

    The archive is removed together with the server.
    """
    archive = Path(server.directory) / "backups" / f"{database}-before.dump"
    archive.parent.mkdir(exist_ok=True)
    _client("pg_dump", server, database, "--format=custom", "--compress=1", f"--file={archive}")
    return archive


def restore(server: postgres.Server, database: str, archive: Path) -> None:
    """Drop the database and create it again from the archive."""
    server.drop(database)
    server.create(database)
    _client("pg_restore", server, database, "--exit-on-error", f"--dbname={database}", str(archive))


def _client(program: str, server: postgres.Server, database: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs as the owner. Raises `PostgresFailed` with its output."""
    connection = {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGUSER": postgres.OWNER,
        "PGPASSWORD": server.passwords[postgres.OWNER],
    }
    command = [str(installation.binaries() / program), *arguments]
    result = subprocess.run(
        command,
        env={**os.environ, **connection, "PGDATABASE": database},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise installation.PostgresFailed(f"{program} failed:\n{result.stderr}")
