"""The delivery of one alert: firing in Prometheus, active in Alertmanager, received by the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.observability.alertmanager_routing import Labels
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.alert_receiver import (
    AlertMessage,
    DeliveredAlert,
    ReceivedAlerts,
    receive_alerts,
)
from cutover_gates.probes.observability.alerts.alertmanager import AlertmanagerApi, ManagedAlert
from cutover_gates.probes.observability.prometheus_api import PrometheusApi, RaisedAlert
from cutover_gates.util.concurrency import wait_until


@dataclass(frozen=True)
class CanaryMessage:
    """A message that came, and the canary in it."""

    message: AlertMessage
    alert: DeliveredAlert


@dataclass(frozen=True)
class CanaryDelivery:
    """The delivery of the canary, whose settings are complete.

    `send_searches(n)` sends `n` searches to the target.
    """

    settings: Monitoring
    prometheus: PrometheusApi
    alertmanager: AlertmanagerApi
    send_searches: Callable[[int], int]

    def run(self, builder: AssessmentBuilder) -> None:
        """Make the canary fire and follow it. Report the first place that it does not reach."""
        declared = self.settings.alerts
        began = time.monotonic()
        # One limit for all three places: the plan's time is from the trigger to the message.
        ends = began + declared.canary_seconds
        # Before anything fires: a message may come at once.
        with receive_alerts(str(declared.receiver_listen)) as received:
            self._follow(builder, received, ends)
        builder.figures |= {
            "messages at the receiver": len(received.messages),
            "seconds": round(time.monotonic() - began, 1),
        }

    def _follow(self, builder: AssessmentBuilder, received: ReceivedAlerts, ends: float) -> None:
        # A canary that fires already needs no searches.
        if not self._find_firing_alert():
            self.send_searches(self.settings.metrics.traffic)
        if not wait_until(self._find_firing_alert, _remaining(ends)):
            builder.findings.append(self._not_firing())
            return
        # In this order, so that the finding names the first place that the alert does not reach.
        active = wait_until(self._find_active_alert, _remaining(ends))
        if active is None:
            builder.findings.append(self._not_active())
            return
        message = wait_until(lambda: self._find_message(received), _remaining(ends))
        if message is None:
            builder.findings.append(self._not_received(received))
            return
        builder.figures["receivers in Alertmanager"] = list(active.receivers)
        self._judge_message(builder, message)

    def _find_firing_alert(self) -> RaisedAlert | None:
        alerts = self.prometheus.fetch_alerts()
        firing = [alert for alert in alerts if alert.state == "firing"]
        return next((alert for alert in firing if self._is_canary(alert.labels)), None)

    def _find_active_alert(self) -> ManagedAlert | None:
        alerts = self.alertmanager.fetch_alerts()
        active = [alert for alert in alerts if alert.state == "active"]
        return next((alert for alert in active if self._is_canary(alert.labels)), None)

    def _find_message(self, received: ReceivedAlerts) -> CanaryMessage | None:
        """Return the first message with the firing canary."""
        for message in received.messages:
            for alert in message.alerts:
                if alert.status == "firing" and self._is_canary(alert.labels):
                    return CanaryMessage(message, alert)
        return None

    def _is_canary(self, labels: Labels) -> bool:
        return labels.get("alertname") == self.settings.alerts.canary

    def _judge_message(self, builder: AssessmentBuilder, found: CanaryMessage) -> None:
        declared = self.settings.alerts
        subject, receiver = str(declared.canary), declared.canary_receiver or declared.receiver
        findings = []
        if found.message.receiver != receiver:
            findings.append(
                Finding(
                    rules.CANARY_RECEIVER, subject, f"receiver {receiver}", found.message.receiver
                )
            )
        for name, value in declared.canary_labels.items():
            actual = found.alert.labels.get(name)
            if actual != value:
                shown = f"{name}={actual}" if actual is not None else f"no label {name}"
                findings.append(Finding(rules.CANARY_LABELS, subject, f"{name}={value}", shown))
        builder.findings += findings
        if not findings:
            builder.checked += [
                "firing in Prometheus",
                "active in Alertmanager",
                f"received through {receiver}",
            ]

    @property
    def _limit(self) -> str:
        return f"within {self.settings.alerts.canary_seconds:g} s"

    def _not_firing(self) -> Finding:
        canary = str(self.settings.alerts.canary)
        command = self.prometheus.format_command(f'ALERTS{{alertname="{canary}"}}')
        return Finding(rules.CANARY_FIRES, canary, f"firing {self._limit}", "not firing", command)

    def _not_active(self) -> Finding:
        canary = str(self.settings.alerts.canary)
        alerts = self.alertmanager.fetch_alerts()
        held = next((alert for alert in alerts if self._is_canary(alert.labels)), None)
        state = held.state if held else "no such alert"
        if held and held.suppressors:
            state = f"{state} by {', '.join(held.suppressors)}"
        command = f"amtool alert query alertname={canary}"
        return Finding(rules.CANARY_ACTIVE, canary, f"active {self._limit}", state, command)

    def _not_received(self, received: ReceivedAlerts) -> Finding:
        declared = self.settings.alerts
        return Finding(
            rules.CANARY_ARRIVES,
            str(declared.canary),
            f"a message at {declared.receiver_listen} {self._limit}",
            f"{len(received.messages)} other messages",
            f"amtool config routes test alertname={declared.canary}",
        )


def _remaining(ends: float) -> float:
    return max(0.0, ends - time.monotonic())
