"""The line of progress of a run: one line on a terminal, few lines in a file.

No escape code is written, so that `NO_COLOR` and old terminals need no case of their own: a line is
overwritten by going back to its start and filling it with blanks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TextIO

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.util.terminal_output import print_text

FILE_WIDTH = 80
"""Columns of a line in a file or a pipe, where nobody can ask for the width."""
FIRST_INTERVAL_SECONDS = 5.0
INTERVAL_SHARE = 0.1
"""In a file the next line comes after a tenth of the run so far: some fifty lines in half an hour.
"""
MAX_LASTING_LINES = 10
"""Lines that stay, such as failed checks. A hundred checks may fail for one cause."""


class ProgressLine:
    """The line of progress on one stream. Safe under threads."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out, self._clock = out, clock
        self._lock = threading.Lock()
        self._started = clock()
        self._next = self._started
        self._lasting = 0

    def show(self, text: str, *, is_last: bool = False) -> None:
        """Show the text in place of the one before; in a file only every now and then.

        `is_last` shows it in a file too.
        """
        with self._lock:
            if self._is_terminal():
                self._overwrite(text)
            elif is_last or self._clock() >= self._next:
                self._write_line(text)
                elapsed = self._clock() - self._started
                interval = max(FIRST_INTERVAL_SECONDS, INTERVAL_SHARE * elapsed)
                self._next = self._clock() + interval

    def show_lasting(self, text: str) -> None:
        """Show a line that stays, such as a failed check.

        After ten, one says that no more follow.
        """
        with self._lock:
            self._lasting += 1
            if self._lasting == MAX_LASTING_LINES + 1:
                text = "further failures are counted here and named in the verdict"
            if self._lasting > MAX_LASTING_LINES + 1:
                return
            if self._is_terminal():
                self._overwrite(text, end="\n")
            else:
                self._write_line(text)

    def _is_terminal(self) -> bool:
        # Asked each time: pytest's capture puts a file in the place of the terminal for a while. A
        # dumb terminal cannot go back to the start of a line.
        return self._out.isatty() and os.environ.get("TERM") != "dumb"

    def _overwrite(self, text: str, end: str = "") -> None:
        width = self._width() - 1  # a terminal wraps when its last column is filled
        print_text(shorten(text, width).ljust(width), self._out, start="\r", end=end)

    def _width(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or FILE_WIDTH
        except (OSError, ValueError):  # not a real terminal
            return FILE_WIDTH

    def _write_line(self, text: str) -> None:
        print_text(shorten(text, FILE_WIDTH), self._out)


def shorten(text: str, width: int) -> str:
    """Return the text on one line of at most `width` columns, cut in the middle.

    The beginning says what happens, and the end has the name of the check.
    """
    line = " ".join(strip_control_characters(text).split())
    if len(line) <= width:
        return line
    head = width // 3
    return f"{line[:head]}…{line[len(line) - (width - head - 1) :]}"
