"""The way of one alert: it fires in Prometheus, is active in Alertmanager, and arrives at a
receiver that the run itself is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cutover.settings import Monitoring
from cutover.telemetry.signals.alertmanager import Alertmanager, kept_back_by
from cutover.telemetry.signals.prometheus import Prometheus
from cutover.telemetry.signals.receiver import Arrived, listening
from cutover.telemetry.signals.seen import Seen
from cutover.telemetry.signals.waiting import awaited


@dataclass(frozen=True)
class Journey:
    """Of the canary, which is declared whole."""

    settings: Monitoring
    prometheus: Prometheus
    alertmanager: Alertmanager
    move: Callable[[int], int]

    def go(self, seen: Seen) -> None:
        """Send what makes it fire, and follow it; the first place that it does not reach is named."""
        declared = self.settings.alerts
        began = time.monotonic()

        def left() -> float:
            return max(0.0, declared.canary_seconds - (time.monotonic() - began))

        with listening(str(declared.receiver_listen)) as arrived:
            if not self._firing():
                self.move(self.settings.metrics.traffic)
            fires = awaited(self._firing, left())
            active = awaited(self._active, left()) if fires else None
            message = awaited(lambda: self._message(arrived), left()) if active else None
            if message is None:
                seen.findings.append(self._lost(fires, active, arrived))
            else:
                self._judge(seen, message, active or {})
        seen.facts |= {
            "messages at the receiver": len(arrived.messages),
            "seconds": round(time.monotonic() - began, 1),
        }

    # ── the places on the way ──

    def _firing(self) -> Mapping[str, Any] | None:
        return next(
            (
                alert
                for alert in self.prometheus.alerts()
                if alert.get("state") == "firing" and self._ours(alert)
            ),
            None,
        )

    def _active(self) -> Mapping[str, Any] | None:
        return next(
            (
                alert
                for alert in self.alertmanager.alerts()
                if self._ours(alert) and alert.get("status", {}).get("state") == "active"
            ),
            None,
        )

    def _message(self, arrived: Arrived) -> Mapping[str, Any] | None:
        """The first message with the canary, with that alert in the place of all of them."""
        for message in arrived.messages:
            for alert in message["alerts"]:
                if (
                    isinstance(alert, dict)
                    and alert.get("status") == "firing"
                    and self._ours(alert)
                ):
                    return {**message, "alert": alert}
        return None

    def _ours(self, alert: Mapping[str, Any]) -> bool:
        labels = alert.get("labels")
        return isinstance(labels, dict) and labels.get("alertname") == self.settings.alerts.canary

    # ── what came of it ──

    def _judge(self, seen: Seen, message: Mapping[str, Any], active: Mapping[str, Any]) -> None:
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
        seen.facts["receivers in Alertmanager"] = [
            one.get("name") for one in active.get("receivers", ())
        ]
        if not wrong:
            seen.examined += [
                "firing in Prometheus",
                "active in Alertmanager",
                f"arrived by way of {wanted}",
            ]

    def _lost(self, fires: object, active: object, arrived: Arrived) -> str:
        declared = self.settings.alerts
        within, canary = f"within {declared.canary_seconds:g} s", f"canary {declared.canary!r}"
        if not fires:
            series = f'ALERTS{{alertname="{declared.canary}"}}'
            return (
                f"{canary}: expected to fire in Prometheus {within}, and it does not: its rule is"
                f" not loaded, or nothing reaches its threshold; {self.prometheus.shown(series)}"
            )
        if not active:
            held = next((alert for alert in self.alertmanager.alerts() if self._ours(alert)), None)
            by, state = (
                ", ".join(kept_back_by(held or {})),
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
