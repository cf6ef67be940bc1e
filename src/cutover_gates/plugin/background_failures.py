"""Catches what fails beside a check and would be a warning at most: in threads, futures, tasks.

pytest turns some of these into warnings, and `-W ignore`, `filterwarnings` or `-p no:…` silence
them. So the hooks of Python itself are used.
"""

from __future__ import annotations

import concurrent.futures
import sys
import threading
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.plugin.other_background import OtherBackground

ASSERTIONS = (AssertionError, pytest.fail.Exception)
Future = concurrent.futures.Future


class BackgroundFailures:
    """Python's hooks for exceptions that no caller catches, and what they reported.

    Beside checks only failing assertions are noted: libraries have troubles of their own.
    `errors` are the exceptions behind what was told, until `take_errors` takes them.
    """

    def __init__(self) -> None:
        self.is_in_check = False
        self.errors: list[BaseException] = []
        self._told: list[str] = []
        self._unread: dict[int, tuple[Any, BaseException]] = {}
        self._other = OtherBackground(self._note)
        self._thread_hook = self._make_thread_hook(threading.excepthook)
        self._unraisable_hook = self._make_unraisable_hook(sys.unraisablehook)

    def install(self) -> None:
        """Put all hooks in, for the rest of this process."""
        self.renew()
        _watch_futures(self._unread)
        self._other.install()
        # CPython calls this function by its name for a coroutine never awaited. A filter for
        # warnings cannot silence it.
        tell = getattr(warnings, "_warn_unawaited_coroutine", None)
        if tell:

            def note_coroutine(coroutine: Any) -> None:
                name = getattr(coroutine, "__qualname__", "?")
                self._note(None, f"the coroutine {name} was never awaited, so it never ran")
                tell(coroutine)

            warnings._warn_unawaited_coroutine = note_coroutine  # type: ignore[attr-defined]  # private, and the only way

    def renew(self) -> list[str]:
        """Put the hooks of exceptions in again; return which of them somebody had replaced."""
        replaced = []
        self._other.renew()
        if threading.excepthook is not self._thread_hook:
            replaced.append("threading.excepthook")
            self._thread_hook = self._make_thread_hook(threading.excepthook)
            threading.excepthook = self._thread_hook
        if sys.unraisablehook is not self._unraisable_hook:
            replaced.append("sys.unraisablehook")
            self._unraisable_hook = self._make_unraisable_hook(sys.unraisablehook)
            sys.unraisablehook = self._unraisable_hook
        return replaced

    def take(self) -> list[str]:
        """Return what was reported since the last call, and the failed futures not read since."""
        self._other.collect()
        for _, error in list(self._unread.values()):
            self.errors.append(error)
            self._told.append(
                f"an assertion failed in a future whose result was never read: {_text(error)}"
            )
        self._unread.clear()
        told, self._told = list(dict.fromkeys(self._told)), []
        return told

    def take_errors(self) -> list[BaseException]:
        """Return the exceptions behind what was told since the last call."""
        errors, self.errors = self.errors, []
        return errors

    def _note(self, error: BaseException | None, sentence: str) -> None:
        if self.is_in_check or isinstance(error, ASSERTIONS):
            self.errors += [error] if error else []
            self._told.append(f"{sentence}: {_text(error)}" if error else sentence)

    def _make_thread_hook(self, before: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def hook(args: threading.ExceptHookArgs) -> None:
            if args.exc_type is not SystemExit:
                name = args.thread.name if args.thread else "?"
                self._note(args.exc_value, f"an exception in the thread {name}")
            before(args)

        return hook

    def _make_unraisable_hook(self, before: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def hook(args: Any) -> None:
            self._note(args.exc_value, f"an exception that Python ignored in {args.object!r}")
            before(args)

        return hook


def find_running_threads(before: Collection[threading.Thread], suite: Path) -> list[str]:
    """Return a sentence for each new thread that runs code of the suite's folder.

    What it asserts after the check's end would fail no check. Threads of libraries may stay.
    """
    running = [thread for thread in threading.enumerate() if thread not in before]
    return [
        f"the thread {thread.name} still runs when the check ends: join it"
        for thread in running
        if _source_of(thread).is_relative_to(suite)
    ]


def _source_of(thread: threading.Thread) -> Path:
    # `_target` has no public name; where it is none, the class has a `run` of its own
    work = getattr(thread, "_target", None) or type(thread).run
    code = getattr(getattr(work, "__func__", work), "__code__", None)
    return Path(code.co_filename if code else "")


def _watch_futures(unread: dict[int, tuple[Any, BaseException]]) -> None:
    """Keep each future in which an assertion failed in `unread` until someone reads it."""
    set_exception, result, exception = Future.set_exception, Future.result, Future.exception

    def watch_exception(future: Any, error: Any) -> None:
        if isinstance(error, ASSERTIONS):
            unread[id(future)] = (future, error)
        set_exception(future, error)

    def read_result(future: Any, timeout: float | None = None) -> Any:
        try:
            return result(future, timeout)
        finally:
            unread.pop(id(future), None)

    def read_exception(future: Any, timeout: float | None = None) -> Any:
        error = exception(future, timeout)
        unread.pop(id(future), None)
        return error

    Future.set_exception = watch_exception  # type: ignore[method-assign, assignment]  # no hook exists for it
    Future.result = read_result  # type: ignore[method-assign, assignment]  # as above
    Future.exception = read_exception  # type: ignore[method-assign, assignment]  # as above


def _text(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}".strip().removesuffix(":")
