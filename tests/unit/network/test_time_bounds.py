"""Bounds: ten dead places cost no more than one, and a look that hangs is left behind."""

from __future__ import annotations

import threading
import time

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.network.network_context import (
    NetworkAssessmentBuilder,
    NetworkContext,
    query_all,
    run_with_timeout,
)
from cutover_gates.util.http import SourceUnavailable


def test_ten_dead_places_cost_no_more_than_one() -> None:
    never, begun = threading.Event(), time.monotonic()
    came = query_all(range(10), lambda number: number if number == 3 else never.wait(), 0.2)
    assert time.monotonic() - begun < 1
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


def test_what_was_seen_is_left_in_the_evidence() -> None:
    left: list[Assessment] = []
    seen = NetworkAssessmentBuilder("names", not_proven=["a"])
    seen.add_result("b", ["c"])
    examination = seen.build_and_record(NetworkContext("staging", record=left.append))
    assert left == [examination]
    assert (examination.checked, examination.findings, examination.not_proven) == (
        ("b",),
        ("c",),
        ("a",),
    )
