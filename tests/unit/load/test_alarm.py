"""The run stops itself when it does harm for ten seconds, and not for less."""

from __future__ import annotations

from cutover.load.alarm import SECONDS, alarmed
from cutover.load.samples import Ending
from tests.unit.load.runs import START, samples, together

NOW = START + 20


def test_a_good_run_goes_on() -> None:
    assert alarmed(samples(*[0.01] * 2000), NOW, 0.5) is None


def test_errors_for_ten_seconds_stop_it() -> None:
    bad = samples(*[0.01] * 200, ending=Ending.REFUSED, rate=10)
    assert "failed" in (alarmed(together(samples(*[0.01] * 2000), bad), NOW, 0.5) or "")


def test_errors_for_nine_seconds_do_not() -> None:
    bad = samples(*[0.01] * 90, ending=Ending.REFUSED, rate=10, since=NOW - 9)
    assert alarmed(together(samples(*[0.01] * 2000), bad), NOW, 0.5) is None


def test_errors_of_a_slow_load_stop_it_too() -> None:
    """At five requests a second many a second has none that fails, though every tenth does."""
    few = together(
        samples(*[0.01] * 90, rate=4.5), samples(*[0.01] * 12, ending=Ending.REFUSED, rate=0.6)
    )
    assert "failed" in (alarmed(few, NOW, 0.5) or "")


def test_one_error_of_a_slow_load_does_not() -> None:
    few = together(
        samples(*[0.01] * 100, rate=5), samples(0.01, ending=Ending.REFUSED, since=NOW - 5)
    )
    assert alarmed(few, NOW, 0.5) is None


def test_a_share_below_the_limit_does_not() -> None:
    bad = samples(*[0.01] * 80, ending=Ending.REFUSED, rate=4)
    assert alarmed(together(samples(*[0.01] * 2000), bad), NOW, 0.5) is None


def test_answers_that_take_five_times_what_they_may_stop_it() -> None:
    assert "took more than 2.5 s" in (alarmed(samples(*[3.0] * 1800, rate=100), NOW, 0.5) or "")


def test_no_answer_at_all_stops_it() -> None:
    assert alarmed(samples(*[0.01] * 500), NOW, 0.5) is not None


def test_nothing_is_said_of_the_first_seconds() -> None:
    assert alarmed(samples(*[9.0] * 100, since=NOW - SECONDS + 1), NOW, 0.5) is None
    assert alarmed(samples(), NOW, 0.5) is None
