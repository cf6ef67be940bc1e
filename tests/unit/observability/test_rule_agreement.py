"""Series for promtool, and what is not proven where rules cannot be tried."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.monitoring import TRIGGERS, Monitoring, Trigger
from cutover_gates.config.recorded_series import RecordedSeries
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.observability.alerts import promtool, rules
from cutover_gates.probes.observability.alerts.agreement_assessments import RuleAgreement
from cutover_gates.probes.observability.alerts.promtool import RuleSet, try_alert
from cutover_gates.probes.observability.alerts.recorded_trouble import TroubleRecorder
from cutover_gates.probes.observability.alerts.sampled_series import (
    SampledSeries,
    format_samples,
)
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from cutover_gates.util.subprocesses import CompletedChild
from tests.faults.observability.rule_agreement import (
    agreement,
    reference_groups,
    reference_settings,
)
from tests.findings import list_gaps

GROUPS: Sequence[Mapping[str, Any]] = [
    {
        "interval": 1,
        "rules": [
            {"type": "recording", "name": "b:share", "query": "a:share + 1"},
            {"type": "recording", "name": "a:share", "query": "rate(a[1m])"},
            {"type": "recording", "name": "c:other", "query": "rate(c[1m])"},
            {"type": "alerting", "name": "Own", "query": "b:share > 1", "duration": 90},
            {"type": "alerting", "name": "Other", "query": "c:other > 1"},
        ],
    }
]
NAMES = RecordedSeries(
    answered='http{status="200"}',
    failed='http{status="500"}',
    durations='times{route="/"}',
    duration_edges=(0.1, 0.2, 1.0),
    baseline_seconds=0.1,
    up="up",
    pool_timeouts="timeouts",
)


def test_counters_are_sampled_at_each_scrape() -> None:
    series = SampledSeries(2.0)
    series.count({"a": 10}, 5)
    series.count({"a": 0}, 5, seen=False)
    series.count({"a": 5}, 5)
    assert series.samples == {"a": [0.0, 4.0, 8.0, None, None, None, 12.0, 14.0]}


def test_gauges_are_held() -> None:
    series = SampledSeries(5.0)
    series.hold({"up": 1}, 5)
    series.hold({"up": 0}, 5, seen=False)
    assert format_samples(series.samples["up"]) == "1 1 _"


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("scrape", [1.0, 5.0, 7.0, 30.0])
def test_all_series_of_a_trouble_have_one_length(trigger: Trigger, scrape: float) -> None:
    troubles = list(TroubleRecorder(NAMES, scrape, 2.0).list_troubles(trigger))
    assert {each.fires for each in troubles} == {True, False}
    for each in troubles:
        lengths = {len(samples) for samples in each.samples.values()}
        assert lengths == {round(each.seconds / scrape) + 1}, each.name


def test_the_histogram_counts_slow_requests_above_the_limit() -> None:
    trouble = next(iter(TroubleRecorder(NAMES, 5.0, 2.0).list_troubles("response-time")))
    last = {name: samples[-1] for name, samples in trouble.samples.items()}
    quick = last['times_bucket{route="/",le="0.2"}']
    assert quick is not None
    assert last['times_bucket{route="/",le="0.1"}'] == 0
    assert last['times_bucket{route="/",le="1"}'] == quick
    assert (last['times_count{route="/"}'] or 0) > quick


def test_only_the_rules_that_an_alert_reads_are_written(tmp_path: Path) -> None:
    RuleSet(GROUPS, "Own", 1.0, 1.0).write(tmp_path / "rules.yml")
    (group,) = json.loads((tmp_path / "rules.yml").read_text(encoding="utf-8"))["groups"]
    names = [rule.get("record") or rule.get("alert") for rule in group["rules"]]
    assert names == ["b:share", "a:share", "Own"]
    assert group["rules"][2]["for"] == "90000ms"


def test_without_promtool_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promtool, "PROMTOOL", "no-such-program-as-this")
    assessment = agreement(reference_groups(), reference_settings()).assess()
    alerts = reference_settings().alerts.rules
    assert list_gaps(assessment) == [
        (rules.RULE_AGREES, f"{trigger}: {alerts[trigger]}") for trigger in TRIGGERS
    ]
    assert not assessment.checked


@pytest.mark.parametrize(
    "output",
    [b"", b"Unit Testing:  test.yml\n  SUCCESS\n", b"got: {} 12\ngot: nil\ngot: nil"],
)
def test_an_answer_of_another_form_proves_nothing(
    output: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later promtool may print another text: it is never taken for an alert that is silent."""
    monkeypatch.setattr(shutil, "which", lambda _name: "/bin/promtool")
    monkeypatch.setattr(promtool, "run_child", lambda *_a, **_k: CompletedChild(0, output, b""))
    troubles = list(TroubleRecorder(NAMES, 1.0, 2.0).list_troubles("health"))
    with pytest.raises(NotProven):
        try_alert(RuleSet(GROUPS, "Own", 1.0, 1.0), troubles)


def test_an_alert_that_is_not_loaded_is_not_proven() -> None:
    others = {each: "not tried here" for each in TRIGGERS if each != "health"}
    assessment = agreement(GROUPS, reference_settings(untried=others)).assess()
    assert list_gaps(assessment) == [(rules.RULE_AGREES, "health: HospitalUnhealthy")]


def test_what_is_not_declared_is_not_proven() -> None:
    settings = Monitoring.model_validate({"prometheus": "http://127.0.0.1:9"})
    gaps = {subject for _, subject in list_gaps(agreement(GROUPS, settings).assess())}
    table = "targets.staging.monitoring.alerts"
    for key in ("series.up", "series.answered", "series.failed", "series.durations"):
        assert f"{table}.{key}" in gaps
    assert {f"{table}.rules.{trigger}" for trigger in TRIGGERS} <= gaps


def test_without_a_prometheus_nothing_is_proven() -> None:
    context = ObservabilityContext("staging")
    assessment = RuleAgreement(Monitoring(), None, 2.0, context).assess()
    assert list_gaps(assessment) == [
        (rules.ALERTS_DECLARED, "targets.staging.monitoring.prometheus")
    ]


def test_all_triggers_untried_prove_nothing() -> None:
    """An assessment in which nothing was checked is not proven."""
    untried = dict.fromkeys(TRIGGERS, "they are raised by the log store")
    assessment = agreement(reference_groups(), reference_settings(untried=untried)).assess()
    assert not assessment.checked
    assert not assessment.findings
