"""What must hold under load: proven only with enough, refuted only for sure, and never by what does
not speak of it.
"""

from __future__ import annotations

import pytest

from cutover_gates.config.load_objectives import LatencyLimits, LatencyObjectives
from cutover_gates.config.performance import Performance
from cutover_gates.core.statistics.sequential_test import Conclusion
from cutover_gates.probes.load.baseline_tails import TailLimit
from cutover_gates.probes.load.model import ALL_REQUESTS, NEW_CONNECTIONS
from cutover_gates.probes.load.objective_builder import build_objectives
from cutover_gates.probes.load.objectives import LoadObjective, ObjectiveTest, find_unprovable
from cutover_gates.probes.load.request_outcomes import ConnectionFlags, RequestOutcome
from cutover_gates.probes.load.sample_log import Samples
from tests.unit.load.load_samples import START, merge_samples, samples

OPERATIONS = ("search", "upload")
TAIL = TailLimit("search", "p95", 1.5, 0.1, 0.15, 0.2, 100, 1000.0)
"""What took at most 0.10 to 0.13 s may take 1.5 times as long."""


def claim(
    statistic: str, operation: str = "search", medians: dict[str, tuple[float, float]] | None = None
) -> LoadObjective:
    performance = Performance(objectives=LatencyObjectives(p50=0.2))
    return next(
        one
        for one in build_objectives(performance, OPERATIONS, medians or {}, [TAIL])
        if (one.operation, one.statistic) == (operation, statistic)
    )


def state_of(
    statistic: str,
    *several: object,
    operation: str = "search",
    medians: dict[str, tuple[float, float]] | None = None,
) -> Conclusion:
    return ObjectiveTest(claim(statistic, operation, medians)).update(merge_samples(*several))  # type: ignore[arg-type]  # samples


def test_every_operation_has_its_claims() -> None:
    told = {
        (one.item, one.operation, one.statistic, one.required)
        for one in build_objectives(Performance(), OPERATIONS, {"upload": (0.01, 0.02)}, [TAIL])
    }
    assert told == {
        ("error-rate", ALL_REQUESTS, "asked again", False),
        ("error-rate", NEW_CONNECTIONS, "errors", False),
        ("response-times", NEW_CONNECTIONS, "p95", True),
        ("response-times", NEW_CONNECTIONS, "p99", False),
        ("response-times", "search", "p95 ratio", True),
        ("error-rate", ALL_REQUESTS, "errors", True),
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
    claims = build_objectives(Performance(), OPERATIONS, {})
    needed = {
        one.operation: one.share_limit.count_clean_requests() for one in claims if one.required
    }
    assert (
        find_unprovable(
            claims,
            lambda operation: (
                needed[ALL_REQUESTS] if operation == ALL_REQUESTS else needed["search"]
            ),
        )
        is None
    )
    short = find_unprovable(claims, lambda _: needed[ALL_REQUESTS] - 1.0)
    assert short is not None
    assert (short.objective.operation, short.objective.statistic) == (ALL_REQUESTS, "errors")
    assert (short.needed, short.expected) == (needed[ALL_REQUESTS], needed[ALL_REQUESTS] - 1.0)
    few = find_unprovable(
        claims, lambda operation: 10.0 if operation == "upload" else needed[ALL_REQUESTS]
    )
    assert few is not None
    assert str(few.objective) == "upload: p95 within 0.5 s"
    assert (few.needed > 10, few.expected) == (True, 10.0)


def test_nothing_is_certain_of_no_request() -> None:
    assert state_of("p95", samples()) is Conclusion.OPEN


def test_a_clean_run_proves_what_it_is_long_enough_for() -> None:
    assert state_of("p95", *[samples(*[0.01] * 60)]) is Conclusion.OPEN
    assert state_of("p95", samples(*[0.01] * 400)) is Conclusion.HOLDS
    assert state_of("errors", samples(*[0.01] * 3000), operation=ALL_REQUESTS) is Conclusion.OPEN
    assert state_of("errors", samples(*[0.01] * 4000), operation=ALL_REQUESTS) is Conclusion.HOLDS


def test_a_time_at_the_limit_is_within_it() -> None:
    assert state_of("p95", samples(*[0.5] * 400)) is Conclusion.HOLDS
    assert state_of("p95", samples(*[0.5001] * 400)) is Conclusion.BROKEN


def test_another_operations_times_prove_nothing() -> None:
    assert state_of("p95", samples(*[0.01] * 400, operation=1)) is Conclusion.OPEN


@pytest.mark.parametrize("ending", [RequestOutcome.NO_ANSWER, RequestOutcome.NOT_SENT])
def test_what_was_never_answered_was_not_in_time(ending: RequestOutcome) -> None:
    """However short the time after which it was given up."""
    assert (
        state_of("p95", samples(*[0.01] * 300), samples(*[0.02] * 100, ending=ending, rate=33))
        is Conclusion.BROKEN
    )


@pytest.mark.parametrize("ending", [RequestOutcome.REJECTED, RequestOutcome.INVALID_ANSWER])
def test_a_quick_refusal_is_no_quick_answer(ending: RequestOutcome) -> None:
    """It counts as an error, and says nothing about times."""
    refused = samples(*[0.001] * 4000, ending=ending)
    assert state_of("p95", refused) is Conclusion.OPEN
    assert state_of("errors", refused, operation=ALL_REQUESTS) is Conclusion.BROKEN


def test_what_was_cut_at_the_end_speaks_only_once_it_is_late() -> None:
    well = samples(*[0.01] * 400)
    assert (
        state_of("p95", well, samples(*[0.1] * 100, ending=RequestOutcome.UNFINISHED, rate=25))
        is Conclusion.HOLDS
    )
    assert (
        state_of("p95", well, samples(*[0.9] * 100, ending=RequestOutcome.UNFINISHED, rate=25))
        is Conclusion.BROKEN
    )
    assert (
        state_of(
            "errors",
            samples(*[0.01] * 4000),
            samples(*[0.9] * 100, ending=RequestOutcome.UNFINISHED),
            operation=ALL_REQUESTS,
        )
        is Conclusion.HOLDS
    )


def test_errors_of_one_operation_show_where_they_are_lost_in_all() -> None:
    """Thirty of three hundred uploads among fifteen thousand requests."""
    run = [
        samples(*[0.01] * 15000),
        samples(*[0.01] * 270, operation=1, rate=2),
        samples(*[0.01] * 30, operation=1, ending=RequestOutcome.REJECTED, rate=0.2),
    ]
    assert state_of("errors", *run, operation="upload") is Conclusion.BROKEN
    assert state_of("errors", *run, operation="search") is Conclusion.HOLDS


def test_a_burst_in_one_second_is_not_taken_for_a_rate() -> None:
    """A hundred slow requests in one second of thirty are one event: they refute nothing, and prove
    nothing.
    """
    slow = samples(*[1.5] * 100, rate=100, since=START + 10)
    assert state_of("p99", samples(*[0.01] * 3000), slow) is Conclusion.OPEN


def test_a_median_is_held_against_both_bounds_of_the_baselines() -> None:
    """Twice a median that lies between 0.10 and 0.12: below 0.20 is proven, above 0.24 refuted,
    between them nothing is certain.
    """
    bounds = {"search": (0.10, 0.12)}
    assert state_of("ratio", samples(*[0.19] * 200), medians=bounds) is Conclusion.HOLDS
    assert state_of("ratio", samples(*[0.25] * 200), medians=bounds) is Conclusion.BROKEN
    assert state_of("ratio", samples(*[0.22] * 200), medians=bounds) is Conclusion.OPEN


def test_what_goes_wrong_after_it_was_certain_is_not_forgotten() -> None:
    trial = ObjectiveTest(claim("p95"))
    first = samples(*[0.01] * 400)
    assert trial.update(first) is Conclusion.HOLDS
    assert (
        trial.update(merge_samples(first, samples(*[0.9] * 400, since=START + 5)))
        is not Conclusion.HOLDS
    )


# ── connections ──


def on_new(several: Samples) -> Samples:
    """Return the samples, each on a new connection."""
    several["connection"] = ConnectionFlags.NEW
    return several


def test_new_connections_have_objectives_of_their_own() -> None:
    """One in eleven hangs: of all requests nine in a thousand, of those on new connections a tenth."""
    run = (
        samples(*[0.01] * 3600),
        on_new(samples(*[0.01] * 360, rate=10)),
        on_new(samples(*[4.0] * 40, rate=1, ending=RequestOutcome.NO_ANSWER)),
    )
    for statistic in ("p95", "errors"):
        assert state_of(statistic, *run, operation=NEW_CONNECTIONS) is Conclusion.BROKEN
    assert state_of("p99", *run) is Conclusion.OPEN


def test_new_connections_that_are_served_prove_their_objective() -> None:
    well = on_new(samples(*[0.01] * 200, rate=5))
    assert state_of("p95", well, operation=NEW_CONNECTIONS) is Conclusion.HOLDS
    old = samples(*[0.01] * 2000)
    assert state_of("p95", old, operation=NEW_CONNECTIONS) is Conclusion.OPEN


def test_each_operation_keeps_its_own_limit_on_a_new_connection() -> None:
    """An upload may take three seconds, and a search half of one."""
    limits = {"upload": LatencyLimits(p95=3.0)}
    performance = Performance(objectives=LatencyObjectives(operations=limits))
    (objective,) = [
        one
        for one in build_objectives(performance, OPERATIONS, {})
        if (one.operation, one.statistic) == (NEW_CONNECTIONS, "p95")
    ]
    slow = on_new(samples(*[2.0] * 400, operation=1, rate=10))
    assert ObjectiveTest(objective).update(slow) is Conclusion.HOLDS
    slow["operation"] = 0
    assert ObjectiveTest(objective).update(slow) is Conclusion.BROKEN


def test_a_target_that_often_closes_instead_of_answering_is_found() -> None:
    """A second attempt hides it from who asked; a twentieth of all requests is no idle end."""
    again = samples(*[0.01] * 100, rate=2.5)
    again["connection"] = ConnectionFlags.NEW | ConnectionFlags.ASKED_AGAIN
    run = (samples(*[0.01] * 1900, rate=47.5), again)
    assert state_of("asked again", *run, operation=ALL_REQUESTS) is Conclusion.BROKEN
    few = (samples(*[0.01] * 4000), again[:10])
    assert state_of("asked again", *few, operation=ALL_REQUESTS) is Conclusion.HOLDS


# ── tails against a baseline ──


def test_a_tail_is_held_against_both_bounds_of_the_baselines() -> None:
    """One answer in ten takes 0.3 s, and 0.2 s may be taken by one in twenty."""
    assert state_of("p95 ratio", samples(*[0.14] * 400)) is Conclusion.HOLDS
    slow = samples(*[0.3] * 100, rate=10)
    assert state_of("p95 ratio", samples(*[0.05] * 900, rate=90), slow) is Conclusion.BROKEN
    between = samples(*[0.18] * 100, rate=10)
    assert state_of("p95 ratio", samples(*[0.05] * 900, rate=90), between) is Conclusion.OPEN
