"""What would keep an alert from being sent at this moment: silences, inhibitions, and the quiet
hours of its route.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cutover.telemetry.signals.alertmanager import Alertmanager, Config, Silence, kept_back_by
from cutover.telemetry.signals.matching import Labels, all_hold, inhibiting


@dataclass(frozen=True)
class Swallowing:
    """As Alertmanager has it now."""

    silences: Sequence[Silence]
    config: Config
    held: Sequence[Mapping[str, Any]]
    at: datetime

    @classmethod
    def of(cls, alertmanager: Alertmanager) -> Swallowing:
        """Raises `TelemetrySilent`."""
        return cls(
            alertmanager.silences(), alertmanager.config(), alertmanager.alerts(), datetime.now(UTC)
        )

    @property
    def active(self) -> Sequence[Labels]:
        """The labels of every alert that is being sent."""
        return [
            alert["labels"]
            for alert in self.held
            if alert.get("status", {}).get("state") == "active"
        ]

    def of_alert(
        self, name: str, candidates: Sequence[Labels], receiver: str | None
    ) -> Iterator[str]:
        """A sentence for each thing.

        `candidates`: the labels that the alert may carry. `receiver`: the one that matters; None:
        all do.
        """
        for silence in self.silences:
            if any(all_hold(silence.matchers, labels) for labels in candidates):
                yield f"would be swallowed by {silence}; amtool silence expire {silence.id}"
        others = {
            str(other.get("alertname"))
            for labels in candidates
            for other in inhibiting(self.config.inhibitions, labels, self.active)
        }
        for other in sorted(others - {name}):
            yield f"would be swallowed by an inhibition: {other!r} is active"
        for why in sorted({why for labels in candidates if (why := self._quiet(labels, receiver))}):
            yield f"would be swallowed now by {why} of its route"
        for alert in self.held:
            if alert["labels"].get("alertname") == name and (by := kept_back_by(alert)):
                yield f"fires and is kept back: {', '.join(by)}"

    def _quiet(self, labels: Labels, receiver: str | None) -> str:
        """Why no route to the receiver sends anything now; empty where one does."""
        ways = [
            self.config.mute(leaf, self.at)
            for leaf in self.config.leaves_of(labels)
            if receiver in (None, leaf.receiver)
        ]
        return ways[0] if ways and all(ways) else ""
