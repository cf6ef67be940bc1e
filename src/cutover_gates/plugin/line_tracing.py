"""Follows a statement that failed once, to see whether it passes later, as in a loop that waits."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from cutover_gates.plugin.source_functions import find_path_to_line

Place = tuple[CodeType, int]
"""The code of a function, and the first line of a statement in it."""


class StatementFollower:
    """Tells which of the followed statements came to its end without an exception.

    Python's own trace of lines is used, and only from the first failure of a check until its end:
    before, it would slow every call down. A debugger or coverage.py waits meanwhile.
    """

    def __init__(self, on_pass: Callable[[Place], None]) -> None:
        self._on_pass = on_pass
        self._followed: dict[CodeType, list[tuple[int, int]]] = {}
        self._running: dict[FrameType, Place] = {}
        self._before: Any = None
        self._is_on = False

    def follow(self, frame: FrameType) -> Place:
        """Follow the statement that a frame runs, from now on."""
        first, last = _lines_of_statement(frame)
        lines = self._followed.setdefault(frame.f_code, [])
        if (first, last) not in lines:
            lines.append((first, last))
        if not self._is_on:
            self._before, self._is_on = sys.gettrace(), True
            sys.settrace(self._trace_call)
        frame.f_trace = self._trace_line
        return frame.f_code, first

    def stop(self) -> None:
        """Follow nothing any more."""
        if self._is_on:
            sys.settrace(self._before)
        self._followed, self._running, self._is_on = {}, {}, False

    def _trace_call(self, frame: FrameType, *_event: Any) -> Any:
        return self._trace_line if frame.f_code in self._followed else None

    def _trace_line(self, frame: FrameType, event: str, _value: Any) -> Any:
        place = self._place_of(frame) if event == "line" else None
        before = self._running.get(frame)
        if place is None or place != before:
            self._running.pop(frame, None)
            if before and event != "exception":
                self._on_pass(before)
            if place:
                self._running[frame] = place
        return self._trace_line

    def _place_of(self, frame: FrameType) -> Place | None:
        for first, last in self._followed.get(frame.f_code, ()):
            if first <= frame.f_lineno <= last:
                return frame.f_code, first
        return None


def _lines_of_statement(frame: FrameType) -> tuple[int, int]:
    path = find_path_to_line(frame)
    node = path[-1] if path else None
    if isinstance(node, ast.stmt):
        return node.lineno, node.end_lineno or node.lineno
    return frame.f_lineno, frame.f_lineno
