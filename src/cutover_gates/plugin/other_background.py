"""Catches what fails beside a check in child processes, pools of threads, tasks and greenlets.

Nothing of Python or pytest tells of these: an exit status or a result that nobody asks for.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from multiprocessing.pool import ApplyResult
from multiprocessing.process import BaseProcess
from typing import Any

Note = Callable[[BaseException | None, str], None]
EXCEPTION_STATUS = 1
"""The exit status of a process of `multiprocessing` whose function raised an exception."""


class OtherBackground:
    """Watches processes, results of pools, tasks and greenlets that a check starts."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._processes: list[BaseProcess] = []
        self._results: dict[int, ApplyResult[Any]] = {}
        self._hub: Any = None

    def install(self) -> None:
        """Watch from now on, for the rest of this process."""
        self._watch_processes()
        self._watch_results()
        self._watch_tasks()

    def renew(self) -> None:
        """Watch greenlets, once their library is loaded."""
        hub = getattr(sys.modules.get("gevent.hub"), "Hub", None)
        if hub is None or hub is self._hub:
            return
        self._hub, handle, note = hub, hub.handle_error, self._note

        def handle_error(hub: Any, context: Any, kind: Any, value: Any, trace: Any) -> Any:
            if isinstance(value, Exception):
                note(value, "an exception in a greenlet")
            return handle(hub, context, kind, value, trace)

        hub.handle_error = handle_error

    def collect(self) -> None:
        """Tell what failed by now, and forget it."""
        processes, self._processes = self._processes, []
        for process in processes:
            if _exit_status(process) == EXCEPTION_STATUS:
                self._note(None, f"an exception ended the process {process.name}")
        results, self._results = list(self._results.values()), {}
        for result in results:
            if result.ready() and not result.successful():
                self._note(_error_of(result), "an exception in a pool, and nobody asked for it")

    def _watch_processes(self) -> None:
        start = BaseProcess.start

        def watch_start(process: BaseProcess) -> None:
            start(process)
            self._processes.append(process)

        BaseProcess.start = watch_start  # type: ignore[method-assign, assignment]  # no hook exists for it

    def _watch_results(self) -> None:
        make, get = ApplyResult.__init__, ApplyResult.get

        def watch_result(result: Any, *arguments: Any, **named: Any) -> None:
            make(result, *arguments, **named)
            self._results[id(result)] = result

        def read_result(result: Any, timeout: float | None = None) -> Any:
            if result.ready():
                self._results.pop(id(result), None)
            try:
                return get(result, timeout)
            finally:
                if result.ready():
                    self._results.pop(id(result), None)

        ApplyResult.__init__ = watch_result  # type: ignore[method-assign, assignment]  # no hook exists for it
        ApplyResult.get = read_result  # type: ignore[method-assign, assignment]  # as above

    def _watch_tasks(self) -> None:
        """Note what asyncio says of tasks, also where its log is switched off."""
        handle = asyncio.BaseEventLoop.call_exception_handler

        def watch_handler(loop: Any, context: dict[str, Any]) -> None:
            if "never retrieved" in str(context.get("message", "")):
                self._note(
                    context.get("exception"), "an exception in a task whose result nobody asked for"
                )
            handle(loop, context)

        asyncio.BaseEventLoop.call_exception_handler = watch_handler  # type: ignore[method-assign, assignment]  # a log can be switched off


def _exit_status(process: BaseProcess) -> int | None:
    try:
        return process.exitcode
    except ValueError:  # it was closed, which nobody can do before its end
        return None


def _error_of(result: ApplyResult[Any]) -> BaseException | None:
    try:
        result.get(0)
    except BaseException as error:
        return error
    return None
