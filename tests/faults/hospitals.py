"""Hospitals to try the gates on: one PostgreSQL for all of them, and for each a database of its own
and a process of its own.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from reference import announcement, cutover, postgres, template
from tests.faults import serve

ROOT = Path(__file__).resolve().parents[2]
OPEN_SECONDS = 30.0
MIGRATED = "migrated"
# A new process is a fork of one that has imported everything: it is up a second sooner.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([serve.__name__])


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL with one migrated database to copy, and the staff's passwords by user
    name.
    """

    server: postgres.Server
    staff: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Hospital:
    """A hospital that is open.

    `database` is the reader's way in, `owner_database` the superuser's; `shared` is a folder of all
    hospitals.
    """

    url: str
    database: str = field(repr=False)
    owner_database: str = field(repr=False)
    staff: Mapping[str, str] = field(repr=False)
    expired_token: str = field(repr=False)
    pid: int
    shared: str


class HospitalNotStarted(RuntimeError):
    """The hospital's process ended before it said where it is; what it said stands on standard
    error.
    """


@contextmanager
def cluster() -> Iterator[Cluster]:
    """One PostgreSQL for many hospitals: about two seconds."""
    with postgres.run_cluster(template.ensure_cluster()) as server:
        accounts = announcement.accounts()
        server.copy(template.DATABASE, MIGRATED)
        cutover.perform(server, MIGRATED, accounts, serve.HASHING)
        yield Cluster(server, {account.username: account.password for account in accounts})


@contextmanager
def hospital(cluster: Cluster, name: str, folder: Path, port: int = 0) -> Iterator[Hospital]:
    """The hospital with the fault `name` until the block ends, at a free port where none is named;
    its log is in `folder`.
    """
    database = name.lower()
    cluster.server.copy(MIGRATED, database)
    try:
        _prepare(cluster.server.dsn(database), name)
        with _process(
            name,
            cluster.server.dsn(database, postgres.APPLICATION),
            folder / "hospital.jsonl",
            port,
        ) as told:
            yield Hospital(
                told["url"],
                cluster.server.dsn(database, postgres.READER),
                cluster.server.dsn(database),
                cluster.staff,
                told["expired_token"],
                int(told["pid"]),
                cluster.server.directory,
            )
    finally:
        cluster.server.drop(database)


def restart_hospital(
    cluster: Cluster, hospital: Hospital, name: str, folder: Path
) -> AbstractContextManager[dict[str, str]]:
    """Another process for a hospital whose own is dead: at the same address, on the same database."""
    port = urlsplit(hospital.url).port or 0
    return _process(
        name,
        cluster.server.dsn(name.lower(), postgres.APPLICATION),
        folder / "reopened.jsonl",
        port,
    )


def _prepare(owner_database: str, name: str) -> None:
    """Run the fault's own statement."""
    statement = serve.DEFECTS[name].statement
    if statement is not None:
        with psycopg.connect(owner_database) as connection:
            connection.execute(statement.encode())


@contextmanager
def _process(name: str, dsn: str, log: Path, port: int) -> Iterator[dict[str, str]]:
    """The process that serves it, and what it said when it was open."""
    ours, theirs = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(
        target=serve.open_for_parent, args=(name, dsn, log, port, theirs), daemon=True
    )
    process.start()
    theirs.close()
    try:
        if not ours.poll(OPEN_SECONDS):
            raise HospitalNotStarted(f"{name} said nothing for {OPEN_SECONDS:.0f} s")
        yield ours.recv()
    except EOFError:
        raise HospitalNotStarted(name) from None
    finally:
        process.kill()  # its database is thrown away, so nothing of it is worth an orderly end
        process.join()
