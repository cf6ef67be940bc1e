"""A baseline is a good run's, of the same target under the same load on the same machine, and not
old. Everything else is refused with the reason.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.load_objectives import BaselineSettings
from cutover_gates.config.performance import Performance
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.model import LoadSummary
from tests.findings import raises_gap
from tests.unit.load.load_summaries import operation, summary

RUN = summary(requests=5000, operations=(operation("search", (0.010, 0.009, 0.011)),))


@pytest.fixture
def baselines(tmp_path: Path) -> LoadBaselines:
    return LoadBaselines(
        tmp_path,
        "staging",
        "1.9",
        "https://staging.example",
        Performance(baseline=BaselineSettings(name="before")),
        "def registrar(): ...",
    )


def now(median: float) -> LoadSummary:
    return replace(RUN, operations=(operation("search", (median, median * 0.9, median * 1.1)),))


def test_a_good_run_is_recorded_and_compared_with(baselines: LoadBaselines) -> None:
    recorded = baselines.record(RUN, [])
    assert baselines.path.name == "before.json"
    assert (recorded.release, recorded.name) == ("1.9", "before")
    later = replace(baselines, release="2.0")
    assert later.load_medians() == {"search": (0.009, 0.011)}
    comparison = later.compare(now(0.022))
    assert comparison.baseline.release == "1.9"
    assert comparison.ratios == {"search": (2.2, 1.8, 2.689)}
    assert comparison.tail_ratios == {
        ("search", "p95"): (1.0, 1.0, 1.0),
        ("search", "p99"): (1.0, 1.0, 1.0),
    }
    assert comparison.measured("search", "ratio") == 2.2
    assert comparison.measured("search", "p99 ratio") == 1.0


def test_a_bad_run_never_becomes_one(baselines: LoadBaselines) -> None:
    baselines.record(RUN, [])
    problem = Finding(rules.RESPONSE_TIME, "search p95", "within 0.5 s", "0.6 s")
    with raises_gap(rules.BASELINE_FROM_GOOD_RUN) as raised:
        baselines.record(now(0.5), [problem])
    assert "search p95" in raised.value.gaps[0].actual
    assert baselines.load_medians() == {"search": (0.009, 0.011)}


@pytest.mark.parametrize(
    "other",
    [
        {"target": "production"},
        {"address": "https://other.example"},
        {"journeys": "def clerk(): ..."},
        {"performance": Performance(rate=7, baseline=BaselineSettings(name="before"))},
    ],
)
def test_another_target_or_load_is_refused(baselines: LoadBaselines, other: dict[str, Any]) -> None:
    baselines.record(RUN, [])
    changed = replace(baselines, **other)
    assert changed.load_medians() == {}
    with raises_gap(rules.BASELINE_COMPARABLE):
        changed.compare(RUN)


def test_what_is_asked_of_the_answers_may_change(baselines: LoadBaselines) -> None:
    """Another objective, or another end of the run, is the same load."""
    baselines.record(RUN, [])
    performance = Performance(
        baseline=BaselineSettings(name="before", ratio=3), max_seconds=400, error_rate=0.01
    )
    assert replace(baselines, performance=performance).load_medians()


def test_another_machine_is_refused(
    baselines: LoadBaselines, monkeypatch: pytest.MonkeyPatch
) -> None:
    baselines.record(RUN, [])
    monkeypatch.setattr(
        "cutover_gates.probes.load.load_baseline.describe_machine", lambda: "a faster one"
    )
    with raises_gap(rules.BASELINE_COMPARABLE) as raised:
        baselines.compare(RUN)
    assert raised.value.gaps[0].actual.startswith("its machine is")


def test_an_old_one_is_refused(baselines: LoadBaselines) -> None:
    baselines.record(RUN, [])
    whole = json.loads(baselines.path.read_text())
    baselines.path.write_text(json.dumps({**whole, "recorded": "2020-01-01T00:00:00+00:00"}))
    with raises_gap(rules.BASELINE_RECENT) as raised:
        baselines.compare(RUN)
    assert "72 h" in raised.value.gaps[0].actual


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", rules.BASELINE_READABLE),
        ("[]", rules.BASELINE_COMPARABLE),
        ("{}", rules.BASELINE_COMPARABLE),
    ],
)
def test_a_spoiled_one_is_refused(baselines: LoadBaselines, text: str, rule: Rule) -> None:
    baselines.path.write_text(text)
    with raises_gap(rule):
        baselines.compare(RUN)


def test_without_one_it_says_how_to_record_it(baselines: LoadBaselines) -> None:
    with raises_gap(rules.BASELINE_READABLE) as raised:
        baselines.compare(RUN)
    assert raised.value.gaps[0].reproduce == "pytest -m t1 --target staging"
    nameless = replace(baselines, performance=Performance())
    with raises_gap(rules.BASELINE_NAMED):
        nameless.compare(RUN)
    with raises_gap(rules.BASELINE_NAMED):
        nameless.record(RUN, [])


def test_a_baseline_without_tails_is_not_enough(baselines: LoadBaselines) -> None:
    """An earlier version recorded medians alone: two of three percentiles would be unproven."""
    baselines.record(RUN, [])
    whole = json.loads(baselines.path.read_text())
    del whole["tails"], whole["distributions"]
    baselines.path.write_text(json.dumps(whole))
    with raises_gap(rules.BASELINE_COMPLETE) as raised:
        baselines.compare(RUN)
    assert [gap.subject for gap in raised.value.gaps] == ["p95 and p99"]


def test_an_operation_that_it_does_not_hold_is_not_proven(baselines: LoadBaselines) -> None:
    baselines.record(RUN, [])
    with raises_gap(rules.BASELINE_COMPLETE) as raised:
        baselines.compare(replace(RUN, operations=(*RUN.operations, operation("upload"))))
    assert [gap.subject for gap in raised.value.gaps] == ["upload"]
