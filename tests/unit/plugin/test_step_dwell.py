"""The end of a step in a gate of several processes: one waits, and no check runs after the end."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.config.rollout_steps import DwellSeconds, RolloutSteps
from cutover_gates.core.file_lock import lock_file
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.plugin import captain_wait, dwell_clock, live_step, step_dwell, step_evidence
from cutover_gates.plugin.collection import GROUPS_KEY
from cutover_gates.plugin.dwell_clock import StepEnd
from cutover_gates.plugin.live_step import CHECKS_LOCK, end_step_once, read_step_end
from cutover_gates.plugin.step_dwell import StepDwell
from cutover_gates.util.lease import is_lease_over
from tests.calibration import scale_seconds

DWELL = 0.2
JUDGES, ASKS = "canary-deployment", "health-checks"


@dataclass
class Night:
    """The run of a gate whose step began a moment ago, and what the watcher's record has of it."""

    run: Any
    steps: list[RolloutStep] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)

    @property
    def lock(self) -> Path:
        """The file that processes hold while they run checks of before the end."""
        return Path(self.run.first_folder) / CHECKS_LOCK

    def write(self, *given: Any) -> None:
        """Take the end of the step into the record."""
        self.steps.append(given[-1])


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    rollout = RolloutSteps(dwell_seconds=DwellSeconds(canary=DWELL))
    settings = SimpleNamespace(
        target="staging", chosen_target=SimpleNamespace(rollout=rollout, kind="remote")
    )
    target = SimpleNamespace(release="2.0.0", kind="remote", name="staging")
    run = SimpleNamespace(
        first_folder=tmp_path, settings=settings, running_target=target, aborts=False
    )
    found = Night(run, [RolloutStep(10, time.time())])
    watcher = SimpleNamespace(runs=True, list_fired=lambda: found.fired)
    monkeypatch.setattr(live_step, "watch_of", lambda *_: (tmp_path, None))
    monkeypatch.setattr(live_step, "read_record", lambda *_: SimpleNamespace(steps=found.steps))
    monkeypatch.setattr(live_step, "write_step", found.write)
    monkeypatch.setattr(live_step, "StepWatcher", lambda _folder: watcher)
    monkeypatch.setattr(dwell_clock, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(step_evidence, "make_look", lambda *_: lambda _: "")
    monkeypatch.setattr(captain_wait, "has_pending", lambda _: False)
    monkeypatch.setattr(live_step, "SETTLE_SECONDS", 0.3)
    return found


def hold_in_a_process(path: str, is_held: Any, seconds: float) -> None:
    """Hold the lock as a worker does whose functional checks are still under way."""
    with Path(path).open("w") as file:
        lock_file(file, shared=True)
        is_held.set()
        time.sleep(seconds)


def end(night: Night) -> StepEnd:
    """End the step of 10 %."""
    ended = end_step_once(night.run, 10)
    assert ended is not None
    return ended


def test_a_step_ends_after_its_time_where_no_other_check_runs(night: Night) -> None:
    ended = end(night)
    assert DWELL <= ended.step.lived_seconds(0) < scale_seconds(DWELL + 1)
    assert read_step_end(night.run) == ended


def test_a_step_does_not_end_before_the_checks_of_another_process(night: Night) -> None:
    """What is asked after the end says nothing of the step."""
    context = multiprocessing.get_context("spawn")
    is_held = context.Event()
    other = context.Process(target=hold_in_a_process, args=(str(night.lock), is_held, 1.0))
    other.start()
    assert is_held.wait(scale_seconds(20))
    held = time.time()
    ended = end(night)
    other.join()
    assert ended.step.ends is not None
    assert ended.step.ends - held > 0.9
    assert ended.why == ""


def test_a_process_that_crashes_holds_no_step_up(night: Night) -> None:
    context = multiprocessing.get_context("spawn")
    is_held = context.Event()
    other = context.Process(target=hold_in_a_process, args=(str(night.lock), is_held, 600.0))
    other.start()
    assert is_held.wait(scale_seconds(20))
    other.kill()
    other.join()
    killed = time.time()
    ended = end(night)
    assert ended.step.ends is not None
    assert ended.step.ends - killed < scale_seconds(30)


def test_a_trigger_ends_the_step_while_checks_of_another_process_run(night: Night) -> None:
    with night.lock.open("w") as file:
        lock_file(file, shared=True)
        threading.Timer(0.5, night.fired.append, ["health/instance:a/probes/"]).start()
        ended = end(night)
    assert "a trigger fired (health/instance:a/probes/)" in ended.why


def test_a_second_process_waits_until_the_first_has_ended_the_step(night: Night) -> None:
    """Also in the seconds in which the end is written and the record is not complete yet."""
    ends: dict[str, tuple[StepEnd, float]] = {}

    def wait(name: str) -> None:
        ends[name] = (end(night), time.monotonic())

    first = threading.Thread(target=wait, args=["first"])
    first.start()
    while len(night.steps) < 2:  # until the end is written
        time.sleep(0.01)
    wait("second")
    first.join()
    assert ends["first"][0] == ends["second"][0]
    assert ends["second"][1] > ends["first"][1] - 0.25
    assert len(night.steps) == 2


def test_without_a_step_there_is_no_end(night: Night) -> None:
    """Also where another one has ended it: the gate then has a hold."""
    night.steps = [night.steps[0].end_at(night.steps[0].begins + 1)]
    assert end_step_once(night.run, 10) is None
    assert read_step_end(night.run) is None


@dataclass
class Dwell:
    """The hooks of one process, and what they did."""

    hooks: StepDwell
    lock: Path
    ended: list[bool]

    def run(self, group: str) -> bool:
        """Run a check of a group; return whether the lock was held in it."""
        hook = self.hooks.pytest_runtest_protocol(make_item(group))
        next(hook)
        is_held = not is_lease_over(self.lock)
        close(hook)
        return is_held


def make_item(group: str) -> Any:
    """Return a check as pytest collects it."""
    stash = pytest.Stash()
    stash[GROUPS_KEY] = frozenset({group})
    return SimpleNamespace(stash=stash)


def close(hook: Generator[None, Any, Any]) -> None:
    """Let the hook go on after the check."""
    with pytest.raises(StopIteration):
        hook.send(None)


@pytest.fixture
def dwell(night: Night, monkeypatch: pytest.MonkeyPatch) -> Dwell:
    ended: list[bool] = []

    def end_it(_run: Any, _percent: int) -> StepEnd:
        ended.append(is_lease_over(night.lock))
        return StepEnd(night.steps[0])

    monkeypatch.setattr(step_dwell, "end_step_once", end_it)
    return Dwell(StepDwell(night.run, 10), night.lock, ended)


def test_the_lock_is_held_from_the_first_check_to_the_last_before_the_end(dwell: Dwell) -> None:
    """Two processes hold it together."""
    with dwell.lock.open("w") as other:
        lock_file(other, shared=True)
        assert [dwell.run(ASKS), dwell.run(ASKS)] == [True, True]
    assert not is_lease_over(dwell.lock)
    assert [dwell.run(JUDGES), dwell.run(JUDGES), dwell.run(ASKS)] == [False, False, False]
    assert dwell.ended == [True]


def test_a_process_without_a_check_that_judges_gives_the_lock_back(dwell: Dwell) -> None:
    assert dwell.run(ASKS)
    dwell.hooks.pytest_sessionfinish()
    assert is_lease_over(dwell.lock)
