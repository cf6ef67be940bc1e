"""The progress of steps: rate and time left, also within a step of which the server says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.probes.database import gate_steps
from cutover_gates.probes.database.gate_steps import StepProgress


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(gate_steps, "time", made)
    return made


def _progress(**more: Any) -> StepProgress:
    return StepProgress(lambda _line: None, "walk", 1000, **more)


def test_the_first_step_has_no_rate_yet(clock: _Clock) -> None:
    progress = _progress()
    with progress.show_step("t.i", 500):
        clock.now += 5
        assert "t.i, 0 of about 1,000 rows, 0 rows/s, some time left" in progress.describe()


def test_a_later_step_goes_on_at_the_rate_of_those_before(clock: _Clock) -> None:
    progress = _progress()
    with progress.show_step("t.i", 500):
        clock.now += 5
    with progress.show_step("t.k", 500):
        clock.now += 2
        assert "t.k, 700 of about 1,000 rows, 100 rows/s, 0:03 left" in progress.describe()
        clock.now += 60
        assert "975 of about 1,000 rows" in progress.describe()
    assert "1,000 of about 1,000 rows" in progress.describe()


def test_a_known_part_counts(clock: _Clock) -> None:
    progress = _progress(unit="MB")
    with progress.show_step("", 1000):
        clock.now += 10
        progress.advance_to(250)
        text = progress.describe()
    assert text == "walk: [#####...............] 250 of about 1,000 MB, 25 MB/s, 0:30 left"
