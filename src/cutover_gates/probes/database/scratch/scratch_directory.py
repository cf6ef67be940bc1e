"""Private directories for scratch servers, each locked as long as a run uses it.

Those of killed runs are removed by the next run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.file_lock import lock_file
from cutover_gates.probes.database.scratch.postgres_binaries import server_user

DIRECTORY_PREFIX = "cutover-scratch-"


@dataclass(frozen=True)
class ScratchDirectory:
    """A private directory, and the file descriptor of its lock."""

    path: Path
    lock: int

    @property
    def data(self) -> Path:
        """The folder of the cluster's data."""
        return self.path / "data"

    @property
    def socket(self) -> Path:
        """The folder of the server's socket.

        Only the server's user and root can enter it, and the socket is the only way in, so there is
        no password.
        """
        return self.path / "socket"


@contextlib.contextmanager
def claim_directory() -> Iterator[ScratchDirectory]:
    """Make a private directory in the machine's temporary directory, and remove it at the end.

    A restored backup needs its room there (`TMPDIR`).
    """
    remove_abandoned_directories()
    directory = Path(tempfile.mkdtemp(prefix=DIRECTORY_PREFIX))
    try:
        if server_user() is not None:
            directory.chmod(0o711)  # the other user passes through to its own folders
        # The lock gets its name once it is held, so no other run ever finds it free.
        with (directory / "lock.new").open("w") as lock:
            lock_file(lock)
            (directory / "lock.new").rename(directory / "lock")
            yield ScratchDirectory(directory, lock.fileno())
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def create_private_folder(folder: Path) -> Path:
    """Make a folder that only the server's user and root can enter, and return it."""
    folder.mkdir(mode=0o700)
    give_to_server_user(folder)
    return folder


def give_to_server_user(folder: Path) -> None:
    """Make the server's user the owner of a folder and everything in it."""
    user = server_user()
    if user is not None:
        for each in (folder, *folder.rglob("*")):
            os.chown(each, user.pw_uid, user.pw_gid, follow_symlinks=False)


def remove_abandoned_directories() -> None:
    """Remove the directories of runs that were killed together with their supervisor."""
    for directory in Path(tempfile.gettempdir()).glob(f"{DIRECTORY_PREFIX}*"):
        if is_abandoned(directory):
            shutil.rmtree(directory, ignore_errors=True)


def is_abandoned(directory: Path) -> bool:
    """Return whether no process holds the directory's lock."""
    with contextlib.suppress(OSError), (directory / "lock").open() as lock:
        lock_file(lock, wait=False)
        return True
    return False
