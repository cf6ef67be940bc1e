"""Faults of the database cluster, on a real PostgreSQL."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from cutover_gates.probes.database.backup import rules as backup_rules
from cutover_gates.probes.database.health import replication, rules
from reference import installation, postgres
from tests.faults.fault import Fault

WRITES, ROOM, COPIES, THERE, ARCHIVE, RECENT, WHOLE = (
    "test_the_database_answers_and_takes_writes",
    "test_connections_are_left_for_the_cutover",
    "test_standbys_keep_up",
    "test_no_standby_is_missing",
    "test_the_archive_works",
    "test_backups_are_made_and_one_is_recent",
    "test_the_newest_backup_is_whole",
)
HOURS_AGO = 30.0


@dataclass
class Place:
    """A database of the fault's own, its owner's DSN, and its backup.

    What `open` holds ends with the fault. A fault may change `dsn`.
    """

    server: postgres.Server
    name: str
    dsn: str = field(repr=False)
    backup: Path
    open: ExitStack
    standby_lag_seconds: float = 10.0
    standbys: int | None = 0
    archived: bool | None = False

    def run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.server.dsn("postgres"), autocommit=True) as owner:
            owner.execute(statement)


class DatabaseFault(Fault):
    """A fault like `DeploymentFault`; the item is always `database-cluster`."""

    item = "database-cluster"

    def harm(self, place: Place) -> None:
        """Do the harm."""


class TheDatabaseWasLeftReadOnly(DatabaseFault):
    """Nobody switched it back after the last rehearsal: no patient can be registered."""

    breaks = (rules.WRITABLE,)
    check, shows = WRITES, "default_transaction_read_only is on"

    def harm(self, place: Place) -> None:
        place.run(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(
                sql.Identifier(place.name)
            )
        )


class TheDsnLeadsToAStandby(DatabaseFault):
    """The primary has moved, and the old address leads to a standby that takes no writes."""

    breaks = (rules.WRITABLE,)
    check, shows = WRITES, "a standby"
    also: ClassVar[dict[str, str]] = {
        COPIES: "a standby does not know the others",
        THERE: "a standby does not know the others",
    }

    def harm(self, place: Place) -> None:
        place.dsn = make_conninfo(place.dsn, port=place.open.enter_context(standby(place.server)))
        _await(place.dsn)


class TheStandbyIsBehind(DatabaseFault):
    """A real standby that follows late: a takeover by it loses the last writes."""

    breaks = (rules.STANDBYS_FOLLOW,)
    check, shows = COPIES, "behind"

    def harm(self, place: Place) -> None:
        place.standby_lag_seconds = 0.5
        place.open.enter_context(standby(place.server, "recovery_min_apply_delay=1500"))
        with psycopg.connect(
            place.server.dsn("postgres"), autocommit=True
        ) as owner:  # of the same server: the backup is not to lack a table
            place.open.callback(place.run, sql.SQL("DROP TABLE written").format())
            owner.execute("CREATE TABLE written (at timestamptz)")
            _until(lambda: _written(owner), "the standby tells no lag")


class TheStandbyIsGone(DatabaseFault):
    """It failed a week ago.

    A standby that is gone is behind nobody, so that every other check passes.
    """

    breaks = (rules.STANDBY_COUNT,)
    check, shows = THERE, "| 1 (migrations.standbys) | 0 |"

    def harm(self, place: Place) -> None:
        place.standbys = 1


class NobodySaysHowManyStandbys(DatabaseFault):
    """The same, where the settings do not say that there was one."""

    breaks = (rules.STANDBY_COUNT,)
    check, outcome, shows = THERE, "not proven", "the settings do not say how many must"

    def harm(self, place: Place) -> None:
        place.standbys = None


class TheArchiveIsOff(DatabaseFault):
    """It was switched off for a rehearsal: what follows the last backup cannot be restored."""

    breaks = (rules.ARCHIVE_MODE,)
    check, shows = THERE, "archive_mode | on"

    def harm(self, place: Place) -> None:
        place.archived = True


class NoConnectionIsLeft(DatabaseFault):
    """The new release cannot connect beside the old one."""

    breaks = (rules.FREE_CONNECTIONS,)
    check, shows = ROOM, "of its connections in use"

    def harm(self, place: Place) -> None:
        place.run(
            sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 5").format(sql.Identifier(place.name))
        )
        for _ in range(4):
            place.open.enter_context(psycopg.connect(place.dsn))


class TheArchiveFails(DatabaseFault):
    """What is written now is in no backup.

    The server's answer is a stand-in: the real thing is in `tests/integration/database/health`.
    """

    breaks = (rules.ARCHIVING,)
    check, shows = ARCHIVE, "the archive of the write-ahead log"

    def harm(self, place: Place) -> None:
        answer = (
            "SELECT 'on' AS mode, 7 AS archived, 3 AS failed, '0000000100000000000000A1' AS"
            " failed_file, now()::text AS failed_at, NULL::text AS archived_at, true AS fails"
        )
        place.open.callback(setattr, replication, "_ARCHIVE", replication._ARCHIVE)
        replication._ARCHIVE = answer


class TheNewestBackupIsOld(DatabaseFault):
    """A day of the hospital would be lost."""

    breaks = (backup_rules.RECENT,)
    check, shows = RECENT, "h ago"

    def harm(self, place: Place) -> None:
        yesterday = time.time() - HOURS_AGO * 3600
        dump(
            place, "--format=plain"
        )  # it does not say when it was made, so the file's own time counts
        os.utime(place.backup, (yesterday, yesterday))


class TheNewestBackupIsCutOff(DatabaseFault):
    """The disk was full."""

    breaks = (backup_rules.BACKUP_READABLE,)
    check, shows = WHOLE, "hospital.dump"

    def harm(self, place: Place) -> None:
        with place.backup.open("r+b") as archive:
            archive.truncate(place.backup.stat().st_size * 2 // 3)


class NoBackupWasMade(DatabaseFault):
    """The job was never set up."""

    breaks = (backup_rules.BACKUP_EXISTS,)
    check, outcome, shows = RECENT, "not proven", "backup"
    also: ClassVar[dict[str, str]] = {WHOLE: "it is the same backup"}

    def harm(self, place: Place) -> None:
        place.backup.unlink()


def dump(place: Place, *options: str) -> None:
    """Replace the backup by another one of the database."""
    subprocess.run(
        [
            installation.binaries() / "pg_dump",
            f"--dbname={place.server.dsn(place.name)}",
            f"--file={place.backup}",
            *options,
        ],
        check=True,
    )


@contextmanager
def standby(server: postgres.Server, *settings: str) -> Iterator[int]:
    """Yield the port of a second server that follows the first one, with these settings."""
    with installation.claim() as folder:
        subprocess.run(
            [
                installation.binaries() / "pg_basebackup",
                "--pgdata",
                folder.data,
                "--dbname",
                server.dsn("postgres"),
                "--checkpoint=fast",
                "--write-recovery-conf",
            ],
            check=True,
            capture_output=True,
        )
        installation.hand_over(folder.data)
        user, port = installation.postgres_user(), _free_port()
        given = [
            f"port={port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=200",
            *settings,
        ]
        running = subprocess.Popen(
            [
                installation.binaries() / "postgres",
                "-D",
                folder.data,
                *(word for one in given for word in ("-c", one)),
            ],
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            stderr=subprocess.DEVNULL,
        )
        try:
            _await(make_conninfo(server.dsn("postgres"), port=port))
            yield port
        finally:
            running.terminate()
            running.wait(20)


def _written(owner: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Write a row; return whether the standby reports a lag by now."""
    owner.execute("INSERT INTO written VALUES (now())")
    found = owner.execute(
        "SELECT coalesce(max(extract(epoch FROM replay_lag)), 0) > 1 FROM pg_stat_replication"
    ).fetchone()
    return bool(found and found[0])


def _until(holds: Callable[[], bool], why: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(why)


def _await(dsn: str) -> None:
    def answers() -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(dsn):
            return True
        return False

    _until(answers, "the standby did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
