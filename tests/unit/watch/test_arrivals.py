"""The plan of the probes: its rate, its freedom from cycles, and that it waits for nothing."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from cutover_gates.config.watch import WatchPaths
from cutover_gates.watch.probe_loop import LONGEST, SHORTEST, ArrivalPlan
from cutover_gates.watch.probe_paths import ACTS, NEEDED, SLOW_PATHS


def plan_moments(seed: int, intervals: dict[str, float], seconds: float) -> list[tuple[str, float]]:
    """Return all arrivals of so many seconds, as a loop that wakes every 10 ms takes them."""
    plan = ArrivalPlan(intervals, Random(seed))
    plan.begin(0)
    ticks = (tick / 100 for tick in range(int(seconds * 100)))
    return [arrival for now in ticks for arrival in plan.take_due(now)]


@pytest.mark.parametrize("seed", range(5))
def test_each_path_is_asked_as_often_as_declared(seed: int) -> None:
    arrivals = plan_moments(seed, {"read": 0.1, "write": 0.5}, 200)
    counts = [sum(path == name for path, _ in arrivals) for name in ("read", "write")]
    assert counts[0] == pytest.approx(2000, rel=0.05)
    assert counts[1] == pytest.approx(400, rel=0.1)


def test_pauses_are_drawn_anew_and_bounded() -> None:
    moments = [moment for _, moment in plan_moments(1, {"read": 0.1}, 100)]
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    assert min(pauses) >= 0.1 * SHORTEST - 1e-9
    assert max(pauses) <= 0.1 * LONGEST + 1e-9
    assert len({round(pause, 3) for pause in pauses}) > 50


def test_a_weighted_round_robin_hides_no_instance_from_any_path() -> None:
    """Caddy's 9 to 1 is a fixed cycle of ten; the tenth request must come to each path."""
    arrivals = plan_moments(7, {"read": 0.1, "search": 0.2, "write": 0.25, "upload": 1.0}, 120)
    tenth = [path for number, (path, _) in enumerate(arrivals) if number % 10 == 9]
    for path in ("read", "search", "write", "upload"):
        total = sum(name == path for name, _ in arrivals)
        assert tenth.count(path) / total == pytest.approx(0.1, abs=0.08)


def test_a_late_loop_gets_every_arrival_with_the_moment_at_which_it_was_due() -> None:
    plan = ArrivalPlan({"read": 0.1}, Random(1))
    plan.begin(0)
    arrivals = plan.take_due(3.0)
    assert len(arrivals) == pytest.approx(30, abs=5)
    assert all(moment <= 3.0 for _, moment in arrivals)
    assert plan.next_moment > 3.0


def test_every_path_of_the_settings_has_an_act_and_the_reverse() -> None:
    assert set(WatchPaths().intervals()) == set(ACTS)
    assert set(ACTS) >= SLOW_PATHS
    assert set(NEEDED) <= set(ACTS)
