"""A private PostgreSQL of our own, reached by a socket that nobody else can reach, and gone with
this process however that ends.

The wheel's own `get_server` is not used: it leaves its server running when we are killed, makes a
system user, and changes permissions in context-packages (docs/decisions/0010).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.scratch.postgres_binaries import (
    find_server_programs,
    server_user,
    server_user_arguments,
)
from cutover_gates.probes.database.scratch.scratch_directory import (
    ScratchDirectory,
    claim_directory,
    create_private_folder,
    give_to_server_user,
)

SUPERUSER = "postgres"
_PORT = 5432  # names the socket; no port is opened
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "archive_mode": "off",  # it need not survive a power cut
    "ssl": "off",
    "hot_standby": "off",
    "allow_in_place_tablespaces": "on",  # for base backups
    "logging_collector": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",  # a log would hold patients' data
}


@contextlib.contextmanager
def run_cluster(
    major: int,
    seconds: float,
    *,
    fill: Callable[[ScratchDirectory], None] | None = None,
    user: str = SUPERUSER,
) -> Iterator[str]:
    """A running server; gives the DSN of its database `postgres` for `user`.

    `fill` puts the data into the place: a new cluster by default.

    Raises `NotProven` where there is no PostgreSQL of that major version, or it does not answer
    within `seconds`.
    """
    programs = find_server_programs(major)
    with claim_directory() as place:
        if fill is None:
            _initialise(programs, place)
        else:
            fill(place)
            give_to_server_user(place.data)
        create_private_folder(place.socket)
        keeper = _start_supervisor(programs, place)
        try:
            dsn = make_conninfo(
                host=str(place.socket), port=_PORT, user=user, dbname="postgres", connect_timeout=5
            )
            _wait_until_ready(dsn, keeper, place, seconds)
            yield dsn
        finally:
            assert keeper.stdin is not None
            keeper.stdin.close()  # the sign to stop
            keeper.wait()


def _initialise(programs: Path, place: ScratchDirectory) -> None:
    create_private_folder(place.data)
    options = [
        "--username",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    command = [str(programs / "initdb"), "--pgdata", str(place.data), *options]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=place.path,
        **server_user_arguments(),
    )
    if result.returncode != 0:
        raise NotProven(
            f"no scratch server could be made in {place.path.parent}: {_last_line(result.stderr)}"
        )


def _start_supervisor(programs: Path, place: ScratchDirectory) -> subprocess.Popen[bytes]:
    """The keeper, with the server as its child.

    Configuration that came with a base backup is not read: it may archive, or follow a primary.
    """
    (place.path / "server.conf").write_text("")
    (place.path / "hba.conf").write_text("local all all trust\n")
    settings = {
        **_SETTINGS,
        "port": str(_PORT),
        "unix_socket_directories": str(place.socket),
        "data_directory": str(place.data),
        "hba_file": str(place.path / "hba.conf"),
        "ident_file": str(place.path / "server.conf"),
    }
    command = [str(programs / "postgres"), "-c", f"config_file={place.path / 'server.conf'}"]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    user = server_user()
    identity = [str(user.pw_uid), str(user.pw_gid)] if user else ["0", "0"]
    with (place.path / "log").open("ab") as log:
        return subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(Path(__file__).with_name("cluster_supervisor.py")),
                str(os.getpid()),
                str(place.path),
                *identity,
                *command,
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[place.lock],
            start_new_session=True,  # Ctrl-C is for us; we then end the server in order.
        )


def _wait_until_ready(
    dsn: str, keeper: subprocess.Popen[bytes], place: ScratchDirectory, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while keeper.poll() is None:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise NotProven(
                    f"a scratch server of PostgreSQL did not answer within {seconds:.0f} s"
                ) from None
        time.sleep(0.02)
    raise NotProven(
        "a scratch server of PostgreSQL did not start:"
        f" {_last_line((place.path / 'log').read_text(errors='replace'))}"
    )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
