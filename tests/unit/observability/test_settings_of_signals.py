"""Settings of the monitoring: a mistake is refused, and a key that is not set is a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from cutover_gates.config.logs_and_dashboards import DashboardSettings, LogSettings
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Rule
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments
from cutover_gates.probes.observability.alerts.rules import ALERTS_DECLARED
from cutover_gates.probes.observability.dashboards.assessments import DashboardAssessments
from cutover_gates.probes.observability.dashboards.rules import DASHBOARDS_DECLARED
from cutover_gates.probes.observability.logs.assessments import LogAssessments
from cutover_gates.probes.observability.logs.model import TrafficRecord
from cutover_gates.probes.observability.logs.rules import LOG_DECLARED
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments
from cutover_gates.probes.observability.metrics.rules import METRICS_DECLARED
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from tests.findings import list_gaps


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"prometheus": "prometheus.example"}, "no address"),
        ({"prometheus": "http://user:password@p.example"}, "without user"),
        ({"alerts": {"receiver_listen": "9099"}}, "place to listen"),
        ({"alerts": {"receiver_listen": "0.0.0.0:99999"}}, "place to listen"),
        ({"alerts": {"absent_when_healthy": {"up": " "}}}, "needs a reason"),
        ({"alerts": {"rules": {"weather": "Rain"}}}, "health"),
        ({"logs": {"pattern": "("}}, "no regular expression"),
        ({"logs": {"pattern": "(?P<time>.)"}}, "needs the groups"),
        ({"logs": {"rolled_back": "2026-11-28T02:40:00"}}, "without its zone"),
        ({"logs": {"kind": "paper"}}, "kubectl"),
    ],
)
def test_a_mistake_is_refused(table: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Monitoring.model_validate(table)


class NoTraffic:
    """Fails when it is used: without settings no request is made."""

    def probe_request(self) -> TrafficRecord:
        raise AssertionError("a request was made")

    def search(self, times: int) -> TrafficRecord:
        raise AssertionError(f"{times} searches were made")

    sign_in = register_canary_patient = probe_request


CONTEXT = ObservabilityContext("staging")
METRICS = MetricAssessments(Monitoring(), None, lambda _: 0, CONTEXT)
ALERTS = AlertAssessments(Monitoring(), None, None, lambda _: 0, CONTEXT)
LOGS = LogAssessments(LogSettings(), None, NoTraffic(), Redactor(), CONTEXT)
DASHBOARDS = DashboardAssessments(DashboardSettings(), None, CONTEXT)


@pytest.mark.parametrize(
    ("assess", "rule", "key"),
    [
        (METRICS.assess_targets, METRICS_DECLARED, "monitoring.prometheus"),
        (METRICS.assess_presence, METRICS_DECLARED, "monitoring.targets"),
        (METRICS.assess_growth, METRICS_DECLARED, "monitoring.prometheus"),
        (ALERTS.assess_rules, ALERTS_DECLARED, "monitoring.prometheus"),
        (ALERTS.assess_series, ALERTS_DECLARED, "monitoring.prometheus"),
        (ALERTS.assess_routes, ALERTS_DECLARED, "monitoring.alerts.alertmanager"),
        (ALERTS.assess_suppression, ALERTS_DECLARED, "monitoring.alerts.alertmanager"),
        (ALERTS.assess_canary, ALERTS_DECLARED, "monitoring.prometheus"),
        (LOGS.assess_delivery, LOG_DECLARED, "monitoring.logs.kind"),
        (LOGS.assess_secrets, LOG_DECLARED, "monitoring.logs.kind"),
        (LOGS.assess_patient_data, LOG_DECLARED, "monitoring.logs.kind"),
        (LOGS.assess_errors_since_rollback, LOG_DECLARED, "monitoring.logs.kind"),
        (DASHBOARDS.assess_dashboards, DASHBOARDS_DECLARED, "monitoring.dashboards.uids"),
    ],
)
def test_an_undeclared_key_is_a_gap(assess: Callable[[], Assessment], rule: Rule, key: str) -> None:
    """The gap names the key; the rule says how to declare that there is none."""
    assessment = assess()
    assert not assessment.findings
    assert not assessment.checked
    assert (rule, f"targets.staging.{key}") in list_gaps(assessment)
    assert {gap_rule for gap_rule, _ in list_gaps(assessment)} == {rule}
    assert "[targets.NAME.not_applicable]" in rule.fix
