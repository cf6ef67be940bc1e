"""Bounded calls: ten dead servers cost no more time than one, and a late call is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from cutover_gates.util.concurrency import query_all, run_until_deadline, run_with_timeout
from cutover_gates.util.http import SourceUnavailable
from tests.calibration import scale_seconds


def test_ten_dead_places_cost_no_more_than_one() -> None:
    never, begun = threading.Event(), time.monotonic()
    came = query_all(range(10), lambda number: number if number == 3 else never.wait(), 0.2)
    assert time.monotonic() - begun < scale_seconds(1, most=1.9)
    assert came[3] == 3
    assert [str(silent) for number, silent in came.items() if number != 3] == [
        "no answer within 0.2 s"
    ] * 9
    never.set()


def test_what_a_look_raises_is_raised() -> None:
    """A defect of ours must not look like a place that is dead."""
    with pytest.raises(ZeroDivisionError):
        run_with_timeout(1, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        query_all([1], lambda _thing: 1 / 0, 1)


def test_a_look_that_is_silent_says_why() -> None:
    def silent(_thing: int) -> int:
        raise SourceUnavailable("no route")

    assert str(query_all([1], silent, 1)[1]) == "no route"


def test_of_an_unknown_error_only_the_kind_is_kept() -> None:
    """Its text and its frames may hold a header."""

    def fail() -> int:
        token = "secret-word"
        raise ValueError(f"Bearer {token}")

    error = run_until_deadline(fail, time.monotonic() + 5, 5, "https://a.example")
    assert isinstance(error, SourceUnavailable)
    assert (error.url, error.reason) == ("https://a.example", "cannot be asked: ValueError")
    assert error.__traceback__ is None
