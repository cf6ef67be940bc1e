"""Watches the call of a check's function: whether it was entered, how it ended, what it asked.

Everything here is positive evidence. A hook that answers in place of the function, swallows what
it raises, or calls something else leaves a mark missing, and what is missing is not proven.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import pytest

from cutover_gates.plugin.check_function import WrittenFunction, find_written_function


class CallWatch:
    """What is seen of one call of a check.

    `entered` and `returned` count how often its function began and came to its end without an
    exception. `asked` is true where evidence was taken while the function was running. `values`
    has the type of each value that it returned. `error` is the last exception that it raised.
    `line` is the first line of the function, 0 where it was not found.
    """

    def __init__(self, item: pytest.Item) -> None:
        name = getattr(item, "originalname", item.name)
        self._item, self._outer = item, getattr(item, "obj", None)
        self._function = find_written_function(self._outer, name)
        self.entered = self.returned = 0
        self.asked = False
        self.values: list[str] = []
        self.error: BaseException | None = None

    @property
    def line(self) -> int:
        """The line on which the function begins in its file, its decorators included."""
        return self._function.code.co_firstlineno if self._function else 0

    @property
    def code(self) -> CodeType | None:
        """The code of the function, None where it was not found."""
        return self._function.code if self._function else None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stand in for the function while the block runs."""
        if self._function is None:
            yield
            return
        if self._function.replace and not hasattr(self._outer, "hypothesis"):
            # The decorator, too, may swallow what the function raises, or try it again.
            with _replaced(self._function, self._wrap(self._function.function)):
                yield
            return
        item: Any = self._item
        item.obj = self._wrap(self._outer)
        try:
            yield
        finally:
            item.obj = self._outer

    def note_evidence(self) -> None:
        """Note whether the function is running while evidence is taken, in any thread."""
        if not self.asked and self._function is not None:
            self.asked = _is_running(self._function.code)

    def _wrap(self, function: Any) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            with self._noting():
                value = function(*arguments, **named)
            return self._note_value(value)

        @functools.wraps(function)
        async def call_async(*arguments: Any, **named: Any) -> Any:
            with self._noting():
                value = await function(*arguments, **named)
            return self._note_value(value)

        return call_async if inspect.iscoroutinefunction(function) else call

    @contextmanager
    def _noting(self) -> Iterator[None]:
        self.entered += 1
        try:
            yield
        except BaseException as error:
            self.error = error
            raise
        self.returned += 1

    def _note_value(self, value: Any) -> Any:
        if value is not None:
            self.values.append(type(value).__name__)
        return value


@contextmanager
def _replaced(written: WrittenFunction, function: Callable[..., Any]) -> Iterator[None]:
    assert written.replace is not None
    written.replace(function)
    try:
        yield
    finally:
        written.replace(written.function)


def _is_running(code: CodeType) -> bool:
    """Return True where a frame of the code is on this thread's stack, or on the main thread's."""
    if _is_on_stack(sys._getframe(), code):
        return True
    # Documented as for special purposes such as this: checks may ask in threads that they wait for.
    main = sys._current_frames().get(threading.main_thread().ident or 0)
    return _is_on_stack(main, code)


def _is_on_stack(frame: FrameType | None, code: CodeType) -> bool:
    while frame is not None:
        if frame.f_code is code:
            return True
        frame = frame.f_back
    return False
