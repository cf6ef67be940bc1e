"""The figures of the load run beside their limits."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.reporting.measurements import LoadMeasurements, collect_measurements
from tests.unit.reporting.sample_verdicts import LOAD, sample_verdict
from tests.unit.reporting.test_load_charts import claim, errors, response_times


def measured(*observed: dict[str, Any]) -> LoadMeasurements | None:
    """Return the measurements of a verdict whose checks saw these facts."""
    evidence = [{"kind": "observation", "title": "seen", "facts": facts} for facts in observed]
    return collect_measurements(sample_verdict(evidence=evidence))


def test_a_gate_without_load_has_none() -> None:
    """Then nothing is shown."""
    assert measured() is None
    assert measured({"bytes": 3}) is None


def test_each_objective_has_its_value_limit_requests_and_result() -> None:
    """Times from the operations, errors from their counts, ratios from the baseline."""
    ratio = {
        "claims": [claim("search", "ratio", limit="at most 2 times")],
        "ratios": {"search": [1.04, 0.98, None]},
    }
    found = measured(response_times("search"), errors(), ratio)
    assert found is not None
    assert [
        (one.operation, one.statistic, one.measured, one.limit, one.requests, one.result)
        for one in found.objectives
    ] == [
        ("search", "p95", "20.0 ms", "within 0.5 s", 400, "kept"),
        ("search", "p99", "700 ms", "within 0.5 s", 400, "kept"),
        ("all requests", "errors", "0.847 %", "below 0.1 %", 4720, "MISSED"),
        ("search", "ratio", "1.04 x", "at most 2 times", 400, "kept"),
    ]
    assert (found.requests, found.seconds) == (4720, 60)


def test_an_objective_that_is_not_needed_is_told_only_where_it_is_missed() -> None:
    """Open, it says nothing: there are too few requests of one operation to prove a low rate."""
    claims = [
        claim("search", "errors", "open", needed=False),
        claim("upload", "errors", "broken", needed=False, bad=9),
    ]
    found = measured(errors(claims=claims))
    assert found is not None
    assert [one.operation for one in found.objectives] == ["upload"]


def test_an_operation_takes_one_line() -> None:
    """With all of its objectives."""
    found = measured(response_times("search", "upload"))
    assert found is not None
    assert [
        (one.operation, one.requests, one.values.count("within")) for one in found.by_operation()
    ] == [
        ("search", 400, 2),
        ("upload", 400, 2),
    ]


@pytest.mark.parametrize("odd", [None, 7, "x", [None], [{}], {"a": 1}])
def test_malformed_facts_never_cost_the_verdict(odd: Any) -> None:
    """What can be read is still shown."""
    facts = response_times("search")
    for name in ("claims", "operations", "series"):
        measured(facts | {name: odd})
        assert measured(LOAD["facts"], facts | {name: odd}) is not None
