"""A lease: a file that a process holds locked, and others live as long as it does.

The kernel gives the lock back when the holder ends, however it ends. So what was started for a run
can see that the run is over, also where no message could reach it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cutover_gates.core.file_lock import lock_file

_POLL_SECONDS = 0.05
# Those who depend on a lease hold this file together; it stands beside the lease.
_DEPENDENTS = "dependents.lock"


@dataclass(frozen=True)
class Lease:
    """A lease that this process holds. `path` is what others watch."""

    path: Path
    _file: IO[str]

    def release(self, seconds: float) -> bool:
        """End the lease, and wait for those who depend on it; False where one is still there."""
        self._file.close()
        deadline = time.monotonic() + seconds
        while not (is_free := _is_free(self.path.with_name(_DEPENDENTS))):
            if time.monotonic() >= deadline:
                break
            time.sleep(_POLL_SECONDS)
        return is_free


def hold_lease(path: Path) -> Lease:
    """Make the file of a lease and hold it. Raise `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w", encoding="utf-8")
    lock_file(file)
    return Lease(path, file)


def is_lease_over(path: Path) -> bool:
    """Return whether no process holds the lease any more."""
    return _is_free(path)


def depend_on_lease(path: Path) -> IO[str]:
    """Return an open file: until it is closed, who releases the lease waits for this process."""
    file = path.with_name(_DEPENDENTS).open("w", encoding="utf-8")
    lock_file(file, shared=True)
    return file


def _is_free(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            # Exclusively: others may hold it together.
            lock_file(file, wait=False)
            return True
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
