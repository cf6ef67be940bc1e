"""Bounds: ten dead places cost no more than one, and a look that hangs is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from cutover.evidence import Examination
from cutover.telemetry import TelemetrySilent
from cutover.telemetry.network import Context
from cutover.telemetry.network.seen import Seen, look_at_all, within


def test_ten_dead_places_cost_no_more_than_one() -> None:
    never, begun = threading.Event(), time.monotonic()
    came = look_at_all(range(10), lambda number: number if number == 3 else never.wait(), 0.2)
    assert time.monotonic() - begun < 1
    assert came[3] == 3
    assert [str(silent) for number, silent in came.items() if number != 3] == [
        "no answer within 0.2 s"
    ] * 9
    never.set()


def test_what_a_look_raises_is_raised() -> None:
    """A defect of ours must not look like a place that is dead."""
    with pytest.raises(ZeroDivisionError):
        within(1, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        look_at_all([1], lambda _thing: 1 / 0, 1)


def test_a_look_that_is_silent_says_why() -> None:
    def silent(_thing: int) -> int:
        raise TelemetrySilent("no route")

    assert str(look_at_all([1], silent, 1)[1]) == "no route"


def test_what_was_seen_is_left_in_the_evidence() -> None:
    left: list[Examination] = []
    seen = Seen("names", unproven=["a"])
    seen.judge("b", ["c"])
    examination = seen.told(Context("staging", record=left.append))
    assert left == [examination]
    assert (examination.examined, examination.findings, examination.unproven) == (
        ("b",),
        ("c",),
        ("a",),
    )
