"""Whoever looks at the backends does so in peace: no other process of the run makes one die
meanwhile.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def peace(path: Path) -> Iterator[Callable[[], None]]:
    """All that name the same file keep peace together.

    What is given waits until nobody else looks, and keeps others away until the block ends.
    """
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lambda: fcntl.flock(lock, fcntl.LOCK_EX)
