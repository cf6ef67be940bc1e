"""Keeps pytest's process from ending with success and without a verdict, or with half of one.

A check or a conftest.py may try; a Ctrl-C may come. Only the process itself is guarded: one that a
check forked may end as it likes.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from cutover_gates.util.guarded_stream import print_on_stderr

EXECUTING = ("execv", "execve")
"""All others of this family call one of these two."""
WHY = "the run was interrupted while its verdict was written: run the gate again"


def guard_process_end(is_judged: Callable[[], bool]) -> None:
    """Make `os._exit(0)` a failure, and refuse `os.exec…`, for the rest of this process.

    `is_judged` tells whether the call asks for a verdict: others may end as they like.
    """
    process, leave = os.getpid(), os._exit

    def is_guarded() -> bool:
        return os.getpid() == process and is_judged()

    def leave_as_failure(status: int) -> NoReturn:
        leave(status or 1 if is_guarded() else status)

    os._exit = leave_as_failure
    for name in EXECUTING:
        setattr(os, name, _refuse_execution(name, getattr(os, name), is_guarded))


def _refuse_execution(
    name: str, execute: Callable[..., NoReturn], is_guarded: Callable[[], bool]
) -> Callable[..., NoReturn]:
    def refuse(*arguments: Any) -> NoReturn:
        if is_guarded():
            raise RuntimeError(
                f"os.{name} would replace pytest by another program, and nothing would be judged:"
                " use subprocess.run"
            )
        execute(*arguments)

    return refuse


class DelayedInterrupt:
    """A Ctrl-C that was kept back. A second one stops at once, and the NO-GO of the start stands.

    `is_told` is true once it stands in the verdict.
    """

    def __init__(self) -> None:
        self._has_come = self.is_told = False

    @contextmanager
    def delayed(self) -> Iterator[None]:
        """Keep the first Ctrl-C back while the block runs."""
        if threading.current_thread() is not threading.main_thread():
            yield  # only the main thread gets signals
            return
        before = signal.getsignal(signal.SIGINT)

        def keep_back(*_signal: Any) -> None:
            self._has_come = True
            signal.signal(signal.SIGINT, signal.default_int_handler)
            print_on_stderr("Interrupted: the verdict is being written, as NO-GO")

        signal.signal(signal.SIGINT, keep_back)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before or signal.SIG_DFL)

    def take(self) -> list[str]:
        """Return a sentence on an interrupt that stands in no verdict yet."""
        if not self._has_come or self.is_told:
            return []
        self.is_told = True
        return [WHY]
