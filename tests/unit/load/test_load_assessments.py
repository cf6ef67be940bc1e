"""What the checks of `performance/` are told: findings for what is broken, gaps for what is not
certain, and never silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.load_objectives import BaselineSettings
from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.hospital import Unsupported
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.assessments import NO_POOL, NO_USAGE, LoadAssessments
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_validity import find_load_gaps
from cutover_gates.probes.load.model import LoadSummary, SafetyStop
from cutover_gates.probes.load.operation_figures import UncomparedTail
from cutover_gates.probes.load.request_outcomes import FailureCount
from cutover_gates.probes.load.resource_assessment import rules as resource_rules
from tests.findings import list_breaches, list_gaps, raises_gap
from tests.unit.load.load_summaries import SOUND, generator, objective, operation, summary


def load(
    tmp_path: Path,
    run: LoadSummary,
    declared: Mapping[str, str] | None = None,
    name: str | None = "before",
) -> LoadAssessments:
    performance = Performance(baseline=BaselineSettings(name=name))
    return LoadAssessments(
        run,
        performance,
        LoadBaselines(tmp_path, "staging", "2", "https://x.example", performance, ""),
        declared or {},
    )


GOOD = (
    objective("response-times", "p95", "holds"),
    objective("error-rate", "errors", "holds", operation="all requests"),
)


def test_a_good_run_is_sound(tmp_path: Path) -> None:
    good = load(tmp_path, summary(*GOOD))
    for question in (
        good.assess_offered_load,
        good.assess_response_times,
        good.assess_error_rate,
        good.assess_connection_pool,
        good.assess_resource_usage,
        good.record_baseline,
    ):
        assert_passed(question())


def test_a_summary_is_the_same_after_it_crossed_a_process() -> None:
    gap = Finding(resource_rules.CPU_USAGE, "CPU", "", "no source")
    run = summary(
        *GOOD,
        safety_stop=SafetyStop("errors", "few", "many"),
        failures={"upload": ("HTTP 500",)},
        failure_counts=(FailureCount("upload", 1, 500, 3),),
        uncompared=(UncomparedTail("upload", "p99", None, 640),),
        usage=replace(SOUND, not_proven=(gap,), figures={"limits": {"cpu_cores": 1}}),
    )
    assert LoadSummary.from_plain(json.loads(json.dumps(run.to_plain()))) == run


def test_a_broken_objective_is_a_finding_with_its_figures(tmp_path: Path) -> None:
    broken = objective("response-times", "p95", "broken", measured=0.812)
    (finding,) = load(tmp_path, summary(broken)).assess_response_times().findings
    assert (finding.rule, finding.subject) == (rules.RESPONSE_TIME, "upload p95")
    assert finding.expected == "within 0.5 s"
    for value in ("0.812 s", "3 of 400", "5 %"):
        assert value in finding.actual


def test_an_error_is_shown_in_the_targets_own_words(tmp_path: Path) -> None:
    failures = {"upload": ("upload: POST\n  came: HTTP 500",), "search": ("another",)}
    broken = summary(
        objective("error-rate", "errors", "broken", limit="below 0.1 %", measured=0.0075),
        failures=failures,
    )
    (finding,) = load(tmp_path, broken).assess_error_rate().findings
    assert (finding.rule, finding.subject) == (rules.ERROR_RATE, "upload error rate")
    assert (finding.expected, finding.actual.split(" (")[0]) == ("below 0.1 %", "0.75 %")
    assert "came: HTTP 500" in finding.actual
    assert "another" not in finding.actual


@pytest.mark.parametrize(("missing", "says"), [(300, "300"), (None, "too near")])
def test_an_open_objective_is_not_proven_and_says_what_is_missing(
    tmp_path: Path, missing: int | None, says: str
) -> None:
    run = summary(objective("response-times", "p99", "open", missing=missing))
    assessment = load(tmp_path, run).assess_response_times()
    assert list_gaps(assessment) == [(rules.RESPONSE_TIME, "upload p99")]
    assert says in assessment.not_proven[0].actual
    assert not assessment.findings


def test_an_open_objective_shows_the_failures_too(tmp_path: Path) -> None:
    """What is not certain is not nothing: somebody looks at it in the night."""
    run = summary(
        objective("error-rate", "errors", "open", operation="all requests", missing=500),
        failures={"upload": ("upload: POST\n  came: HTTP 500",), "search": ("no answer",)},
        failure_counts=(FailureCount("upload", 1, 500, 2), FailureCount("search", 2, 0, 1)),
    )
    (gap,) = load(tmp_path, run).assess_error_rate().not_proven
    assert "upload: refused with status 500 (2 times); search: no answer (1 times)" in gap.actual
    assert "came: HTTP 500" in gap.actual


def test_failures_are_shown_where_the_load_was_not_as_planned(tmp_path: Path) -> None:
    run = summary(
        objective("error-rate", "errors", "broken"),
        generator=generator(in_time=0.5),
        failure_counts=(FailureCount("upload", 1, 500, 2),),
    )
    assessment = load(tmp_path, run).assess_error_rate()
    assert not assessment.findings
    assert "upload: refused with status 500 (2 times)" in assessment.not_proven[-1].actual


def test_a_slow_operation_tells_which_requests_had_no_answer(tmp_path: Path) -> None:
    run = summary(
        objective("response-times", "p95", "open", missing=9),
        failure_counts=(FailureCount("upload", 2, 0, 7), FailureCount("search", 2, 0, 1)),
    )
    (gap,) = load(tmp_path, run).assess_response_times().not_proven
    assert "upload: no answer (7 times)" in gap.actual
    assert "search" not in gap.actual


def test_new_connections_have_a_rule_of_their_own(tmp_path: Path) -> None:
    broken = objective("response-times", "p95", "broken", operation="new connections")
    again = objective("error-rate", "asked again", "broken", operation="all requests")
    run = load(tmp_path, summary(broken, again))
    assert list_breaches(run.assess_response_times()) == [
        (rules.NEW_CONNECTIONS, "new connections p95")
    ]
    assert list_breaches(run.assess_error_rate()) == [
        (rules.ASKED_AGAIN, "all requests asked again")
    ]


def test_a_tail_that_is_not_compared_is_named_with_the_number_that_it_needs(
    tmp_path: Path,
) -> None:
    load(tmp_path, summary(*GOOD)).record_baseline()
    tail = objective("response-times", "p99 ratio", "open", required=False)
    held = objective("response-times", "p95 ratio", "holds")
    run = summary(tail, held, uncompared=(UncomparedTail("upload", "p99", 1200, 640),))
    assessment = load(tmp_path, run).assess_against_baseline()
    assert_passed(assessment)
    assert assessment.figures["not_compared"] == ["upload p99 (1,200 needed, 640 planned)"]
    assert [claim["measured"] for claim in assessment.figures["claims"]] == [1.0, 1.0]


def test_a_tail_that_is_broken_is_a_finding_although_too_few_requests_prove_it(
    tmp_path: Path,
) -> None:
    load(tmp_path, summary(*GOOD)).record_baseline()
    tail = objective("response-times", "p99 ratio", "broken", required=False)
    assessment = load(tmp_path, summary(tail)).assess_against_baseline()
    assert list_breaches(assessment) == [(rules.BASELINE_TAIL, "upload p99")]


def test_an_open_objective_that_is_not_required_is_no_gap(tmp_path: Path) -> None:
    run = summary(GOOD[1], objective("error-rate", "errors", "open", required=False))
    assert_passed(load(tmp_path, run).assess_error_rate())


def test_no_objective_at_all_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotProven):
        assert_passed(load(tmp_path, summary()).assess_response_times())


@pytest.mark.parametrize(
    ("kind", "rule"), [("errors", rules.SAFETY_ERRORS), ("slowdown", rules.SAFETY_SLOWDOWN)]
)
def test_a_stop_for_safety_is_a_finding_of_what_stopped_it(
    tmp_path: Path, kind: Any, rule: Rule
) -> None:
    run = load(tmp_path, summary(*GOOD, safety_stop=SafetyStop(kind, "at most", "more")))
    asked = {"errors": run.assess_error_rate, "slowdown": run.assess_response_times}
    assert list_breaches(asked.pop(kind)()) == [(rule, "all requests")]
    for other in asked.values():
        assert_passed(other())


def test_a_stop_for_safety_is_a_finding_also_where_the_load_was_not_as_planned(
    tmp_path: Path,
) -> None:
    stopped = summary(
        *GOOD, safety_stop=SafetyStop("errors", "few", "many"), generator=generator(in_time=0.5)
    )
    assessment = load(tmp_path, stopped).assess_error_rate()
    assert list_breaches(assessment) == [(rules.SAFETY_ERRORS, "all requests")]
    assert list_gaps(assessment) == [(rules.SENT_ON_TIME, "load generator")]


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        ({"requests": 0, "end_reason": "no request in 20 s"}, rules.REQUESTS_JUDGED, "20 s"),
        ({"problems": ("load-2 was lost",)}, rules.LOG_COMPLETE, "load-2 was lost"),
        ({"generator": generator(in_time=0.94)}, rules.SENT_ON_TIME, "94.0 %"),
        ({"generator": generator(busiest=0.95)}, rules.GENERATOR_CPU, "95 %"),
        ({"journeys": {"clerk": 300}}, rules.JOURNEYS_STARTED, "500 planned"),
    ],
)
def test_a_load_that_was_not_made_as_planned_proves_nothing(
    tmp_path: Path, change: dict[str, Any], rule: Rule, says: str
) -> None:
    run = summary(*GOOD, **change)
    (gap,) = find_load_gaps(run, Performance())
    assert gap.rule is rule
    assert says in gap.actual
    assert load(tmp_path, run).assess_offered_load().not_proven == (gap,)


def test_what_is_lost_leaves_no_objective_proven(tmp_path: Path) -> None:
    """A worker that died took samples with it: whatever the rest say, nothing is proven."""
    run = load(tmp_path, summary(*GOOD, problems=("a load process was lost",)))
    for question in (run.assess_response_times, run.assess_error_rate):
        assert list_gaps(question()) == [(rules.LOG_COMPLETE, "load processes")]


def test_a_slow_machine_of_ours_is_no_finding_about_the_target(tmp_path: Path) -> None:
    """The requests left late, and so took long."""
    broken = objective("response-times", "p95", "broken")
    run = summary(broken, generator=generator(in_time=0.5))
    assessment = load(tmp_path, run).assess_response_times()
    assert not assessment.findings
    assert list_gaps(assessment) == [
        (rules.SENT_ON_TIME, "load generator"),
        (rules.RESPONSE_TIME, "upload p95"),
    ]


def test_a_ratio_shows_its_measured_value(tmp_path: Path) -> None:
    """It is known only beside the baseline."""
    load(tmp_path, summary(*GOOD)).record_baseline()
    ratio = objective(
        "response-times", "ratio", "broken", limit="at most 2 times", measured=None, bad=390
    )
    slow = summary(ratio, operations=(operation(p50=(0.025, 0.024, 0.026)),))
    assessment = load(tmp_path, slow).assess_against_baseline()
    assert list_breaches(assessment) == [(rules.BASELINE_RATIO, "upload median")]
    assert assessment.findings[0].actual.startswith("2.50 times")
    assert assessment.figures["claims"][0]["measured"] == 2.5


def test_what_a_target_declares_that_it_does_not_report_is_not_applicable(tmp_path: Path) -> None:
    declared = {
        NO_USAGE: "it has no metrics",
        NO_POOL: "no pool",
        "database": "nobody may look",
        "baseline": "the first release",
    }
    run = load(tmp_path, summary(*GOOD), declared)
    for question in (
        run.assess_resource_usage,
        run.assess_connection_pool,
        run.assess_against_baseline,
        run.record_baseline,
    ):
        with pytest.raises(Unsupported):
            question()


def test_a_pool_that_is_declared_silent_is_still_seen_from_the_database(tmp_path: Path) -> None:
    assert_passed(load(tmp_path, summary(*GOOD), {NO_POOL: "no pool"}).assess_connection_pool())


@pytest.mark.parametrize("spoiled", ["response-times", "error-rate", "pool", "usage", "log"])
def test_a_run_that_is_not_good_in_every_way_is_not_recorded(tmp_path: Path, spoiled: str) -> None:
    """Broken, or only not certain."""
    objectives = [
        replace(one, state="open", missing=9) if one.item == spoiled else one for one in GOOD
    ]
    run = summary(*objectives)
    if spoiled == "log":
        run = replace(run, problems=("a part of its log was lost",))
    elif spoiled in ("pool", "usage"):
        gap = Finding(resource_rules.CPU_USAGE, "CPU", "", "no source")
        unproven = replace(SOUND, not_proven=(gap,))
        run = replace(run, pool=unproven) if spoiled == "pool" else replace(run, usage=unproven)
    with raises_gap(rules.BASELINE_FROM_GOOD_RUN):
        load(tmp_path, run).record_baseline()
    assert not list(tmp_path.iterdir())


def test_every_answer_is_left_in_the_evidence(tmp_path: Path) -> None:
    left: list[Assessment] = []
    plain = load(tmp_path, summary(*GOOD))
    run = LoadAssessments(plain.summary, plain.performance, plain.baselines, {}, left.append)
    run.assess_response_times()
    run.assess_error_rate()
    assert [assessment.title for assessment in left] == ["response times", "errors"]


def test_a_go_shows_the_figures_of_each_objective(tmp_path: Path) -> None:
    """The measured value beside its limit, the requests, and how long was judged."""
    assessment = load(tmp_path, summary(*GOOD)).assess_response_times()
    (claim,) = assessment.figures["claims"]
    shown = {"operation", "statistic", "measured", "limit", "limit_value", "of", "seconds"}
    assert {name: claim[name] for name in shown} == {
        "operation": "upload",
        "statistic": "p95",
        "measured": 0.25,
        "limit": "within 0.5 s",
        "limit_value": 0.5,
        "of": 400,
        "seconds": 50.0,
    }


def test_without_load_neither_pool_nor_processor_nor_memory_is_proven(tmp_path: Path) -> None:
    """An idle target has room for everything."""
    idle = load(tmp_path, summary(requests=0, end_reason="nothing was sent"))
    late = load(tmp_path, summary(generator=generator(in_time=0.5)))
    for run, rule in ((idle, rules.REQUESTS_JUDGED), (late, rules.SENT_ON_TIME)):
        for question in (run.assess_connection_pool, run.assess_resource_usage):
            with raises_gap(rule):
                assert_passed(question())


def test_too_much_without_load_is_a_finding_all_the_same(tmp_path: Path) -> None:
    full = replace(SOUND, findings=(Finding(resource_rules.POOL_CONNECTIONS, "pool"),))
    idle = load(tmp_path, summary(requests=0, pool=full))
    assert list_breaches(idle.assess_connection_pool()) == [
        (resource_rules.POOL_CONNECTIONS, "pool")
    ]
