"""The way into a target's database: sessions that can only read, that wait for nothing long, and
that say who they are.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from cutover.settings import Database

APPLICATION_NAME = "cutover"
LOCK_SECONDS = 1.0

Row = dict[str, Any]


class DatabaseSilent(RuntimeError):
    """The database cannot be asked. Says nothing about the release, and never the DSN."""


def read_only(dsn: str, database: Database) -> psycopg.Connection[Row]:
    """A connection in which every transaction is one statement: no snapshot is kept open, and each
    question sees what is committed now.

    Raises `DatabaseSilent`. What psycopg raises holds the DSN in its frames, so its traceback goes
    no further.
    """
    try:
        return psycopg.connect(
            dsn,
            autocommit=True,
            row_factory=dict_row,
            application_name=APPLICATION_NAME,
            connect_timeout=max(
                2, round(database.connect_seconds)
            ),  # libpq takes no less than two seconds
            options=(
                "-c default_transaction_read_only=on -c"
                f" statement_timeout={database.statement_seconds * 1000:.0f} -c"
                f" lock_timeout={LOCK_SECONDS * 1000:.0f}"
            ),
        )
    except psycopg.Error as error:
        raise DatabaseSilent(
            f"no connection to the database within {database.connect_seconds:g} s:"
            f" {_said(error, dsn)}"
        ) from None


def first_line(error: psycopg.Error) -> str:
    """What an error says first; its kind when it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _said(error: psycopg.Error, dsn: str) -> str:
    """The first line of what psycopg says; only its kind where that repeats the DSN or a part of it
    that is secret.
    """
    text = first_line(error)
    try:
        password = str(psycopg.conninfo.conninfo_to_dict(dsn).get("password") or "")
    except psycopg.Error:
        return f"{type(error).__name__}: the DSN cannot be read"
    return type(error).__name__ if password and password in text else text
