"""Calls in threads are watched, and end where the wait for them ends."""

from __future__ import annotations

import threading

import pytest

from cutover_gates.util.concurrency import run_watched


def test_results_come_in_order_and_progress_is_shown() -> None:
    shown, ticks = threading.Event(), list[int]()

    def tick() -> None:
        ticks.append(1)
        shown.set()

    def first() -> int:
        # It goes on only once somebody has looked.
        return 1 if shown.wait(10) else 0

    assert run_watched([first, lambda: 2], tick=tick, cancel=pytest.fail) == [1, 2]
    assert ticks


def test_an_interrupted_wait_cancels_the_calls() -> None:
    stopped = threading.Event()

    def tick() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_watched([lambda: stopped.wait(10)], tick=tick, cancel=stopped.set)
    assert stopped.is_set()


def test_the_error_of_a_call_is_raised() -> None:
    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        run_watched([fail], tick=lambda: None, cancel=lambda: None)
    assert run_watched([], tick=pytest.fail, cancel=pytest.fail) == []
