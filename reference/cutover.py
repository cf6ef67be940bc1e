"""The cutover itself, on a running PostgreSQL: staff get their passwords, 2.0.0's migrations run, roles get their rights.

with postgres.running(template.cached()) as server:
    server.copy(template.DATABASE, "hospital")
    cutover.perform(server, "hospital", staff.accounts())
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from reference import migrate, postgres, seed
from reference.auth.passwords import LIGHT, Hashing

# The audit log only grows: not even the application can change a line of it.
_RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE
    ON facilities, staff, patients, visits, documents, sessions, refresh_tokens, sign_in_failures, idempotency_keys
    TO hospital_app;
GRANT SELECT, INSERT ON audit_entries TO hospital_app;
GRANT SELECT ON flyway_schema_history TO hospital_app;
"""


def perform(server: postgres.Server, database: str, accounts: Iterable[seed.Account], hashing: Hashing = LIGHT) -> None:
    """Bring `database` from the release before to 2.0.0, ready for the application. Half a second."""
    dsn = server.dsn(database)
    with psycopg.connect(dsn) as connection:
        seed.staff(connection, accounts, hashing)
    migrate.migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_RIGHTS)
        connection.execute("ANALYZE")
