"""Finds assertions of a check that failed and were lost: an `except` caught them in silence.

A `return` in a `finally`, a context manager that says it dealt with the exception, `pytest.raises`
around the assertion, an `except` that only takes the text. What failed and passed later counts for
nothing: that is how a check waits (docs/decisions/0036-lost-assertions.md).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import get_ident, main_thread
from types import CodeType, FrameType

from _pytest.assertion import rewrite

from cutover_gates.plugin.assertion_catchers import Fate, drops_value, find_fate, returns_value
from cutover_gates.plugin.line_tracing import Place, StatementFollower
from cutover_gates.plugin.source_functions import SuiteFiles, find_path_to_line

EXPLAIN = "_format_explanation"


class FailedAssertions:
    """The assertions of a check, and of the helpers in its suite, that failed last.

    pytest rewrites `assert`: where it fails, the text is made by a function of `rewrite`, called by
    the function that asserts. No hook tells of it. `share` gets what becomes known in a process
    that the check forked.
    """

    def __init__(self, share: Callable[[str, str], None]) -> None:
        self._share = share
        self._code: CodeType | None = None
        self._files: SuiteFiles | None = None
        self._lost: dict[str, str] = {}
        self._follower = StatementFollower(self._note_pass)

    def install(self) -> None:
        """Watch from now on, for the rest of this process."""
        # No hook is called for an assertion that fails.
        explain: Callable[[str], str] = getattr(rewrite, EXPLAIN)

        def note(explanation: str) -> str:
            self._note_failure(sys._getframe(1))
            return explain(explanation)

        setattr(rewrite, EXPLAIN, note)

    def begin(self, code: CodeType | None, files: SuiteFiles) -> None:
        """Watch the function of a check, and what it calls in the files of the suites."""
        self._code, self._files, self._lost = code, files, {}

    def note_pass(self, line: int) -> None:
        """Take the text back that pytest makes of an assertion that holds.

        It does so with its setting `enable_assertion_pass_hook` only.
        """
        last = next(reversed(self._lost), "")
        if last.endswith(f":{line}"):
            del self._lost[last]

    def add(self, place: str, sentence: str) -> None:
        """Take over what a forked process shared; an empty sentence is an assertion that passed."""
        self._lost.pop(place, None)
        if sentence:
            self._lost[place] = sentence

    def end(self) -> list[str]:
        """Return a sentence for each, for a function that came to its end all the same."""
        self._follower.stop()
        lost, self._code, self._lost = list(self._lost.values()), None, {}
        return list(dict.fromkeys(lost))

    def _note_failure(self, frame: FrameType) -> None:
        # Threads have a stack of their own: `background_failures` sees what fails there.
        if not self._code or not self._files or get_ident() != main_thread().ident:
            return
        if self._files.owns(frame) and _is_lost(frame, self._code, self._files):
            place = self._follower.follow(frame)
            self._tell(place, _describe(frame, self._code))

    def _note_pass(self, place: Place) -> None:
        if _name(place) in self._lost:
            self._tell(place, "")

    def _tell(self, place: Place, sentence: str) -> None:
        self.add(_name(place), sentence)
        self._share(_name(place), sentence)


def _is_lost(failed: FrameType, code: CodeType, files: SuiteFiles) -> bool:
    """Return whether an assertion that fails now is lost, where the check's function still returns.

    What a library calls may be a condition that it waits for, and it answers for what it catches.
    """
    frame: FrameType | None = failed
    is_direct = True
    while frame is not None:
        is_check = frame.f_code is code
        if not is_check and not files.owns(frame):
            is_direct = False
        elif path := find_path_to_line(frame):
            fate = find_fate(path)
            if fate is Fate.LOST and not is_check and returns_value(path[0]):
                return _drops_value(frame.f_back, files)
            if fate is not Fate.PASSED_ON:
                return fate is Fate.LOST
        if is_check:
            return is_direct
        frame = frame.f_back
    return False


def _drops_value(caller: FrameType | None, files: SuiteFiles) -> bool:
    if caller is None or not files.owns(caller):
        return False
    path = find_path_to_line(caller)
    return bool(path) and drops_value(path[-1])


def _describe(frame: FrameType, code: CodeType) -> str:
    where = f"line {frame.f_lineno}"
    if frame.f_code is not code:
        where += f" in {frame.f_code.co_name}"
    return (
        f"the assertion on {where} failed, and something swallowed it: take away what catches it,"
        " such as `except`, `raises`, or `return` in a `finally`, or make something of it"
    )


def _name(place: Place) -> str:
    code, line = place
    return f"{code.co_filename}:{line}"
