"""Apply the scripts in `database/migrations/` as Flyway does, and write the same history.

    python -m reference.migrate --dsn postgresql://owner@127.0.0.1/hospital [--to 6]

`migrate(dsn, to=6)` creates the schema of the release before the cutover. `migrate(dsn)` brings it
to 2.0.0, on which the release before works on. Version 11 takes away what was kept for it: a later
night applies that one. Each script runs in its own transaction together with its row of
`flyway_schema_history`. An advisory lock keeps two migrations apart. A script that was changed
after it was applied is rejected with `ScriptChanged`.
"""

from __future__ import annotations

import argparse
import re
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import psycopg

SCRIPTS = Path(__file__).parent / "database" / "migrations"
BEFORE_THE_CUTOVER = 6
POINT_OF_NO_RETURN = 10
"""The last version of the cutover's night. The scripts above it end the release before."""
# "Flyway" in ASCII. The number is arbitrary, but each migration of this database must use the same.
_ADVISORY_LOCK = 0x466C79776179
_NAME = re.compile(r"V(\d+)__(\w+)\.sql")

_HISTORY = """
CREATE TABLE IF NOT EXISTS flyway_schema_history (
    installed_rank integer       NOT NULL CONSTRAINT flyway_schema_history_pk PRIMARY KEY,
    version        varchar(50),
    description    varchar(200)  NOT NULL,
    type           varchar(20)   NOT NULL,
    script         varchar(1000) NOT NULL,
    checksum       integer,
    installed_by   varchar(100)  NOT NULL,
    installed_on   timestamp     NOT NULL DEFAULT now(),
    execution_time integer       NOT NULL,
    success        boolean       NOT NULL
);
CREATE INDEX IF NOT EXISTS flyway_schema_history_s_idx ON flyway_schema_history (success);
"""


class ScriptChanged(Exception):
    """A script differs from the one that the history records as applied."""


@dataclass(frozen=True)
class Script:
    """One file of `database/migrations/`: `V7__visit_status.sql` is version 7, "visit status"."""

    version: int
    description: str
    file_name: str
    content: bytes


def checksum(content: bytes) -> int:
    """Return Flyway's checksum of a UTF-8 script, a signed 32-bit number.

    It is the CRC-32 of the lines without their ends.
    """
    without_mark = content.removeprefix(b"\xef\xbb\xbf")
    crc = zlib.crc32(without_mark.replace(b"\r", b"").replace(b"\n", b""))
    return crc - 2**32 if crc >= 2**31 else crc


def scripts(to: int | None = None, folder: Path = SCRIPTS) -> list[Script]:
    """Return the scripts in the order of their versions, up to and including version `to`."""
    found = []
    for path in folder.glob("*.sql"):
        name = _NAME.fullmatch(path.name)
        if name is None:
            raise ValueError(f"{path.name} is not named like V7__what_it_does.sql")
        found.append(Script(int(name[1]), name[2].replace("_", " "), path.name, path.read_bytes()))
    found.sort(key=lambda script: script.version)
    return [script for script in found if to is None or script.version <= to]


def migrate(dsn: str, to: int | None = POINT_OF_NO_RETURN, folder: Path = SCRIPTS) -> list[Script]:
    """Apply the pending scripts of the folder up to version `to`, and return them.

    None applies them all.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
        connection.execute(_HISTORY)
        applied = _applied(connection)
        pending = [script for script in scripts(to, folder) if not _is_applied(script, applied)]
        for script in pending:
            _apply(connection, script)
        return pending


def _applied(connection: psycopg.Connection) -> dict[str, int]:
    """Return the checksums of the history by version."""
    rows = connection.execute(
        "SELECT version, checksum FROM flyway_schema_history WHERE success AND version IS NOT NULL"
    )
    return dict(rows.fetchall())


def _is_applied(script: Script, applied: dict[str, int]) -> bool:
    recorded = applied.get(str(script.version))
    if recorded is not None and recorded != checksum(script.content):
        raise ScriptChanged(
            f"{script.file_name} was applied with checksum {recorded} and now has"
            f" {checksum(script.content)}"
        )
    return recorded is not None


def _apply(connection: psycopg.Connection, script: Script) -> None:
    started = time.monotonic()
    with connection.transaction():
        connection.execute(script.content)
        connection.execute(
            """
            INSERT INTO flyway_schema_history
                (installed_rank, version, description, type, script, checksum, installed_by,
                execution_time, success)
            SELECT coalesce(max(installed_rank), 0) + 1, %s, %s, 'SQL', %s, %s, current_user,
                %s, true
            FROM flyway_schema_history
            """,
            [
                str(script.version),
                script.description,
                script.file_name,
                checksum(script.content),
                round((time.monotonic() - started) * 1000),
            ],
        )


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m reference.migrate", description="Apply the migrations as Flyway would."
    )
    parser.add_argument(
        "--dsn", required=True, help="the database, as a role that may create tables"
    )
    parser.add_argument(
        "--to",
        type=int,
        default=POINT_OF_NO_RETURN,
        help="the last version to apply (6 is the release before the cutover)",
    )
    arguments = parser.parse_args()
    for script in migrate(arguments.dsn, arguments.to):
        print(f"applied {script.version}: {script.description}")


if __name__ == "__main__":
    _main()
