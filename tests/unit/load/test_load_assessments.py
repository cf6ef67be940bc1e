"""What the checks of `performance/` are told: findings for what is broken, holes for what is not
certain, and never silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.performance import BaselineSettings, Performance
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.hospital import Unsupported
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.load.assessments import NO_POOL, NO_USAGE, LoadAssessments
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_summary import find_load_problems

SOUND = {"title": "t", "checked": ["memory"], "findings": [], "not_proven": [], "figures": {}}


def claim(item: str, statistic: str, state: str, **others: Any) -> dict[str, Any]:
    return {
        "item": item,
        "operation": "upload",
        "statistic": statistic,
        "limit": "within 0.5 s",
        "needed": True,
        "state": state,
        "bad": 3,
        "of": 400,
        "share": 0.05,
        "at_most": 0.02,
        "missing": 0,
        **others,
    }


def facts(*claims: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    generator = {
        "intended_rate": 40.0,
        "rate": 39.0,
        "in_time": 1.0,
        "late_p99": 0.01,
        "busiest": 0.2,
        "processes": 1,
        "expected_journeys": 500.0,
    }
    return {
        "ended": "everything is certain",
        "certain": True,
        "stopped_for_safety": False,
        "judged_seconds": 50.0,
        "requests": 2000,
        "notes": [],
        "begun": {"clerk": 520},
        "generator": generator,
        "claims": list(claims),
        "operations": [{"name": "upload", "p50": [0.01, 0.01, 0.01]}],
        "troubles": {},
        "series": [],
        "resources": {"pool": SOUND, "usage": SOUND},
        **others,
    }


def load(
    tmp_path: Path,
    told: dict[str, Any],
    declared: Mapping[str, str] | None = None,
    name: str | None = "before",
) -> LoadAssessments:
    performance = Performance(baseline=BaselineSettings(name=name))
    return LoadAssessments(
        told,
        performance,
        LoadBaselines(tmp_path, "staging", "2", "https://x.example", performance, ""),
        declared or {},
    )


GOOD = (
    claim("response-times", "p95", "holds"),
    claim("error-rate", "errors", "holds", operation="all requests"),
)


def test_a_good_run_is_sound(tmp_path: Path) -> None:
    good = load(tmp_path, facts(*GOOD))
    for question in (
        good.assess_offered_load,
        good.assess_response_times,
        good.assess_error_rate,
        good.assess_connection_pool,
        good.assess_resource_usage,
        good.record_baseline,
    ):
        assert_passed(question())


def test_a_broken_claim_is_a_finding_with_its_figures(tmp_path: Path) -> None:
    with pytest.raises(
        AssertionError,
        match=(
            r"p95 of upload is not within 0.5 s: 3 of 400 requests took longer, and at most 5 % may"
        ),
    ):
        assert_passed(
            load(tmp_path, facts(claim("response-times", "p95", "broken"))).assess_response_times()
        )


def test_an_error_is_shown_in_the_targets_own_words(tmp_path: Path) -> None:
    troubles = {"upload": ["upload: POST\n  came: HTTP 500"], "search": ["x"]}
    broken = facts(claim("error-rate", "errors", "broken", limit="below 0.1 %"), troubles=troubles)
    with pytest.raises(AssertionError, match="came: HTTP 500"):
        assert_passed(load(tmp_path, broken).assess_error_rate())


def test_an_open_claim_is_not_proven_and_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NotProven, match="about 300 more would be needed"):
        assert_passed(
            load(
                tmp_path, facts(claim("response-times", "p99", "open", missing=300))
            ).assess_response_times()
        )
    with pytest.raises(NotProven, match="too near to the limit"):
        assert_passed(
            load(
                tmp_path, facts(claim("response-times", "p99", "open", missing=None))
            ).assess_response_times()
        )


def test_an_open_claim_that_is_not_needed_is_no_hole(tmp_path: Path) -> None:
    assert_passed(
        load(
            tmp_path, facts(GOOD[1], claim("error-rate", "errors", "open", needed=False))
        ).assess_error_rate()
    )


def test_no_claim_at_all_proves_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotProven, match="nothing to check"):
        assert_passed(load(tmp_path, facts()).assess_response_times())


def test_a_stop_for_safety_is_a_finding_of_what_stopped_it(tmp_path: Path) -> None:
    told = facts(
        *GOOD,
        stopped_for_safety=True,
        ended="stopped for safety: more than 5 % of the requests failed in each of the last 10 s",
    )
    with pytest.raises(AssertionError, match="stopped for safety"):
        assert_passed(load(tmp_path, told).assess_error_rate())
    assert_passed(load(tmp_path, told).assess_response_times())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            {"requests": 0, "ended": "not one request was made in 20 s"},
            "no request was judged: not one",
        ),
        ({"notes": ["a load process was lost"]}, "was lost"),
        ({"generator": {"in_time": 0.94}}, "94.0 % of the requests left when they were intended"),
        ({"generator": {"busiest": 0.95}}, "95 % of a processor"),
        ({"begun": {"clerk": 300}}, "the load was not made"),
    ],
)
def test_a_load_that_was_not_made_as_intended_proves_nothing(
    tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    told = facts(*GOOD)
    told |= {
        key: {**told[key], **value} if key == "generator" else value
        for key, value in change.items()
    }
    with pytest.raises(NotProven, match=says):
        assert_passed(load(tmp_path, told).assess_offered_load())
    assert find_load_problems(told, Performance())


def test_what_is_lost_leaves_no_claim_proven(tmp_path: Path) -> None:
    """A worker that died took samples with it: whatever the rest say, nothing is proven."""
    told = facts(*GOOD, notes=["a load process was lost"])
    for question in (
        load(tmp_path, told).assess_response_times,
        load(tmp_path, told).assess_error_rate,
    ):
        with pytest.raises(NotProven, match="was lost"):
            assert_passed(question())


def test_a_slow_machine_of_ours_is_no_finding_about_the_target(tmp_path: Path) -> None:
    """The requests left late, and so took long."""
    told = facts(claim("response-times", "p95", "broken"))
    told["generator"] = {**told["generator"], "in_time": 0.5}
    with pytest.raises(NotProven, match="this machine is too slow"):
        assert_passed(load(tmp_path, told).assess_response_times())


def test_what_a_target_declares_that_it_does_not_tell_is_not_applicable(tmp_path: Path) -> None:
    declared = {
        NO_USAGE: "it has no metrics",
        NO_POOL: "no pool",
        "database": "nobody may look",
        "baseline": "the first release",
    }
    told = load(tmp_path, facts(*GOOD), declared)
    for question in (
        told.assess_resource_usage,
        told.assess_connection_pool,
        told.assess_against_baseline,
        told.record_baseline,
    ):
        with pytest.raises(Unsupported):
            question()


def test_a_pool_that_is_declared_silent_is_still_seen_from_the_database(tmp_path: Path) -> None:
    assert_passed(load(tmp_path, facts(*GOOD), {NO_POOL: "no pool"}).assess_connection_pool())


@pytest.mark.parametrize("spoiled", ["response-times", "error-rate", "pool", "usage", "notes"])
def test_a_run_that_is_not_good_in_every_way_is_not_recorded(tmp_path: Path, spoiled: str) -> None:
    """Broken, or only not certain."""
    told = facts(
        *[{**one, "state": "open", "missing": 9} if one["item"] == spoiled else one for one in GOOD]
    )
    if spoiled == "notes":
        told["notes"] = ["a part of its log was lost"]
    elif spoiled in ("pool", "usage"):
        told["resources"] = {
            **told["resources"],
            spoiled: {**SOUND, "not_proven": ["nobody tells"]},
        }
    with pytest.raises(NotProven, match="no good one"):
        load(tmp_path, told).record_baseline()
    assert not list(tmp_path.iterdir())


def test_every_answer_is_left_in_the_evidence(tmp_path: Path) -> None:
    left: list[Assessment] = []
    plain = load(tmp_path, facts(*GOOD))
    told = LoadAssessments(plain.summary, plain.performance, plain.baselines, {}, left.append)
    told.assess_response_times()
    told.assess_error_rate()
    assert [examination.title for examination in left] == ["response times", "errors"]
