"""Catches what fails beside a check in child processes, pools of threads, tasks and greenlets.

Nothing of Python or pytest tells of these: an exit status or a result that nobody asks for.
"""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import sys
from asyncio import tasks
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from multiprocessing.pool import ApplyResult
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

import pytest

from cutover_gates.plugin.assertion_catchers import last_name
from cutover_gates.plugin.source_functions import find_path_to_line

ASSERTIONS = (AssertionError, pytest.fail.Exception)
WAITING = {"gather", "wait_for", "shield", "run", "run_until_complete"}
"""Functions that hand the results on, and make nothing of them."""
HUB = "gevent.hub"
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
        watch_gather(self._note)
        # A check may import gevent itself, and what fails before its end is not seen later.
        sys.meta_path.insert(0, _HubFinder(self.renew))

    def renew(self) -> None:
        """Watch greenlets, once their library is loaded."""
        hub = getattr(sys.modules.get(HUB), "Hub", None)
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
                self._note(_error_of(result), "an exception in a pool whose result was never read")

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
                    context.get("exception"), "an exception in a task whose result was never read"
                )
            handle(loop, context)

        asyncio.BaseEventLoop.call_exception_handler = watch_handler  # type: ignore[method-assign, assignment]  # a log can be switched off


class _HubFinder(MetaPathFinder):
    """Calls a function as soon as the library of greenlets is loaded."""

    def __init__(self, on_load: Callable[[], None]) -> None:
        self._on_load = on_load

    def find_spec(self, name: str, *_where: Any) -> ModuleSpec | None:
        """Return where the library is loaded from, with a loader that tells; None for others."""
        if name != HUB:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        loader: Any = spec.loader if spec else None
        if loader is None:
            return spec
        execute = loader.exec_module

        def execute_and_tell(module: Any) -> None:
            execute(module)
            self._on_load()

        loader.exec_module = execute_and_tell
        return spec


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


def watch_gather(note: Callable[[BaseException | None, str], None]) -> None:
    """Note each assertion in such results. They count as read where they get a name that is used.

    `gather` itself may have been imported by now: it makes its result of this class of asyncio.
    """
    gathering: Any = tasks._GatheringFuture  # type: ignore[attr-defined]  # private, and the only place that sees them
    make, set_result = gathering.__init__, gathering.set_result

    def watch_future(future: Any, *arguments: Any, **named: Any) -> None:
        make(future, *arguments, **named)
        future._cutover_is_unread = _drops_results(sys._getframe(2))

    def watch_result(future: Any, results: Any) -> None:
        if getattr(future, "_cutover_is_unread", False):
            for error in results:
                if isinstance(error, ASSERTIONS):
                    note(error, "an assertion failed in `gather`, and nobody reads its results")
        set_result(future, results)

    gathering.__init__, gathering.set_result = watch_future, watch_result


def _drops_results(caller: FrameType) -> bool:
    path = find_path_to_line(caller)
    statement = path[-1] if path else None
    if isinstance(statement, ast.Expr):
        return _only_waits(statement.value)
    if isinstance(statement, ast.Assign) and _only_waits(statement.value):
        names = [each.id for each in statement.targets if isinstance(each, ast.Name)]
        return len(names) == len(statement.targets) and not any(_is_read(n, path[0]) for n in names)
    return False


def _only_waits(value: ast.expr) -> bool:
    if isinstance(value, ast.Await):
        return _only_waits(value.value)
    return isinstance(value, ast.Call) and last_name(value.func) in WAITING


def _is_read(name: str, function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for node in ast.walk(function)
    )
