"""The marks of steps: a person or a pipeline says that one ended, and the writes are read again.

A mark is a segment of its own in the record's folder. So whoever can write there can set one:
beside the watcher, in another pod, over a shared volume (`docs/decisions/0089-marks-of-steps.md`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.file_lock import lock_file
from cutover_gates.watch import rules
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.time_spans import Span, format_moment

LOCK_FILE = "watcher.lock"
READ_MARKS = "read_marks"
"""In the first line of a whole reading: the ids of the steps that had ended when it began."""
LATE_SECONDS = 300.0
"""A mark may follow the end of the window by so much: the last step ends with it."""
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
