"""Clusters of both versions that are started and stopped by hand: for pg_upgrade and replication."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from cutover_gates.probes.database.scratch.postgres_binaries import (
    find_server_programs,
    server_user,
    server_user_arguments,
)

_SECONDS = 600


@dataclass(frozen=True)
class OwnCluster:
    """A cluster in `folder`, with its socket there. `dsn` is its superuser's."""

    folder: Path
    major: int

    @property
    def data(self) -> Path:
        return self.folder / f"data{self.major}"

    @property
    def programs(self) -> Path:
        return find_server_programs(self.major)

    def dsn(self, database: str = "postgres") -> str:
        return make_conninfo(
            host=str(self.folder), port=self.port, user="postgres", dbname=database
        )

    @property
    def port(self) -> int:
        return 5400 + self.major

    def initialise(self, *options: str) -> None:
        self.run(
            "initdb",
            f"--pgdata={self.data}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            *options,
        )

    @contextmanager
    def running(self, *settings: str) -> Iterator[str]:
        """Run the server, and yield the DSN."""
        options = " ".join(
            [f"-p {self.port} -k {self.folder} -c listen_addresses= -c fsync=off"]
            + [f"-c {setting}" for setting in settings]
        )
        log = f"--log={self.folder / 'log'}"
        self.run("pg_ctl", "start", "--wait", f"--pgdata={self.data}", log, f"--options={options}")
        try:
            yield self.dsn()
        finally:
            self.run("pg_ctl", "stop", "--wait", "--mode=fast", f"--pgdata={self.data}")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs as the user of servers."""
        result = subprocess.run(
            [str(self.programs / program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
            cwd=self.folder,
            **server_user_arguments(),
        )
        assert result.returncode == 0, result.stdout


@contextmanager
def own_clusters() -> Iterator[tuple[OwnCluster, OwnCluster]]:
    """Yield a cluster of 16 and one of 18; neither is made yet."""
    # Short: the path of a socket may not be long, and pytest's own folders are.
    folder = Path(tempfile.mkdtemp(prefix="own"))
    if user := server_user():
        shutil.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o755)
    try:
        yield OwnCluster(folder, 16), OwnCluster(folder, 18)
    finally:
        shutil.rmtree(folder)
