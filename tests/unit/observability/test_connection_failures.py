"""Lines of logs that tell of a failed connection to PostgreSQL, and lines that only look like one.

The forms are those that drivers and loggers of several languages write; the texts are ours.
"""

from __future__ import annotations

import json

import pytest

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.probes.observability.logs.connection_failures import find_connection_failure
from cutover_gates.probes.observability.logs.model import parse_line

SETTINGS = LogSettings()
FAILURES = [
    # Java: the driver's exception, Hibernate's warning, HikariCP's
    ("org.postgresql.util.PSQLException: FATAL: sorry, too many clients already", "53300"),
    ("WARN o.h.engine.jdbc.spi.SqlExceptionHelper - SQL Error: 0, SQLState: 08006", "08006"),
    ("WARN  SqlExceptionHelper : SQL Error: 0, SQLState: 53300", "53300"),
    ("org.postgresql.util.PSQLException: The connection attempt failed.", "08001"),
    (
        "PSQLException: Connection to 10.0.0.5:5432 refused. Check that the hostname and port are"
        " correct and that the postmaster is accepting TCP/IP connections.",
        "08001",
    ),
    ("SQLException: An I/O error occurred while sending to the backend.", "08006"),
    ("Pool-1 - Failed to validate connection (This connection has been closed.)", "08003"),
    # Python: psycopg, SQLAlchemy, asyncpg
    (
        'psycopg.OperationalError: connection failed: connection to server at "10.0.0.5", port'
        " 5432 failed: FATAL:  sorry, too many clients already",
        "53300",
    ),
    (
        'OperationalError: connection to server at "10.0.0.5", port 5432 failed: Connection refused',
        "08001",
    ),
    ("(psycopg2.OperationalError) could not connect to server: Connection refused", "08001"),
    ("OperationalError: server closed the connection unexpectedly", "08006"),
    ("asyncpg.exceptions.TooManyConnectionsError: remaining slots", "53300"),
    ("asyncpg.exceptions.CannotConnectNowError: starting up", "57P03"),
    ("asyncpg.exceptions.ConnectionDoesNotExistError: closed", "08003"),
    # Go: pgx, lib/pq
    (
        "failed to connect to `host=db user=app database=hospital`: server error (FATAL: the"
        " database system is starting up (SQLSTATE 57P03))",
        "57P03",
    ),
    (
        "failed to connect to `user=app database=hospital`: 10.0.0.5:5432 (db): dial error: dial"
        " tcp 10.0.0.5:5432: connect: connection refused",
        "08001",
    ),
    ('level=error msg="pq: sorry, too many clients already"', "53300"),
    ("query patients: driver: bad connection", "08003"),
    # Node: the error's code in an object, as text and as JSON
    ("error: out of slots { length: 85, severity: 'FATAL', code: '53300' }", "53300"),
    ("error in pg client: { severity: 'FATAL', code: '57P03', detail: undefined }", "57P03"),
    ("Error: Connection terminated unexpectedly at Connection.<anonymous> (pg/lib)", "08006"),
    ("Error: connect ECONNREFUSED 10.0.0.5:5432", "08001"),
    # .NET, Rust, PHP, Elixir, PgBouncer, PostgreSQL itself
    ("Npgsql.PostgresException (0x80004005): 53300: sorry", "53300"),
    ('Error { cause: Some(DbError { severity: "FATAL", code: SqlState(E53300) }) }', "53300"),
    ("SQLSTATE[08006] [7] timeout expired", "08006"),
    ("** (Postgrex.Error) FATAL 53300 (too_many_connections) sorry", "53300"),
    ("FATAL: no more connections allowed (max_client_conn)", "53300"),
    ("2026-11-30 02:00:00 UTC [77] FATAL:  53300: sorry", "53300"),
    ("database: connection refused by the server (53300)", "53300"),
    ("FATAL:  the database system is in recovery mode", "57P03"),
    ("remaining connection slots are reserved for roles with the SUPERUSER attribute", "53300"),
    (json.dumps({"message": "x", "err": {"code": "53300", "severity": "FATAL"}}), "53300"),
    (json.dumps({"message": "x", "sqlState": "08001"}), "08001"),
    (json.dumps({"message": "x", "sqlstate": "57P03"}), "57P03"),
    (json.dumps({"message": "x", "pgcode": "53300"}), "53300"),
]
OTHERS = [
    "GET /api/v1/patients?postal_code=08006 200",
    "invoice 53300 was paid",
    "the visit has the billing code 53300",
    "patient at 08001 Barcelona, room (53300)",
    json.dumps({"message": "registered", "code": "08001", "city": "Barcelona"}),
    json.dumps({"message": "connection to the printer", "postal_code": "08001"}),
    json.dumps({"message": "no connection to billing", "address": {"code": "08001"}}),
    json.dumps({"message": "duplicate key", "sqlstate": "23505"}),
    json.dumps({"message": "sorry, too many clients already", "sqlstate": "23505"}),
    "PSQLException: ERROR: duplicate key value violates unique constraint (SQLSTATE 23505)",
    "SQLState: 40001, could not serialize access",
    'connection to server at "db", port 5432 failed: FATAL:  password authentication failed for'
    ' user "app"',
    "FATAL: terminating connection due to administrator command (SQLSTATE 57P01)",
    "terminating connection due to administrator command; server closed the connection unexpectedly",
    "SQL Error: 0, SQLState: 57P01",
    "SQLState: null",
    "Error: connect ECONNREFUSED 10.0.0.9:6379",
    "",
]


@pytest.mark.parametrize(("text", "state"), FAILURES)
def test_a_failed_connection_is_found(text: str, state: str) -> None:
    assert find_connection_failure(parse_line(text, SETTINGS), SETTINGS.sqlstate) == state


@pytest.mark.parametrize("text", OTHERS)
def test_another_line_is_none(text: str) -> None:
    assert find_connection_failure(parse_line(text, SETTINGS), SETTINGS.sqlstate) is None


def test_a_declared_field_decides() -> None:
    line = parse_line('{"db": {"state": "08006"}, "message": "lost"}', SETTINGS)
    assert find_connection_failure(line, "db.state") == "08006"
