"""Settings of what watches a target: mistakes are refused where they are written, and what is not
declared is said with the key that is missing.
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from cutover.evidence import Examination, Redactor
from cutover.settings import Monitoring
from cutover.settings.signals import Dashboards as DashboardSettings
from cutover.settings.signals import Logs as LogSettings
from cutover.telemetry.signals.alerts import Alerts
from cutover.telemetry.signals.dashboards import Dashboards
from cutover.telemetry.signals.deeds import Done
from cutover.telemetry.signals.logs import Logs
from cutover.telemetry.signals.metrics import Metrics


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

    def mark(self) -> Done:
        raise AssertionError("nothing was to be done")

    def search(self, times: int) -> Done:
        raise AssertionError(f"{times} searches were not to be made")

    sign_in = confide = mark


METRICS = Metrics(Monitoring(), None, lambda _: 0, "staging")
ALERTS = Alerts(Monitoring(), None, None, lambda _: 0, "staging")
LOGS = Logs(LogSettings(), None, Nobody(), Redactor(), "staging")
DASHBOARDS = Dashboards(DashboardSettings(), None, "staging")


@pytest.mark.parametrize(
    ("ask", "table", "item"),
    [
        (METRICS.targets, "monitoring", "monitoring-configured"),
        (METRICS.there, "monitoring", "metrics-reporting"),
        (METRICS.moving, "monitoring", "metrics-reporting"),
        (ALERTS.loaded, "monitoring", "alerts-configured"),
        (ALERTS.grounded, "monitoring", "alerts-configured"),
        (ALERTS.routed, "monitoring.alerts", "alerts-configured"),
        (ALERTS.audible, "monitoring.alerts", "alerts-configured"),
        (ALERTS.arriving, "monitoring", "alert-rules-tested"),
        (LOGS.arriving, "monitoring.logs", "log-aggregation"),
        (LOGS.without_secrets, "monitoring.logs", "logs-flowing"),
        (LOGS.without_patients, "monitoring.logs", "logs-flowing"),
        (LOGS.since_the_rollback, "monitoring.logs", "rollback-logs"),
        (DASHBOARDS.showing, "monitoring.dashboards", "dashboards-verified"),
    ],
)
def test_what_is_not_declared_is_open_and_said(ask: Any, table: str, item: str) -> None:
    """With the table to write it in, and how to say that there is none."""
    examination: Examination = ask()
    assert not examination.findings
    assert not examination.examined
    assert any(
        f"[targets.staging.{table}]" in sentence and f'{item} = "…"' in sentence
        for sentence in examination.unproven
    )
