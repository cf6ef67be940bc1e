"""The memory that child processes take, while it is watched."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

PAUSE_SECONDS = 0.05


class ChildMemory:
    """Keeps the most resident memory that one child has taken, in bytes.

    `resource.getrusage` tells the most of all children that ever ended: other tests' too.
    """

    def __init__(self) -> None:
        self.most = 0
        self._is_over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the children that run meanwhile and were not there before."""
        others = {child.pid for child in psutil.Process().children(recursive=True)}
        thread = threading.Thread(target=self._sample, args=(others,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def _sample(self, others: set[int]) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            for child in psutil.Process().children(recursive=True):
                if child.pid not in others:
                    self.most = max(self.most, _memory_of(child))


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has ended
        return 0
