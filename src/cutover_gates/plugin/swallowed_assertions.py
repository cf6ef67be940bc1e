"""Notes each assertion of a check that fails, also where something swallows it afterwards.

A `return` in a `finally`, a context manager that says it dealt with the exception, `pytest.raises`
around the assertion, an `except` that only takes the text: a reader of the source cannot list them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType

from _pytest.assertion import rewrite

EXPLAIN = "_format_explanation"


class FailedAssertions:
    """The lines of a check's own function on which an assertion failed.

    pytest rewrites `assert`: where it fails, the text is made by a function of `rewrite`, called by
    the function that asserts. No hook tells of it. Those of helpers are not noted: something may
    wait with them until they hold.
    """

    def __init__(self) -> None:
        self._code: CodeType | None = None
        self._lines: list[int] = []

    def install(self) -> None:
        """Watch from now on, for the rest of this process."""
        # No hook is called for an assertion that fails.
        explain: Callable[[str], str] = getattr(rewrite, EXPLAIN)

        def note(explanation: str) -> str:
            frame = sys._getframe(1)
            if frame.f_code is self._code:
                self._lines.append(frame.f_lineno)
            return explain(explanation)

        setattr(rewrite, EXPLAIN, note)

    def begin(self, code: CodeType | None) -> None:
        """Watch the function of a check."""
        self._code, self._lines = code, []

    def note_pass(self, line: int) -> None:
        """Take the text back that pytest makes of an assertion that holds.

        It does so with its setting `enable_assertion_pass_hook` only.
        """
        if self._lines and self._lines[-1] == line:
            self._lines.pop()

    def end(self) -> list[str]:
        """Return a sentence for each line, for a function that came to its end all the same."""
        lines, self._code = dict.fromkeys(self._lines), None
        return [
            f"the assertion on line {line} failed, and something swallowed it: take away what"
            " catches it, such as `except`, `raises`, or `return` in a `finally`"
            for line in lines
        ]
