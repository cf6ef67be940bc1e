"""What is new in the target's log, line by line, from whatever keeps it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.logs.file_follower import FileFollower
from cutover_gates.probes.observability.logs.log_store_factory import create_log_store
from cutover_gates.probes.observability.logs.log_stores import LogStore
from cutover_gates.probes.observability.logs.model import LogLine, parse_line, parse_timestamp

_BEGINS_WITH_TIME = re.compile(
    r"\W{0,2}(?:\d{4}[-/]\d\d[-/]\d\d[T ]|\d\d/\w{3}/\d{4}|[A-Z][a-z]{2} +\d{1,2} \d\d:|\d\d:\d\d:)"
)
_CONTINUES = re.compile(r"\s|Caused by|at |\.\.\. |Traceback|\}|\)")


@dataclass(frozen=True)
class NewLine:
    """A line, and the stream that it stands in: those of two files are not one after the other."""

    line: LogLine
    stream: Hashable = ""


class LogFeed(Protocol):
    """What gives the lines that have come since the last call.

    `read_new` raises `SourceUnavailable` or `NotProven`. The second value: whether all were read.
    """

    def read_new(self) -> tuple[list[NewLine], bool]:
        """Return the new lines, and whether these are all of them."""
        ...


@dataclass
class FileFeed:
    """The lines that are appended to files. Nothing that stood there before counts."""

    follower: FileFollower
    settings: LogSettings
    _is_open: bool = False

    def read_new(self) -> tuple[list[NewLine], bool]:
        """Return the new lines. The first call only goes to the ends of the files."""
        if not self._is_open:
            self.follower.open()
            self._is_open = True
        texts, are_all = self.follower.read_lines()
        return [NewLine(parse_line(text, self.settings), key) for key, text in texts], are_all


@dataclass
class StoreFeed:
    """The lines that a log store takes in. It is asked for the last seconds again and again.

    A line may arrive late, and out of order: so what was in the last answer is left out by its
    text, as often as it was there.
    """

    store: LogStore
    settings: LogSettings
    step: float
    began: float = field(default_factory=time.time)
    clock: Callable[[], float] = time.time
    _last: Counter[str] = field(default_factory=Counter)
    _asked: float | None = None

    def read_new(self) -> tuple[list[NewLine], bool]:
        """Return the lines that were not in the last answer."""
        now = self.clock()
        since_last = now - self._asked if self._asked is not None else self.step
        late = self.settings.seconds + self.settings.clock_seconds + since_last
        lines = self.store.read_since(max(self.began, now - late))
        there = Counter(line.text for line in lines)
        fresh = there - self._last
        new = []
        for line in lines:
            if fresh[line.text] > 0:
                fresh[line.text] -= 1
                new.append(NewLine(line))
        self._last, self._asked = there, now
        return new, True


def create_log_feed(
    settings: LogSettings, log_path: str | None, resolve: Callable[[Path], Path], step: float
) -> LogFeed:
    """Return what reads the declared log. `step`: seconds from one reading to the next.

    Raises `NotProven` where no log is declared, `SettingsError` where a file of it cannot be used.
    """
    path = str(resolve(settings.path)) if settings.path else log_path
    if settings.kind in ("file", None) and path:
        further = [str(resolve(Path(each))) for each in settings.further_paths]
        return FileFeed(FileFollower([path, *further]), settings)
    store = create_log_store(settings, log_path, resolve=resolve, redactor=Redactor())
    return StoreFeed(store, settings, step)


@dataclass
class EventReader:
    """Joins lines to events: the lines of a traceback belong to the line before them."""

    settings: LogSettings
    _dated: set[Hashable] = field(default_factory=set)

    def begins_event(self, new: NewLine) -> bool:
        """Return whether a line begins an event; else it belongs to the one before it."""
        if parse_timestamp(new.line.get_field(self.settings.time)) is not None:
            self._dated.add(new.stream)
            return True
        text = new.line.text
        if text.lstrip().startswith("{") or _BEGINS_WITH_TIME.match(text):
            self._dated.add(new.stream)
            return True
        # A log without times: what is not indented begins something new.
        return new.stream not in self._dated and not _CONTINUES.match(text)
