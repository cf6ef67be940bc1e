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

from cutover.database.backup import base
from cutover.database.backup.contents import Contents, contents, newest_client
from cutover.database.backup.kinds import Backup, Kind, NoBackup, detect, newest
from cutover.database.backup.programs import Outcome, run
from cutover.database.backup.streams import opened
from cutover.database.scratch import ScratchServer, client, scratch_server
from cutover.database.scratch.embedded import SUPERUSER, cluster
from cutover.database.session import DatabaseSilent, first_line
from cutover.database.site import Site
from cutover.evidence.examination import NotProven

_UNAVAILABLE = 'extension "'
_JOBS = 4


@dataclass(frozen=True)
class Restored:
    """A scratch database that holds a backup; `dsn` may write to it.

    `errors`: what went wrong on the way; `unavailable`: what the scratch server lacks, so that
    nothing is known of the backup. `seconds` is what the restore took.
    """

    dsn: str = field(repr=False)
    backup: Backup
    contents: Contents
    seconds: float
    errors: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()

    def as_site(self, site: Site) -> Site:
        """The target's site with this database in its place: what is said of it goes into nobody's
        evidence unasked.
        """
        return replace(
            site,
            dsn=SecretStr(self.dsn),
            standby=None,
            once_in=site.once_in / "restored",
            is_copy=True,
            record=lambda _examination: None,
        )


@contextlib.contextmanager
def restored(site: Site) -> Iterator[Restored]:
    """The newest backup, without an error.

    Raises `NotProven` where there is none, it is damaged, or no scratch server can be had.
    """
    try:
        with attempted(site, detect(newest(site))) as copy:
            if wrong := (*copy.unavailable, *copy.errors):
                raise NotProven(f"{copy.backup} did not restore without an error: {wrong[0]}")
            yield copy
    except NoBackup as damaged:
        raise NotProven(str(damaged)) from None


@contextlib.contextmanager
def attempted(site: Site, backup: Backup) -> Iterator[Restored]:
    """The same, with whatever errors there were.

    Raises `NoBackup` where it cannot even be begun, and `NotProven`.
    """
    with (_started if backup.is_base else _filled)(site, backup) as copy:
        site.say(f"{backup} restored in {copy.seconds:.0f} s")
        yield copy


@contextlib.contextmanager
def _filled(site: Site, backup: Backup) -> Iterator[Restored]:
    inside, major, roles = contents(site, backup), *_of_the_target(site)
    with scratch_server(site, major) as server:
        site.say(f"restoring {backup}")
        began, dsn = time.monotonic(), server.create(roles=roles)
        outcome = (_by_psql if backup.kind is Kind.PLAIN else _by_pg_restore)(
            site, backup, server, dsn, inside
        )
        wrong = outcome.complaints or (
            (f"the program ended with status {outcome.status}",) if outcome.status else ()
        )
        lacks = tuple(
            error
            for error in wrong
            if error.startswith(_UNAVAILABLE) and "is not available" in error
        )
        _analyse(dsn)
        yield Restored(dsn, backup, inside, time.monotonic() - began, () if lacks else wrong, lacks)


def _by_pg_restore(
    site: Site, backup: Backup, server: ScratchServer, dsn: str, inside: Contents
) -> Outcome:
    """By the server's own version where that can read the archive: a newer one sets what an older
    server does not know.
    """
    readable = max(server.major, min(inside.tool or 0, newest_client()))
    program = client("pg_restore", readable)
    database = f"--dbname={conninfo_to_dict(dsn)['dbname']}"
    options = [database, "--no-tablespaces", *([] if _is_superuser(dsn) else ["--no-owner"])]
    if backup.compression:
        with opened(backup) as stream:
            return run(site, program, *options, dsn=dsn, stdin=stream)
    jobs = (
        [f"--jobs={min(_JOBS, site.migrations.connections)}"] if backup.kind is not Kind.TAR else []
    )
    return run(site, program, *options, *jobs, backup.path, dsn=dsn)


def _by_psql(
    site: Site, backup: Backup, server: ScratchServer, dsn: str, inside: Contents
) -> Outcome:
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
    with opened(backup) as stream:
        return run(
            site, client("psql", server.major), *options, dsn=dsn, stdin=stream, first=restrict
        )


@contextlib.contextmanager
def _started(site: Site, backup: Backup) -> Iterator[Restored]:
    """A copy of a base backup, running. It recovers first, as after a crash."""
    said = conninfo_to_dict(site.dsn.get_secret_value())
    inside, began = contents(site, backup), time.monotonic()
    with cluster(
        base.major(backup),
        site.budget.left,
        fill=base.copy(site, backup),
        user=str(said.get("user") or SUPERUSER),
    ) as admin:
        try:
            with psycopg.connect(admin) as connection:
                mighty = connection.execute(
                    "SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid"
                    " LIMIT 1"
                ).fetchone()
            dsn = make_conninfo(
                admin, dbname=_database(site), user=mighty[0] if mighty else said.get("user")
            )
            _analyse(dsn)
        except psycopg.Error as error:
            raise NoBackup(
                f"{backup} starts, and does not hold the target's database: {first_line(error)}"
            ) from None
        yield Restored(dsn, backup, inside, time.monotonic() - began)


def _database(site: Site) -> str:
    with site.connect() as connection:
        row = connection.execute("SELECT current_database() AS it").fetchone()
    return str((row or {})["it"])


def _of_the_target(site: Site) -> tuple[int, list[str]]:
    """The target's major version and its roles."""
    try:
        with site.connect() as connection:
            roles = [
                str(row["rolname"]) for row in connection.execute("SELECT rolname FROM pg_roles")
            ]
            return connection.info.server_version // 10000, roles
    except DatabaseSilent as silent:
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
