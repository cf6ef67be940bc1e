"""Watches the processes that a check forks: what fails there is a failure of the check.

A fork of pytest goes on as pytest, with its own copy of the run. So it ends where the check ends.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NoReturn

from cutover_gates.core.value_text import text_of
from cutover_gates.plugin.source_functions import SuiteFiles

CHILD = "a forked process"
EXCEPTION_STATUS = 1


class ForkedChildren:
    """The processes that a check made by `os.fork`. They tell this one what failed in a pipe."""

    def __init__(self) -> None:
        self.is_child = False
        self.files: SuiteFiles | None = None
        self._started: list[int] = []
        self._leave: Callable[[int], NoReturn] = os._exit
        self._reader = self._writer = -1

    def install(self) -> None:
        """Watch from now on, for the rest of this process."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        os.register_at_fork(after_in_child=self._note_child)
        fork = os.fork

        def watch_fork() -> int:
            child = fork()
            if child and self.files and self.files.owns(sys._getframe(1)):
                self._started.append(child)
            return child

        os.fork = watch_fork

    def share(self, place: str, sentence: str) -> None:
        """Tell the process of the check what failed, or passed, at a place. Only a child does."""
        if self.is_child:
            with suppress(OSError):  # thousands of failures fill the pipe: the first are told
                os.write(self._writer, json.dumps([place, sentence]).encode() + b"\n")

    def leave(self, error: BaseException | None = None) -> None:
        """End this process where it is a fork that has come to the end of the check."""
        if not self.is_child:
            return
        if isinstance(error, SystemExit):
            self._leave(error.code if isinstance(error.code, int) else EXCEPTION_STATUS)
        if error is None:
            self.share(CHILD, f"{CHILD} went on after the check: end it with `os._exit`")
        else:
            self.share(CHILD, f"{CHILD} failed: {type(error).__name__}: {text_of(error)}")
        self._leave(EXCEPTION_STATUS)

    def read(self) -> Iterator[tuple[str, str]]:
        """Yield what was shared: the place, and a sentence that is empty for a pass."""
        data = b""
        with suppress(BlockingIOError):
            while part := os.read(self._reader, 65536):
                data += part
        for line in data.splitlines():
            with suppress(ValueError):  # cut off by the end of a process
                place, sentence = json.loads(line)
                yield place, sentence

    def find_running(self) -> list[str]:
        """Return a sentence for each that runs on when the check ends, and forget all."""
        started, self._started = self._started, []
        return [
            f"the process {child} still runs when the check ends: wait for it"
            for child in started
            if _is_running(child)
        ]

    def _note_child(self) -> None:
        self.is_child = True


def _is_running(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # the check waited for it
        return False
