"""The log as a source of the database trigger: lines of failed connections of the new release."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.triggers.evaluation import DatabaseReading, TriggerReading
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.probes.observability.logs.connection_failures import find_connection_failure
from cutover_gates.probes.observability.logs.log_events import EventReader, LogFeed, NewLine
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.reading_sources import SourceReadings

NEW_KEY, SERVICE_KEY = (
    ConditionKey(TriggerName.DATABASE, subject, SignalSource.LOGS) for subject in (NEW, SERVICE)
)
SUBJECTS = {SERVICE: SERVICE_KEY, NEW: NEW_KEY}


@dataclass(frozen=True)
class LogPeriods:
    """Seconds: from one evaluation to the next, until a silent log is blind, of the trigger."""

    evaluate: float
    blind: float
    count: float


@dataclass
class LogReadings:
    """Counts the failed connections that the log tells of, for the new release and for all.

    One failure may be told several times: a traceback is one event, and a request is counted once.
    `list_terminating` returns the names of instances that the deployment takes away; what they
    log as they end does not count. `release` is the new one.
    """

    feed: LogFeed
    settings: LogSettings
    release: str
    periods: LogPeriods
    list_terminating: Callable[[], frozenset[str]] = frozenset
    clock: Callable[[], float] = time.monotonic
    source: SignalSource = SignalSource.LOGS
    _counts: dict[str, int] = field(default_factory=lambda: {SERVICE: 0, NEW: 0})
    _heard: dict[str, float] = field(default_factory=dict)
    _requests: dict[Hashable, float] = field(default_factory=dict)
    _counted: dict[Hashable, bool] = field(default_factory=dict)
    _lines: int = 0
    _is_behind: bool = False
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._events = EventReader(self.settings)

    def read(self, now: float) -> SourceReadings:
        """Return how many failures the log has told of since the last call.

        Raises what the feed does. What a reading that came too late has found counts with the next.
        """
        del now
        if not self._busy.acquire(blocking=False):
            raise SourceUnavailable("the reading before has not ended", "the log")
        try:
            began = self.clock()
            self._take_lines()
            if self.clock() - began > self.periods.evaluate:
                raise SourceUnavailable("took longer than triggers.evaluate_seconds", "the log")
            return self._make_readings()
        finally:
            self._busy.release()

    def _take_lines(self) -> None:
        lines, are_all = self.feed.read_new()
        self._is_behind = not are_all
        moment = self.clock()
        self._forget_old_requests(moment)
        for new in lines:
            self._take(new, moment)
        self._lines += len(lines)

    def _take(self, new: NewLine, moment: float) -> None:
        subjects = self._subjects_of(new)
        for subject in subjects:
            self._heard[subject] = moment
        if self._events.begins_event(new):
            self._counted[new.stream] = False
        if self._counted.get(new.stream) or not self._counts_as_failure(new, moment):
            return
        self._counted[new.stream] = True
        for subject in subjects:
            self._counts[subject] += 1

    def _subjects_of(self, new: NewLine) -> tuple[str, ...]:
        """Return whom a line is about. A log without releases is that of the new one, too."""
        if self.settings.release is None:
            return (SERVICE, NEW)
        own = new.line.get_field(self.settings.release)
        return (SERVICE, NEW) if str(own) == self.release else (SERVICE,)

    def _counts_as_failure(self, new: NewLine, moment: float) -> bool:
        if find_connection_failure(new.line, self.settings.sqlstate) is None:
            return False
        if self._is_terminating(new):
            return False
        request = new.line.get_field(self.settings.request_id)
        if not isinstance(request, str | int) or request == "":
            return True
        is_first = request not in self._requests
        self._requests.setdefault(request, moment)
        return is_first

    def _is_terminating(self, new: NewLine) -> bool:
        if self.settings.instance is None:
            return False
        return str(new.line.get_field(self.settings.instance)) in self.list_terminating()

    def _forget_old_requests(self, moment: float) -> None:
        kept = {one: at for one, at in self._requests.items() if at > moment - self.periods.count}
        self._requests = kept

    def _make_readings(self) -> SourceReadings:
        readings: list[TriggerReading] = []
        unknown = {}
        for subject, key in SUBJECTS.items():
            count, self._counts[subject] = self._counts[subject], 0
            reason = self._find_unknown(subject)
            # What was found counts, also where more of it may not have been read yet.
            logged = count if count or not reason else None
            if reason:
                unknown[key] = reason
            if subject in self._heard or subject == SERVICE:
                readings.append(DatabaseReading(key, logged=logged))
        heard, self._lines = self._lines > 0, 0
        return SourceReadings(tuple(readings), heard, unknown)

    def _find_unknown(self, subject: str) -> str:
        """Return why a count of nothing would prove nothing; empty where it proves it."""
        if self._is_behind:
            return "the log grows faster than it can be read"
        last = self._heard.get(subject)
        about = f" of release {self.release}" if subject == NEW and self.settings.release else ""
        if last is None:
            return f"no line{about} has come into the log since the watch began"
        if self.clock() - last > self.periods.blind:
            return f"no line{about} has come into the log for {self.periods.blind:g} s"
        return ""
