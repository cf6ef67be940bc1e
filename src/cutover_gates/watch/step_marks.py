"""The marks of steps: a person or a pipeline says that one ended, and the writes are read again.

A mark is a segment of its own in the record's folder. So whoever can write there can set one:
beside the watcher, in another pod, over a shared volume (`docs/decisions/0089-marks-of-steps.md`).
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.file_lock import lock_file
from cutover_gates.util.subprocesses import ChildTimeout, run_child
from cutover_gates.util.text import first_error_line
from cutover_gates.watch import rules
from cutover_gates.watch.record_lines import BrokenLine, decode_line
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.time_spans import Span, format_moment

LOCK_FILE = "watcher.lock"
READ_MARKS = "read_marks"
"""In the first line of a whole reading: the ids of the steps that had ended when it began."""
LATE_SECONDS = 300.0
"""A mark may follow the end of the window by so much: the last step ends with it."""
POLL_SECONDS = 1.0
AGAIN_SECONDS = 15.0
"""Seconds until writes that could not all be read are read again."""
CLOSE_SECONDS = 1.0
"""Seconds for the thread to end. A reading under way is left: the watcher's last one follows."""
HEAD_BYTES = 65536
ReadBack = Callable[[], str]
"""Reads the writes again, and returns what to tell."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class StepMark:
    """The end of a step. `id` is the process that wrote it, `at` is in seconds since 1970."""

    id: str
    name: str
    at: float

    @classmethod
    def from_line(cls, line: Mapping[str, Any]) -> StepMark | None:
        """Return the mark of a segment's first line; None where it is of another process."""
        if "mark" not in line:
            return None
        return cls(str(line["process"]), str(line["mark"]), float(line["at"]))


def write_mark(folder: Path, target: str, release: str, name: str) -> StepMark:
    """Write down that a step has ended. Raises `SettingsError`, `OSError`."""
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"--mark {name}: a step is called by small letters, digits and hyphens, such as canary"
        )
    clock = SteadyClock()
    head = {"target": target, "release": release, "tag": "", "intervals": {}, "mark": name}
    writer = RecordWriter(folder, head, clock)
    writer.close()
    return StepMark(writer.process, name, clock())


def is_watched(folder: Path) -> bool:
    """Return whether a watcher writes to the folder now. Raises `OSError`."""
    path = folder / LOCK_FILE
    if not path.is_file():
        return False
    with path.open("r") as lock:
        try:
            lock_file(lock, shared=True, wait=False)
        except BlockingIOError:
            return True
    return False


def find_unread(
    marks: Iterable[StepMark], read_backs: Iterable[Mapping[str, Any]]
) -> list[StepMark]:
    """Return the marks after which the writes were not read as a whole, in order of time."""
    read = {one for line in read_backs if _is_whole(line) for one in line.get("marks", [])}
    return sorted((mark for mark in marks if mark.id not in read), key=lambda mark: mark.at)


def add_unread_marks(
    builder: AssessmentBuilder,
    marks: Sequence[StepMark],
    read_backs: Sequence[Mapping[str, Any]],
    window: Span,
) -> None:
    """Add a gap for each step of the window after which the writes were not read again."""
    own = [mark for mark in marks if window.begins <= mark.at <= window.ends + LATE_SECONDS]
    for mark in find_unread(own, read_backs):
        reason = f"it ended at {format_moment(mark.at)}, and the writes were not all read after it"
        builder.add_gap(
            rules.READ_AFTER_EACH_STEP,
            mark.name,
            reason,
            reproduce="cutover-gates watch --read-back",
        )
    builder.figures["steps"] = [_describe(mark, read_backs) for mark in own]


def _describe(mark: StepMark, read_backs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the first whole reading after the step found."""
    told: dict[str, Any] = {"step": mark.name, "ended": format_moment(mark.at)}
    for line in read_backs:
        if mark.id in line.get("marks", []) and _is_whole(line):
            lost = len(line["assessment"]["findings"])
            return {**told, "read_after_seconds": round(line["at"] - mark.at, 1), "lost": lost}
    return told


def _is_whole(line: Mapping[str, Any]) -> bool:
    return not Assessment.from_plain(line["assessment"]).not_proven


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

    `on_head` gets the first line of each file.

    It reads the first line of each file only: the whole record is long, and reading it here would
    hold up the probes.
    """

    folder: Path
    read_back: ReadBack
    report: Callable[[str], None]
    on_head: Callable[[Mapping[str, Any]], None] = lambda _: None
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
        self.on_head(head)
        self._read |= {*head.get(READ_MARKS, [])}
        mark = StepMark.from_line(head)
        if mark is not None:
            self._marks[mark.id] = mark.name
        return mark is not None
