"""The way of one alert: it fires in Prometheus, is active in Alertmanager, and arrives at a
receiver that the run itself is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.probes.observability.alerts.alert_receiver import ReceivedAlerts, receive_alerts
from cutover_gates.probes.observability.alerts.alertmanager import AlertmanagerApi, find_suppressors
from cutover_gates.probes.observability.model import SignalAssessmentBuilder
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.concurrency import wait_until


@dataclass(frozen=True)
class CanaryDelivery:
    """Of the canary, which is declared whole."""

    settings: Monitoring
    prometheus: PrometheusApi
    alertmanager: AlertmanagerApi
    send_searches: Callable[[int], int]

    def run(self, seen: SignalAssessmentBuilder) -> None:
        """Send what makes it fire, and follow it; the first place that it does not reach is named."""
        declared = self.settings.alerts
        began = time.monotonic()

        def left() -> float:
            return max(0.0, declared.canary_seconds - (time.monotonic() - began))

        with receive_alerts(str(declared.receiver_listen)) as arrived:
            if not self._find_firing_alert():
                self.send_searches(self.settings.metrics.traffic)
            fires = wait_until(self._find_firing_alert, left())
            active = wait_until(self._find_active_alert, left()) if fires else None
            message = wait_until(lambda: self._find_message(arrived), left()) if active else None
            if message is None:
                seen.findings.append(self._describe_loss(fires, active, arrived))
            else:
                self._judge_message(seen, message, active or {})
        seen.figures |= {
            "messages at the receiver": len(arrived.messages),
            "seconds": round(time.monotonic() - began, 1),
        }

    # ── the places on the way ──

    def _find_firing_alert(self) -> Mapping[str, Any] | None:
        return next(
            (
                alert
                for alert in self.prometheus.fetch_alerts()
                if alert.get("state") == "firing" and self._is_canary(alert)
            ),
            None,
        )

    def _find_active_alert(self) -> Mapping[str, Any] | None:
        return next(
            (
                alert
                for alert in self.alertmanager.fetch_alerts()
                if self._is_canary(alert) and alert.get("status", {}).get("state") == "active"
            ),
            None,
        )

    def _find_message(self, arrived: ReceivedAlerts) -> Mapping[str, Any] | None:
        """The first message with the canary, with that alert in the place of all of them."""
        for message in arrived.messages:
            for alert in message["alerts"]:
                if (
                    isinstance(alert, dict)
                    and alert.get("status") == "firing"
                    and self._is_canary(alert)
                ):
                    return {**message, "alert": alert}
        return None

    def _is_canary(self, alert: Mapping[str, Any]) -> bool:
        labels = alert.get("labels")
        return isinstance(labels, dict) and labels.get("alertname") == self.settings.alerts.canary

    # ── what came of it ──

    def _judge_message(
        self, seen: SignalAssessmentBuilder, message: Mapping[str, Any], active: Mapping[str, Any]
    ) -> None:
        declared = self.settings.alerts
        wanted = declared.canary_receiver or declared.receiver
        labels = message["alert"]["labels"]
        wrong = (
            []
            if message.get("receiver") == wanted
            else [
                f"canary {declared.canary!r} arrived by way of receiver"
                f" {message.get('receiver')!r}, expected {wanted!r}"
            ]
        )
        wrong += [
            f"canary {declared.canary!r} arrived with {name}={labels.get(name)!r}, expected"
            f" {value!r}"
            for name, value in declared.canary_labels.items()
            if labels.get(name) != value
        ]
        seen.findings += wrong
        seen.figures["receivers in Alertmanager"] = [
            one.get("name") for one in active.get("receivers", ())
        ]
        if not wrong:
            seen.checked += [
                "firing in Prometheus",
                "active in Alertmanager",
                f"arrived by way of {wanted}",
            ]

    def _describe_loss(self, fires: object, active: object, arrived: ReceivedAlerts) -> str:
        declared = self.settings.alerts
        within, canary = f"within {declared.canary_seconds:g} s", f"canary {declared.canary!r}"
        if not fires:
            series = f'ALERTS{{alertname="{declared.canary}"}}'
            return (
                f"{canary}: expected to fire in Prometheus {within}, and it does not: its rule is"
                f" not loaded, or nothing reaches its threshold; {self.prometheus.format_command(series)}"
            )
        if not active:
            held = next(
                (alert for alert in self.alertmanager.fetch_alerts() if self._is_canary(alert)),
                None,
            )
            by, state = (
                ", ".join(find_suppressors(held or {})),
                (held or {}).get("status", {}).get("state", "nothing"),
            )
            return (
                f"{canary} fires in Prometheus: expected active in Alertmanager {within}, came"
                f" {state}{f', kept back by {by}' if by else ''}; amtool alert query"
                f" alertname={declared.canary}"
            )
        return (
            f"{canary} is active in Alertmanager: expected at {declared.receiver_listen} {within},"
            f" came {len(arrived.messages)} other messages: does a webhook of its receiver send"
            " there, and is its route the right one? amtool config routes test"
            f" alertname={declared.canary}"
        )
