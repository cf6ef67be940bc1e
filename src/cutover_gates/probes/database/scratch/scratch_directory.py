"""Private directories for scratch servers, each locked for as long as somebody uses it.

Those of runs that were killed are swept.
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
    """A private directory, and the descriptor of the lock that says it is in use."""

    path: Path
    lock: int

    @property
    def data(self) -> Path:
        """The cluster's data."""
        return self.path / "data"

    @property
    def socket(self) -> Path:
        """The folder of its socket, which only the server's user and root can enter: the only way
        in, so it needs no password.
        """
        return self.path / "socket"


@contextlib.contextmanager
def claim_directory() -> Iterator[ScratchDirectory]:
    """A directory of one's own in the machine's temporary directory (`TMPDIR`): a restored backup
    needs its room there.
    """
    remove_abandoned_directories()
    directory = Path(tempfile.mkdtemp(prefix=DIRECTORY_PREFIX))
    try:
        if server_user() is not None:
            directory.chmod(0o711)  # The other user must be able to pass through to its own part.
        # The lock gets its name only once it is held, so that no sweep ever meets it free.
        with (directory / "lock.new").open("w") as lock:
            lock_file(lock)
            (directory / "lock.new").rename(directory / "lock")
            yield ScratchDirectory(directory, lock.fileno())
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def create_private_folder(folder: Path) -> Path:
    """A new folder that only the server's user (and root) can enter."""
    folder.mkdir(mode=0o700)
    give_to_server_user(folder)
    return folder


def give_to_server_user(folder: Path) -> None:
    """Give a folder and all in it to the user who runs the server."""
    user = server_user()
    if user is not None:
        for each in (folder, *folder.rglob("*")):
            os.chown(each, user.pw_uid, user.pw_gid, follow_symlinks=False)


def remove_abandoned_directories() -> None:
    """Remove the directories of runs that were killed, keeper and all."""
    for directory in Path(tempfile.gettempdir()).glob(f"{DIRECTORY_PREFIX}*"):
        if is_abandoned(directory):
            shutil.rmtree(directory, ignore_errors=True)


def is_abandoned(directory: Path) -> bool:
    """Whether nobody holds its lock any more."""
    with contextlib.suppress(OSError), (directory / "lock").open() as lock:
        lock_file(lock, wait=False)
        return True
    return False
