"""An expression that cannot be parsed is a gap, and never a breach."""

from __future__ import annotations

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.alert_rules import TriggerRule
from cutover_gates.probes.observability.alerts.rule_series import SeriesJudge
from cutover_gates.probes.observability.prometheus_api import AlertRule, PrometheusApi
from cutover_gates.util.http_services import JsonService
from tests.findings import list_gaps


def test_an_expression_that_cannot_be_parsed_is_a_gap() -> None:
    """Prometheus has loaded the rule, so the parser may be older than the expression."""
    judge = SeriesJudge(Monitoring(), PrometheusApi(JsonService("http://127.0.0.1:9")))
    builder = AssessmentBuilder()
    rule = AlertRule("New", "a_function_of_tomorrow(up)")
    judge.judge_rule(builder, TriggerRule("health", rule), needs_series=True)
    assessment = builder.build("series")
    assert list_gaps(assessment) == [(rules.EXPRESSION_PARSED, "health: New")]
    assert not assessment.findings
    assert not assessment.checked
