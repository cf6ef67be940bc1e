"""The cached cluster with one database: the seeded hospital as it was before the cutover.

`ensure_cluster()` returns its directory, and builds it first where there is none (a few seconds).
It lies in the user's cache directory under `cutover-reference/`. Its name is a digest of its
inputs: the migrations up to 6, the seed, and the version of PostgreSQL. Two processes that need it
at the same moment do not collide: one builds, the other waits. A half-built cluster is never
visible.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path

import psycopg

from reference import installation, migrate, postgres, seed

DATABASE = "release_before"
_MADE_BY = tuple(
    Path(module.__file__) for module in (installation, migrate, postgres, seed) if module.__file__
)


def ensure_cluster() -> Path:
    """Return the directory of the stopped, seeded cluster. Copy it, never start it."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    cluster = folder / _fingerprint()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cluster.exists():
            _build(cluster)
    return cluster


def _folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "cutover-reference"


def _fingerprint() -> str:
    digest = hashlib.sha256(installation.version().encode())
    for script in migrate.scripts(to=migrate.BEFORE_THE_CUTOVER):
        digest.update(script.content)
    for source in _MADE_BY:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _build(cluster: Path) -> None:
    unfinished = cluster.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with postgres.run_empty_cluster() as (server, data):
        server.create(DATABASE)
        migrate.migrate(server.dsn(DATABASE), to=migrate.BEFORE_THE_CUTOVER)
        with psycopg.connect(server.dsn(DATABASE)) as connection:
            seed.records(connection)
        with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
        postgres.stop_cleanly(data)
        shutil.copytree(data, unfinished)
    unfinished.rename(cluster)
