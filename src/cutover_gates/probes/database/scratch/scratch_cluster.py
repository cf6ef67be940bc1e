"""A private PostgreSQL server that ends with this process, however that ends.

Only its own socket leads to it, and no other user can reach that. The wheel's own `get_server` is
not used: it leaves its server running when this process is killed, creates a system user, and
changes permissions in site-packages (docs/decisions/0010).
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

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.scratch import rules
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
from cutover_gates.util.subprocesses import start_child

SUPERUSER = "postgres"
# The name of the socket needs a port; none is opened.
_PORT = 5432
_POLL_SECONDS = 0.02
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "shared_buffers": "256MB",
    # Each index of a large table is sorted in it, as many at a time as there are jobs.
    "maintenance_work_mem": "256MB",
    # A restore writes rows and indexes once, without the log that nobody would recover from.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    # It would read the rows while they are loaded. Statistics are collected once, at the end.
    "autovacuum": "off",
    # The data need not survive a loss of power.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "archive_mode": "off",
    "ssl": "off",
    "hot_standby": "off",
    # Tablespaces of a base backup are folders of the copy.
    "allow_in_place_tablespaces": "on",
    # A log would hold patients' data.
    "logging_collector": "off",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}


@contextlib.contextmanager
def run_cluster(
    major: int,
    seconds: float,
    *,
    fill: Callable[[ScratchDirectory], None] | None = None,
    user: str = SUPERUSER,
) -> Iterator[str]:
    """Run a server, and give the DSN of its database `postgres` for `user`.

    `fill` puts the data into the directory; by default a new cluster is made. Raise `NotProven`
    where there is no PostgreSQL of that major version, or it does not answer within `seconds`.
    """
    programs = find_server_programs(major)
    with claim_directory() as directory:
        if fill is None:
            _initialise(programs, directory)
        else:
            fill(directory)
            give_to_server_user(directory.data)
        create_private_folder(directory.socket)
        supervisor = _start_supervisor(programs, directory)
        host = str(directory.socket)
        dsn = make_conninfo(host=host, port=_PORT, user=user, dbname="postgres", connect_timeout=5)
        try:
            _wait_until_ready(dsn, supervisor, directory, seconds)
            yield dsn
        finally:
            assert supervisor.stdin is not None  # it was started with a pipe
            supervisor.stdin.close()  # the supervisor stops the server then
            supervisor.wait()


def _initialise(programs: Path, directory: ScratchDirectory) -> None:
    create_private_folder(directory.data)
    options = [
        "--username",
        SUPERUSER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    command = [str(programs / "initdb"), "--pgdata", str(directory.data), *options]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=directory.path,
        **server_user_arguments(),
    )
    if result.returncode != 0:
        reason = f"it cannot be made in {directory.path.parent}: {_last_line(result.stderr)}"
        raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason)


def _start_supervisor(programs: Path, directory: ScratchDirectory) -> subprocess.Popen[bytes]:
    """Start the supervisor, with the server as its child.

    The configuration of a base backup is not read: it may archive, or follow a primary.
    """
    (directory.path / "server.conf").write_text("")
    (directory.path / "hba.conf").write_text("local all all trust\n")
    settings = {
        **_SETTINGS,
        "port": str(_PORT),
        "unix_socket_directories": str(directory.socket),
        "data_directory": str(directory.data),
        "hba_file": str(directory.path / "hba.conf"),
        "ident_file": str(directory.path / "server.conf"),
    }
    command = [str(programs / "postgres"), "-c", f"config_file={directory.path / 'server.conf'}"]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    user = server_user()
    identity = [str(user.pw_uid), str(user.pw_gid)] if user else ["0", "0"]
    script = str(Path(__file__).with_name("cluster_supervisor.py"))
    python = [sys.executable, "-I", "-S", script, str(os.getpid()), str(directory.path)]
    with (directory.path / "log").open("ab") as log:
        return start_child(
            [*python, *identity, *command], stdout=log, stderr=log, pass_fds=[directory.lock]
        )


def _wait_until_ready(
    dsn: str, supervisor: subprocess.Popen[bytes], directory: ScratchDirectory, seconds: float
) -> None:
    deadline = time.monotonic() + seconds
    while supervisor.poll() is None:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                reason = f"it did not answer within {seconds:.0f} s"
                raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason) from None
        time.sleep(_POLL_SECONDS)
    log = (directory.path / "log").read_text(errors="replace")
    reason = f"it did not start: {_last_line(log)}"
    raise gap_error(rules.SCRATCH_SERVER, "the scratch server", reason)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it printed nothing"])[-1]
