"""The log as a source of the database trigger: whose lines count, how often, and when it is blind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.triggers.evaluation import DatabaseReading
from cutover_gates.core.triggers.trigger_names import NEW, SERVICE
from cutover_gates.probes.observability.logs.log_events import NewLine, StoreFeed
from cutover_gates.probes.observability.logs.model import LogLine, parse_line
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.watch.log_readings import LogPeriods, LogReadings
from cutover_gates.watch.reading_sources import SourceReadings

FAILED = "FATAL: sorry, too many clients already"
NAMES = LogSettings(release="release", instance="pod")


@dataclass
class ScriptedFeed:
    """Gives the lines of one list after the other."""

    parts: list[list[str]]
    settings: LogSettings = NAMES
    are_all: bool = True

    def read_new(self) -> tuple[list[NewLine], bool]:
        lines = self.parts.pop(0) if self.parts else []
        return [NewLine(parse_line(text, self.settings)) for text in lines], self.are_all


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def line(message: str, release: str = "2.0.0", request: str = "", pod: str = "a") -> str:
    return (
        f'{{"time":"2026-11-30T02:00:00Z","message":"{message}","release":"{release}",'
        f'"request_id":"{request}","pod":"{pod}"}}'
    )


def readings_of(
    *parts: Sequence[str], settings: LogSettings = NAMES, terminating: str = ""
) -> LogReadings:
    feed = ScriptedFeed([list(one) for one in parts], settings)
    periods = LogPeriods(evaluate=5, blind=120, count=60)
    return LogReadings(
        feed, settings, "2.0.0", periods, lambda: frozenset({terminating}), clock=Clock()
    )


def counts(found: SourceReadings) -> dict[str, int | None]:
    seen = [one for one in found.readings if isinstance(one, DatabaseReading)]
    return {one.key.subject: one.logged for one in seen}


def test_lines_of_the_new_release_count_for_it_and_all_for_the_service() -> None:
    source = readings_of([line(FAILED), line(FAILED, "1.9.0"), line("hello")])
    found = source.read(0)
    assert counts(found) == {NEW: 1, SERVICE: 2}
    assert found.heard


def test_a_log_without_releases_counts_for_both() -> None:
    source = readings_of([line(FAILED)], settings=LogSettings())
    assert counts(source.read(0)) == {NEW: 1, SERVICE: 1}


def test_the_new_release_is_nobody_before_its_first_line() -> None:
    source = readings_of([line("hello", "1.9.0")], [line("hello")])
    assert counts(source.read(0)) == {SERVICE: 0}
    assert counts(source.read(0)) == {NEW: 0, SERVICE: 0}


def test_an_instance_that_terminates_does_not_count() -> None:
    source = readings_of([line(FAILED, pod="ending"), line(FAILED)], terminating="ending")
    assert counts(source.read(0))[NEW] == 1


def test_a_traceback_and_a_request_count_once() -> None:
    traceback = [line(FAILED), f"    at Pool: {FAILED}", f"Caused by: {FAILED}"]
    request = [line(FAILED, request="r1"), line("SQLState: 53300", request="r1")]
    source = readings_of(traceback, request)
    assert counts(source.read(0))[NEW] == 1
    assert counts(source.read(0))[NEW] == 1


def test_the_rest_of_a_traceback_that_comes_later_belongs_to_it() -> None:
    source = readings_of([line("cannot register")], [f"Caused by: {FAILED}"], [f"  {FAILED}"])
    assert [counts(source.read(0))[SERVICE] for _ in range(3)] == [0, 1, 0]


def test_a_plain_log_without_times_counts_its_lines() -> None:
    plain = LogSettings()
    source = readings_of([FAILED, "  at x: 57P03", FAILED], settings=plain)
    assert counts(source.read(0))[NEW] == 2


def test_a_silent_log_is_unknown_and_not_heard() -> None:
    source = readings_of([line("hello")], [])
    source.read(0)
    assert counts(source.read(0)) == {NEW: 0, SERVICE: 0}
    source.clock = Clock(300.0)
    found = source.read(0)
    assert counts(found) == {NEW: None, SERVICE: None}
    assert not found.heard
    assert {key.subject for key in found.unknown} == {NEW, SERVICE}
    later = source.read(0)
    assert found.unknown == later.unknown, "a reason that changes would be a line each time"


def test_what_was_found_counts_although_the_log_grows_too_fast() -> None:
    source = readings_of([line(FAILED)], [line("hello")])
    source.feed.are_all = False  # type: ignore[attr-defined]  # it is the scripted one
    assert counts(source.read(0))[NEW] == 1
    assert counts(source.read(0))[NEW] is None


@dataclass
class SlowFeed(ScriptedFeed):
    seconds: float = 0.2

    def read_new(self) -> tuple[list[NewLine], bool]:
        time.sleep(self.seconds)
        return super().read_new()


def test_what_a_late_reading_found_counts_with_the_next() -> None:
    feed = SlowFeed([[line(FAILED)]])
    source = LogReadings(feed, NAMES, "2.0.0", LogPeriods(0.1, 120, 60))
    with pytest.raises(SourceUnavailable, match="longer"):
        source.read(0)
    feed.seconds = 0.0
    assert counts(source.read(0)) == {NEW: 1, SERVICE: 1}


@dataclass
class ScriptedStore:
    """A log store with lines at moments; `read_since` gives those from then on."""

    lines: list[tuple[float, str]] = field(default_factory=list)

    def find(self, marker: str) -> Sequence[LogLine]:
        raise NotImplementedError

    def read_since(self, at: float) -> Sequence[LogLine]:
        return [parse_line(text, NAMES) for moment, text in self.lines if moment >= at]


def test_a_log_store_gives_each_line_once_also_a_late_one() -> None:
    store, clock = ScriptedStore(), Clock(1000.0)
    feed = StoreFeed(store, NAMES, 5.0, began=990.0, clock=clock)
    store.lines = [(980.0, "before the watch"), (999.0, "x"), (999.5, "x")]
    assert [new.line.text for new in feed.read_new()[0]] == ["x", "x"]
    clock.now = 1005.0
    store.lines += [(1004.0, "x"), (997.0, "late")]
    assert [new.line.text for new in feed.read_new()[0]] == ["x", "late"]
    clock.now = 1060.0
    store.lines += [(1010.0, "after a pause of the store")]
    assert [new.line.text for new in feed.read_new()[0]] == ["after a pause of the store"]
