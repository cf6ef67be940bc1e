"""What must hold under load: proven only with enough, refuted only for sure, and never by what does
not speak of it.
"""

from __future__ import annotations

import pytest

from cutover.load.claims import ALL, Claim, Trial, claims_of, hopeless
from cutover.load.samples import Ending
from cutover.load.statistics.sequential import State
from cutover.settings import Objectives, Performance
from tests.unit.load.runs import START, samples, together

OPERATIONS = ("search", "upload")


def claim(
    statistic: str, operation: str = "search", medians: dict[str, tuple[float, float]] | None = None
) -> Claim:
    performance = Performance(objectives=Objectives(p50=0.2))
    return next(
        one
        for one in claims_of(performance, OPERATIONS, medians or {})
        if (one.operation, one.statistic) == (operation, statistic)
    )


def state_of(
    statistic: str,
    *several: object,
    operation: str = "search",
    medians: dict[str, tuple[float, float]] | None = None,
) -> State:
    return Trial(claim(statistic, operation, medians)).look(together(*several))  # type: ignore[arg-type]  # samples


def test_every_operation_has_its_claims() -> None:
    told = {
        (one.item, one.operation, one.statistic, one.needed)
        for one in claims_of(Performance(), OPERATIONS, {"upload": (0.01, 0.02)})
    }
    assert told == {
        ("error-rate", ALL, "errors", True),
        ("error-rate", "search", "errors", False),
        ("error-rate", "upload", "errors", False),
        ("response-times", "search", "p95", True),
        ("response-times", "search", "p99", True),
        ("response-times", "upload", "p95", True),
        ("response-times", "upload", "p99", True),
        ("response-times", "upload", "ratio", True),
    }


def test_a_run_that_can_prove_nothing_is_told_beforehand() -> None:
    """Without a single bad request: too few in all for the error rate, or of one operation for its
    p99. What need not be proven does not count.
    """
    claims = claims_of(Performance(), OPERATIONS, {})
    needed = {one.operation: one.at_most.clean_requests_needed() for one in claims if one.needed}
    assert (
        hopeless(claims, lambda operation: needed[ALL] if operation == ALL else needed["search"])
        is None
    )
    assert f"all requests: errors below 0.1 % takes {needed[ALL]} requests" in (
        hopeless(claims, lambda _: needed[ALL] - 1.0) or ""
    )
    few = hopeless(claims, lambda operation: 10.0 if operation == "upload" else needed[ALL])
    assert few is not None
    assert few.startswith("upload: p95 within 0.5 s takes ")
    assert few.endswith("there would be about 10")


def test_nothing_is_certain_of_no_request() -> None:
    assert state_of("p95", samples()) is State.OPEN


def test_a_clean_run_proves_what_it_is_long_enough_for() -> None:
    assert state_of("p95", *[samples(*[0.01] * 60)]) is State.OPEN
    assert state_of("p95", samples(*[0.01] * 400)) is State.HOLDS
    assert state_of("errors", samples(*[0.01] * 3000), operation=ALL) is State.OPEN
    assert state_of("errors", samples(*[0.01] * 4000), operation=ALL) is State.HOLDS


def test_a_time_at_the_limit_is_within_it() -> None:
    assert state_of("p95", samples(*[0.5] * 400)) is State.HOLDS
    assert state_of("p95", samples(*[0.5001] * 400)) is State.BROKEN


def test_another_operations_times_prove_nothing() -> None:
    assert state_of("p95", samples(*[0.01] * 400, operation=1)) is State.OPEN


@pytest.mark.parametrize("ending", [Ending.NO_ANSWER, Ending.NOT_SENT])
def test_what_was_never_answered_was_not_in_time(ending: Ending) -> None:
    """However short the time after which it was given up."""
    assert (
        state_of("p95", samples(*[0.01] * 300), samples(*[0.02] * 100, ending=ending, rate=33))
        is State.BROKEN
    )


@pytest.mark.parametrize("ending", [Ending.REFUSED, Ending.WRONG])
def test_a_quick_refusal_is_no_quick_answer(ending: Ending) -> None:
    """It counts as an error, and says nothing about times."""
    refused = samples(*[0.001] * 4000, ending=ending)
    assert state_of("p95", refused) is State.OPEN
    assert state_of("errors", refused, operation=ALL) is State.BROKEN


def test_what_was_cut_at_the_end_speaks_only_once_it_is_late() -> None:
    well = samples(*[0.01] * 400)
    assert state_of("p95", well, samples(*[0.1] * 100, ending=Ending.CUT, rate=25)) is State.HOLDS
    assert state_of("p95", well, samples(*[0.9] * 100, ending=Ending.CUT, rate=25)) is State.BROKEN
    assert (
        state_of(
            "errors",
            samples(*[0.01] * 4000),
            samples(*[0.9] * 100, ending=Ending.CUT),
            operation=ALL,
        )
        is State.HOLDS
    )


def test_errors_of_one_operation_show_where_they_are_lost_in_all() -> None:
    """Thirty of three hundred uploads among fifteen thousand requests."""
    run = [
        samples(*[0.01] * 15000),
        samples(*[0.01] * 270, operation=1, rate=2),
        samples(*[0.01] * 30, operation=1, ending=Ending.REFUSED, rate=0.2),
    ]
    assert state_of("errors", *run, operation="upload") is State.BROKEN
    assert state_of("errors", *run, operation="search") is State.HOLDS


def test_a_burst_in_one_second_is_not_taken_for_a_rate() -> None:
    """A hundred slow requests in one second of thirty are one event: they refute nothing, and prove
    nothing.
    """
    slow = samples(*[1.5] * 100, rate=100, since=START + 10)
    assert state_of("p99", samples(*[0.01] * 3000), slow) is State.OPEN


def test_a_median_is_held_against_both_bounds_of_the_baselines() -> None:
    """Twice a median that lies between 0.10 and 0.12: below 0.20 is proven, above 0.24 refuted,
    between them nothing is certain.
    """
    bounds = {"search": (0.10, 0.12)}
    assert state_of("ratio", samples(*[0.19] * 200), medians=bounds) is State.HOLDS
    assert state_of("ratio", samples(*[0.25] * 200), medians=bounds) is State.BROKEN
    assert state_of("ratio", samples(*[0.22] * 200), medians=bounds) is State.OPEN


def test_what_goes_wrong_after_it_was_certain_is_not_forgotten() -> None:
    trial = Trial(claim("p95"))
    first = samples(*[0.01] * 400)
    assert trial.look(first) is State.HOLDS
    assert trial.look(together(first, samples(*[0.9] * 400, since=START + 5))) is not State.HOLDS
