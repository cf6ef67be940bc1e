"""The cutover itself, on a running PostgreSQL: passwords, the migrations of 2.0.0, rights.

    with postgres.run_cluster(template.ensure_cluster()) as server:
        server.copy(template.DATABASE, "hospital")
        cutover.perform(server, "hospital", announcement.accounts())

The migrations are run by `migrate`, or by the real Flyway where one is given: `flyway()` finds it
on the PATH. Both write the same history.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reference import migrate, postgres, seed
from reference.auth.passwords import LIGHT, Hashing

# The application can add lines to the audit log, but not change or remove one.
_RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE
    ON facilities, staff, patients, visits, documents,
        sessions, refresh_tokens, sign_in_failures, idempotency_keys
    TO hospital_app;
GRANT SELECT, INSERT ON audit_entries TO hospital_app;
GRANT SELECT ON flyway_schema_history TO hospital_app;
"""
_FLYWAY_TIMEOUT = 120.0  # seconds; on the embedded hospital it takes two


class FlywayFailed(Exception):
    """Flyway did not migrate; the message holds its output."""


def flyway() -> Path | None:
    """Return the path of the real Flyway; None where it is not on the PATH."""
    found = shutil.which("flyway")
    return Path(found) if found else None


def perform(
    server: postgres.Server,
    database: str,
    accounts: Iterable[seed.Account],
    hashing: Hashing = LIGHT,
    *,
    by: Path | None = None,
) -> None:
    """Bring `database` from the release before to 2.0.0, ready for the application.

    This takes half a second. With Flyway (`by`) it takes two more, to start Java.
    """
    dsn = server.dsn(database)
    with psycopg.connect(dsn) as connection:
        seed.staff(connection, accounts, hashing)
    if by:
        _migrate_with(by, dsn)
    else:
        migrate.migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_RIGHTS)
        connection.execute("ANALYZE")


def _migrate_with(program: Path, dsn: str) -> None:
    """Run `flyway migrate`.

    The password is passed in the environment: everybody on the machine can read a command line.
    """
    parts = conninfo_to_dict(dsn)
    way_in = {
        "FLYWAY_URL": f"jdbc:postgresql://{parts['host']}:{parts['port']}/{parts['dbname']}",
        "FLYWAY_USER": str(parts["user"]),
        "FLYWAY_PASSWORD": str(parts["password"]),
        "FLYWAY_LOCATIONS": f"filesystem:{migrate.SCRIPTS}",
        "FLYWAY_TARGET": str(migrate.POINT_OF_NO_RETURN),
    }
    # Settings of Flyway in the user's environment or in the current folder are left out: they are
    # for another database.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FLYWAY_")},
        **way_in,
    }
    done = subprocess.run(
        [program.resolve(), "migrate"],
        env=environment,
        cwd=migrate.SCRIPTS,
        capture_output=True,
        text=True,
        timeout=_FLYWAY_TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise FlywayFailed(
            f"Flyway ended with status {done.returncode}:"
            f" {(done.stdout + done.stderr).strip()[-2000:]}"
        )
