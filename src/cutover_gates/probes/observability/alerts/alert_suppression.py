"""What would keep an alert from being sent now: silences, inhibitions, muted routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cutover_gates.core.findings import Finding
from cutover_gates.probes.observability.alertmanager_routing import (
    Labels,
    find_inhibitors,
    matches_all,
)
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.alertmanager import (
    AlertmanagerApi,
    AlertmanagerConfig,
    AlertSilence,
    ManagedAlert,
)

SENT = "sent"
"""What is expected of every alert."""


@dataclass(frozen=True)
class AlertCandidates:
    """An alert by its name, and the label sets that it may carry.

    `receiver` is the one that matters; None: every route does. `subject` is how findings name it.
    """

    subject: str
    name: str
    labels: Sequence[Labels]
    receiver: str | None


@dataclass(frozen=True)
class SuppressionState:
    """Silences, configuration and alerts of Alertmanager at one moment."""

    silences: Sequence[AlertSilence]
    config: AlertmanagerConfig
    alerts: Sequence[ManagedAlert]
    at: datetime

    @classmethod
    def load(cls, alertmanager: AlertmanagerApi) -> SuppressionState:
        """Return the state now. Raises `SourceUnavailable`, `NotProven`."""
        return cls(
            alertmanager.fetch_silences(),
            alertmanager.fetch_config(),
            alertmanager.fetch_alerts(),
            datetime.now(UTC),
        )

    @property
    def active_labels(self) -> Sequence[Labels]:
        """The labels of every alert that is being sent."""
        return [alert.labels for alert in self.alerts if alert.state == "active"]

    def find_suppressions(self, alert: AlertCandidates) -> Iterator[Finding]:
        """Yield a finding for each thing that would keep the alert from being sent."""
        yield from self._find_silences(alert)
        yield from self._find_inhibitions(alert)
        for reason in self._find_mute_reasons(alert):
            yield Finding(rules.NOT_MUTED, alert.subject, SENT, reason)
        for held in self.alerts:
            if held.labels.get("alertname") == alert.name and held.suppressors:
                by = ", ".join(held.suppressors)
                yield Finding(rules.NOT_SUPPRESSED, alert.subject, SENT, f"suppressed by {by}")

    def _find_silences(self, alert: AlertCandidates) -> Iterator[Finding]:
        for silence in self.silences:
            # One label set is enough: a silence for one of two instances hides that instance.
            if any(matches_all(silence.matchers, labels) for labels in alert.labels):
                command = f"amtool silence query {' '.join(map(str, silence.matchers))}"
                yield Finding(rules.NOT_SILENCED, alert.subject, SENT, str(silence), command)

    def _find_inhibitions(self, alert: AlertCandidates) -> Iterator[Finding]:
        names: set[str] = set()
        for labels in alert.labels:
            inhibitors = find_inhibitors(self.config.inhibitions, labels, self.active_labels)
            names |= {str(other.get("alertname")) for other in inhibitors}
        # Another instance of the same alert is no reason: the team is told already.
        for name in sorted(names - {alert.name}):
            command = f"amtool alert query alertname={name}"
            yield Finding(rules.NOT_INHIBITED, alert.subject, SENT, f"inhibited by {name}", command)

    def _find_mute_reasons(self, alert: AlertCandidates) -> Sequence[str]:
        reasons = {self._find_mute_reason(labels, alert.receiver) for labels in alert.labels}
        return sorted(reasons - {""})

    def _find_mute_reason(self, labels: Labels, receiver: str | None) -> str:
        """Return why no route to the receiver sends anything now; empty where one does."""
        reasons = [
            self.config.find_mute_reason(leaf, self.at)
            for leaf in self.config.find_routes(labels)
            if receiver in (None, leaf.receiver)
        ]
        # A second route that sends is enough.
        return reasons[0] if reasons and all(reasons) else ""
