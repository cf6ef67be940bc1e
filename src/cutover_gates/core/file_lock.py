"""The one file lock of the package: an advisory lock on an open file, held until it is closed."""

from __future__ import annotations

import fcntl
from typing import IO, Any


def lock_file(file: IO[Any], *, shared: bool = False, wait: bool = True) -> None:
    """Lock `file` for this open file object.

    Any number of processes hold a shared lock together; an exclusive one is held alone. A second
    call on the same file changes the kind of the lock. The lock ends when the file is closed by
    every process that inherited it, and so also when they are killed.

    Raises `BlockingIOError` without `wait` when another process holds the file.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
