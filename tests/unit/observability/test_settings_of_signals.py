"""Settings of what watches a target: mistakes are refused where they are written, and what is not
declared is said with the key that is missing.
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cutover_gates.config.logs_and_dashboards import DashboardSettings, LogSettings
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.alerts.assessments import AlertAssessments
from cutover_gates.probes.observability.dashboards.assessments import DashboardAssessments
from cutover_gates.probes.observability.logs.assessments import LogAssessments
from cutover_gates.probes.observability.logs.model import TrafficRecord
from cutover_gates.probes.observability.metrics.assessments import MetricAssessments


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


class Nobody:
    """Does nothing at any target: where nothing is declared nothing is asked."""

    def probe_request(self) -> TrafficRecord:
        raise AssertionError("nothing was to be done")

    def search(self, times: int) -> TrafficRecord:
        raise AssertionError(f"{times} searches were not to be made")

    sign_in = register_canary_patient = probe_request


METRICS = MetricAssessments(Monitoring(), None, lambda _: 0, "staging")
ALERTS = AlertAssessments(Monitoring(), None, None, lambda _: 0, "staging")
LOGS = LogAssessments(LogSettings(), None, Nobody(), Redactor(), "staging")
DASHBOARDS = DashboardAssessments(DashboardSettings(), None, "staging")


@pytest.mark.parametrize(
    ("ask", "table"),
    [
        (METRICS.assess_targets, "monitoring"),
        (METRICS.assess_presence, "monitoring"),
        (METRICS.assess_growth, "monitoring"),
        (ALERTS.assess_rules, "monitoring"),
        (ALERTS.assess_series, "monitoring"),
        (ALERTS.assess_routes, "monitoring.alerts"),
        (ALERTS.assess_suppression, "monitoring.alerts"),
        (ALERTS.assess_canary, "monitoring"),
        (LOGS.assess_delivery, "monitoring.logs"),
        (LOGS.assess_secrets, "monitoring.logs"),
        (LOGS.assess_patient_data, "monitoring.logs"),
        (LOGS.assess_errors_since_rollback, "monitoring.logs"),
        (DASHBOARDS.assess_dashboards, "monitoring.dashboards"),
    ],
)
def test_what_is_not_declared_is_open_and_said(ask: Any, table: str) -> None:
    """With the table to write it in, and how to say that there is none."""
    examination: Assessment = ask()
    assert not examination.findings
    assert not examination.checked
    assert any(
        f"[targets.staging.{table}]" in sentence and "[targets.staging.not_applicable]" in sentence
        for sentence in examination.not_proven
    )
