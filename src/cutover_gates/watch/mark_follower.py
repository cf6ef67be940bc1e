"""Follows the marks of steps beside the probes, and has the writes read again after each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which

from cutover_gates.util.subprocesses import ChildTimeout, run_child
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.record_lines import BrokenLine, decode_line
from cutover_gates.watch.step_marks import READ_MARKS, StepMark

POLL_SECONDS = 1.0
AGAIN_SECONDS = 15.0
"""Seconds until writes that could not all be read are read again."""
CLOSE_SECONDS = 1.0
"""Seconds for the thread to end. A reading under way is left: the watcher's last one follows."""
HEAD_BYTES = 65536
ReadBack = Callable[[], str]
"""Reads the writes again, and returns what to tell."""


def read_in_child(command: Sequence[str], seconds: float) -> ReadBack:
    """Return a reading by a process of its own, with low priority: no probe may wait for it."""
    nice = ["nice", "-n", "10"] if which("nice") else []

    def read() -> str:
        try:
            return run_child([*nice, *command], seconds).output.strip()
        except (ChildTimeout, OSError) as error:
            return f"the writes were not read back: {first_error_line(error)}"

    return read


@dataclass
class MarkFollower:
    """A thread that looks for new marks in `folder` until `close`. `report` tells a person.

    It reads the first line of each file only: the whole record is long, and reading it here would
    hold up the probes.
    """

    folder: Path
    read_back: ReadBack
    report: Callable[[str], None]
    _seen: set[str] = field(default_factory=set)
    _marks: dict[str, str] = field(default_factory=dict)
    _read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True, name="watch-marks")

    def start(self) -> None:
        """Begin to follow. A mark from before that was not followed by a reading counts, too."""
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(CLOSE_SECONDS)

    def _follow(self) -> None:
        again = 0.0
        while not self._ended.wait(POLL_SECONDS):
            if self._look_for_new_files():
                again = 0.0
            # Files of one second are found in any order: a reading before the mark that it follows.
            unread = [name for one, name in self._marks.items() if one not in self._read]
            if unread and time.monotonic() >= again:
                names = ", ".join(unread)
                self.report(f"after {names}: {self.read_back()}")
                again = time.monotonic() + AGAIN_SECONDS

    def _look_for_new_files(self) -> bool:
        """Read the files that came since the last look. Return whether there is a new mark."""
        found = False
        for name in sorted({path.name for path in self.folder.glob("*.0001.jsonl")} - self._seen):
            with (self.folder / name).open(encoding="utf-8", errors="replace") as file:
                first = file.readline(HEAD_BYTES)
            if first.endswith("\n"):  # else it is being written
                self._seen.add(name)
                found |= self._take_head(first.rstrip("\n"))
        return found

    def _take_head(self, first_line: str) -> bool:
        try:
            head, _ = decode_line(first_line, "")
        except BrokenLine:
            return False  # the gates name it
        self._read |= {*head.get(READ_MARKS, [])}
        mark = StepMark.from_line(head)
        if mark is not None:
            self._marks[mark.id] = mark.name
        return mark is not None
