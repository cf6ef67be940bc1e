"""Between two steps: what the captain may say, what forbids the next step, and how long it waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from cutover_gates.plugin import captain_wait
from cutover_gates.plugin.captain_wait import CaptainWait, wait_until_clear
from cutover_gates.plugin.step_watcher import StepWatcher


class Watched:
    """A watcher that runs, until it is told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs, self.fired = folder, True, list[str]()

    def list_fired(self) -> list[str]:
        return self.fired


class Night:
    """A clock of its own, and what happens at which second of the wait."""

    def __init__(self, folder: Path) -> None:
        self.now, self.told = 0.0, list[str]()
        self.watched, self.file = Watched(folder), folder / "go-50"
        self.events: dict[float, Callable[[], object]] = {}
        self.entered_at = float("inf")

    def wait(self, seconds: float = 900) -> str:
        return CaptainWait(
            50,
            self.file,
            seconds,
            cast("StepWatcher", self.watched),
            lambda: self.now >= self.entered_at,
            self.told.append,
            clock=lambda: self.now,
            pause=self._pause,
        ).wait()

    def _pause(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.events if at <= self.now]:
            self.events.pop(at)()


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def test_a_captain_who_does_not_answer_advances_nothing(night: Night) -> None:
    why = night.wait(900)
    assert "nobody said within 900 s that 50 % is live" in why
    assert night.now == 900
    assert night.told[0].startswith("GO for 50 %")


def test_enter_begins_the_next_step(night: Night) -> None:
    night.entered_at = 30
    assert night.wait() == ""


def test_a_file_begins_the_next_step(night: Night) -> None:
    night.events[30] = night.file.touch
    assert night.wait() == ""
    assert 30 <= night.now < 32


def test_a_file_of_an_earlier_night_is_no_answer(night: Night) -> None:
    night.file.touch()
    assert "nobody said" in night.wait()


def test_a_file_of_an_earlier_night_that_is_touched_is_an_answer(night: Night) -> None:
    night.file.touch()
    os.utime(night.file, ns=(1, 1))
    night.events[5] = lambda: os.utime(night.file)
    assert night.wait() == ""


def test_a_trigger_that_fires_ends_the_wait(night: Night) -> None:
    night.events[5] = lambda: night.watched.fired.append("health/service/probes/")
    night.entered_at = 6
    assert night.wait() == "a trigger fired (health/service/probes/)"


def test_a_watcher_that_dies_ends_the_wait(night: Night) -> None:
    night.events[5] = lambda: setattr(night.watched, "runs", False)
    assert night.wait() == "the watcher does not run any more"


def test_an_answer_does_not_count_once_a_trigger_has_fired(night: Night) -> None:
    night.watched.fired.append("health/service/probes/")
    night.entered_at = 0
    assert "a trigger fired" in night.wait()


def pending(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    left = list(answers)
    monkeypatch.setattr(
        captain_wait, "list_pending", lambda _: left.pop(0) if len(left) > 1 else left[0]
    )
    monkeypatch.setattr(captain_wait, "POLL_SECONDS", 0.0)


def test_no_step_begins_while_a_trigger_is_pending(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pending(monkeypatch, ["error-rate/new/probes/"])
    ticks = iter(range(100))
    watched = cast("StepWatcher", Watched(tmp_path))
    why = wait_until_clear(watched, 5, lambda: next(ticks))
    assert why == "a trigger is pending (error-rate/new/probes/)"


def test_a_step_begins_once_the_trigger_is_clear(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pending(monkeypatch, ["error-rate/new/probes/"], [])
    assert wait_until_clear(cast("StepWatcher", Watched(tmp_path)), 60) == ""


def test_without_any_evaluation_no_step_begins(tmp_path: Path) -> None:
    why = wait_until_clear(cast("StepWatcher", Watched(tmp_path)), 0)
    assert "has evaluated no trigger" in why
