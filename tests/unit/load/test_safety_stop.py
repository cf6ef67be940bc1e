"""The run stops itself when it does harm for ten seconds, and not for less."""

from __future__ import annotations

from cutover_gates.probes.load.model import SafetyStop
from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.safety_stop import SAFETY_SECONDS, find_safety_stop
from cutover_gates.probes.load.sample_log import Samples
from tests.unit.load.load_samples import START, merge_samples, samples

NOW = START + 20
OPERATIONS = ("search", "upload")


def kind_of(several: Samples) -> str | None:
    stop = find_safety_stop(several, NOW, 0.5, OPERATIONS)
    return stop.kind if stop else None


def stop_of(several: Samples) -> SafetyStop:
    stop = find_safety_stop(several, NOW, 0.5, OPERATIONS)
    assert stop is not None
    return stop


def test_a_good_run_goes_on() -> None:
    assert find_safety_stop(samples(*[0.01] * 2000), NOW, 0.5, OPERATIONS) is None


def test_errors_for_ten_seconds_stop_it() -> None:
    bad = samples(*[0.01] * 200, ending=RequestOutcome.REJECTED, rate=10)
    assert kind_of(merge_samples(samples(*[0.01] * 2000), bad)) == "errors"


def test_errors_for_nine_seconds_do_not() -> None:
    bad = samples(*[0.01] * 90, ending=RequestOutcome.REJECTED, rate=10, since=NOW - 9)
    assert (
        find_safety_stop(merge_samples(samples(*[0.01] * 2000), bad), NOW, 0.5, OPERATIONS) is None
    )


def test_errors_of_a_slow_load_stop_it_too() -> None:
    """At five requests a second many a second has none that fails, though every tenth does."""
    few = merge_samples(
        samples(*[0.01] * 90, rate=4.5),
        samples(*[0.01] * 12, ending=RequestOutcome.REJECTED, rate=0.6),
    )
    assert kind_of(few) == "errors"


def test_one_error_of_a_slow_load_does_not() -> None:
    few = merge_samples(
        samples(*[0.01] * 100, rate=5), samples(0.01, ending=RequestOutcome.REJECTED, since=NOW - 5)
    )
    assert find_safety_stop(few, NOW, 0.5, OPERATIONS) is None


def test_a_share_below_the_limit_does_not() -> None:
    bad = samples(*[0.01] * 80, ending=RequestOutcome.REJECTED, rate=4)
    assert (
        find_safety_stop(merge_samples(samples(*[0.01] * 2000), bad), NOW, 0.5, OPERATIONS) is None
    )


def test_answers_that_take_five_times_what_they_may_stop_it() -> None:
    stop = find_safety_stop(samples(*[3.0] * 1800, rate=100), NOW, 0.5, OPERATIONS)
    assert stop is not None
    assert (stop.kind, "2.5 s" in stop.expected) == ("slowdown", True)


def test_no_answer_at_all_stops_it() -> None:
    assert find_safety_stop(samples(*[0.01] * 500), NOW, 0.5, OPERATIONS) is not None


def test_nothing_is_said_of_the_first_seconds() -> None:
    assert (
        find_safety_stop(
            samples(*[9.0] * 100, since=NOW - SAFETY_SECONDS + 1), NOW, 0.5, OPERATIONS
        )
        is None
    )
    assert find_safety_stop(samples(), NOW, 0.5, OPERATIONS) is None


def test_a_stop_names_operation_status_and_count() -> None:
    """Whoever is called at night must not read the log first."""
    bad = samples(*[0.01] * 200, operation=1, ending=RequestOutcome.REJECTED, rate=10)
    bad["status"] = 503
    silent = samples(*[0.01] * 20, ending=RequestOutcome.NO_ANSWER, rate=1)
    stop = stop_of(merge_samples(samples(*[0.01] * 2000), bad, silent))
    assert "upload: refused with status 503 (100 times)" in stop.actual
    assert "search: no answer (10 times)" in stop.actual


def test_a_stop_for_slowness_names_the_slowest_operations() -> None:
    slow = samples(*[4.0] * 1800, operation=1, rate=100)
    stop = stop_of(merge_samples(samples(*[3.0] * 1800, rate=100), slow))
    assert "upload: 4 s (of 1000); search: 3 s (of 1000)" in stop.actual
    assert stop_of(samples(*[0.01] * 500)).actual.endswith("no request was answered")
