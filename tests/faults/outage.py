"""An outage of a hospital's database: `python outage.py DSN_FILE SECONDS` makes it.

It is a program, as a hospital's own command would be: it needs nothing but psycopg.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:  # the program itself imports nothing of this project
    from tests.faults.hospitals import Hospital

SECONDS = 4.0
FALL_SECONDS, BACK_SECONDS = 1.5, 9.0
ALLOW = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %(name)s"
)


def outage_settings(hospital: Hospital, folder: Path) -> str:
    """Return the settings by which a gate takes the database away from the hospital `tried`."""
    secret = folder / "owner.dsn"
    secret.write_text(hospital.owner_database, encoding="utf-8")
    secret.chmod(0o600)
    words = [sys.executable, __file__, str(secret), str(SECONDS)]
    command = ", ".join(f'"{word}"' for word in words)
    return (
        "[targets.tried.infrastructure.database_outage]\n"
        f"command = [{command}]\n"
        f"fall_seconds = {FALL_SECONDS}\n"
        f"back_seconds = {BACK_SECONDS}\n"
    )


def take_database_away(dsn: str, seconds: float) -> None:
    """Close the database for some seconds, and end the sessions in it."""
    name = str(conninfo_to_dict(dsn)["dbname"])
    with psycopg.connect(make_conninfo(dsn, dbname="postgres"), autocommit=True) as connection:
        connection.execute(ALLOW.format(sql.Identifier(name), sql.Literal(False)))
        try:
            connection.execute(END_SESSIONS, {"name": name})
            time.sleep(seconds)
        finally:
            connection.execute(ALLOW.format(sql.Identifier(name), sql.Literal(True)))


if __name__ == "__main__":
    take_database_away(Path(sys.argv[1]).read_text(encoding="utf-8"), float(sys.argv[2]))
