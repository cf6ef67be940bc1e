"""The HTTP API of an Alertmanager (`/api/v2/…`), as far as the checks of alerts ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.observability.alertmanager_routing import (
    LabelMatcher,
    Labels,
    RouteLeaf,
    find_inhibitors,
    find_routes,
    matches_all,
    parse_api_matchers,
)
from cutover_gates.probes.observability.alerts.time_intervals import contains_moment
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService


@dataclass(frozen=True)
class AlertSilence:
    """A silence that holds now, or will."""

    id: str
    state: str
    matchers: Sequence[LabelMatcher]
    by: str
    until: str

    def __str__(self) -> str:
        return (
            f"silence {self.id} ({self.state}, by {self.by}, until {self.until}):"
            f" {', '.join(map(str, self.matchers))}"
        )


@dataclass(frozen=True)
class AlertmanagerConfig:
    """What its file says: the tree of routes, the receivers, the inhibitions, the time intervals by
    name.
    """

    route: Mapping[str, Any]
    receivers: Mapping[str, Mapping[str, Any]]
    inhibitions: Sequence[Mapping[str, Any]]
    intervals: Mapping[str, Sequence[Mapping[str, Any]]]

    def find_routes(self, labels: Labels) -> Sequence[RouteLeaf]:
        return find_routes(self.route, labels)

    def find_mute_reason(self, leaf: RouteLeaf, at: datetime) -> str:
        """Why a route sends nothing at a moment; empty where it does.

        Raises `NotProven` for an interval that is not understood.
        """
        try:
            within = [name for name in leaf.mute if contains_moment(self.intervals[name], at)]
            outside = leaf.active and not any(
                contains_moment(self.intervals[name], at) for name in leaf.active
            )
        except (KeyError, ValueError) as error:
            raise NotProven(
                f"the time intervals of Alertmanager's routes are not understood: {error}"
            ) from None
        return (
            f"the time interval {within[0]!r}"
            if within
            else f"being outside of {' and '.join(leaf.active)}"
            if outside
            else ""
        )

    def count_integrations(self, receiver: str) -> int:
        """In how many ways a receiver tells somebody."""
        return sum(
            len(value)
            for name, value in self.receivers.get(receiver, {}).items()
            if name.endswith("_configs") and isinstance(value, list)
        )


def find_suppressors(alert: Mapping[str, Any]) -> Sequence[str]:
    """The silences and alerts that keep an alert from being sent."""
    status = alert.get("status", {})
    return [*status.get("silencedBy", ()), *status.get("inhibitedBy", ())]


class AlertmanagerApi:
    """Every method raises `TelemetrySilent`."""

    def __init__(self, service: JsonService) -> None:
        self.service = service

    def fetch_alerts(self) -> Sequence[Mapping[str, Any]]:
        """Every alert that it holds: `labels`, `status` (`state`, `silencedBy`, `inhibitedBy`),
        `receivers`.
        """
        return self._fetch_list("/api/v2/alerts")

    def fetch_silences(self) -> Sequence[AlertSilence]:
        """Those that hold, or will."""
        told = self._fetch_list("/api/v2/silences")
        try:
            every = [
                AlertSilence(
                    str(one["id"]),
                    str(one["status"]["state"]),
                    parse_api_matchers(one["matchers"]),
                    self.service.mask(one.get("createdBy") or "nobody"),
                    str(one.get("endsAt")),
                )
                for one in told
            ]
        except (KeyError, TypeError):
            raise self._unexpected_answer("/api/v2/silences") from None
        return [silence for silence in every if silence.state != "expired"]

    def fetch_config(self) -> AlertmanagerConfig:
        """Its file, as it is in force."""
        try:
            import yaml  # with the client of Kubernetes, in the extra `surroundings`
        except ImportError:
            raise NotProven(
                "the routes of Alertmanager cannot be read: install this project with its extra"
                " `surroundings`"
            ) from None
        told = self.service.get("/api/v2/status")
        try:
            read = yaml.safe_load(told["config"]["original"])
            receivers = {str(one["name"]): one for one in read.get("receivers") or ()}
            named = [*(read.get("time_intervals") or ()), *(read.get("mute_time_intervals") or ())]
            intervals = {str(one["name"]): one.get("time_intervals") or () for one in named}
            return AlertmanagerConfig(
                read["route"], receivers, read.get("inhibit_rules") or (), intervals
            )
        except (KeyError, TypeError, AttributeError, yaml.YAMLError):
            raise self._unexpected_answer("/api/v2/status") from None

    def _fetch_list(self, path: str) -> Sequence[Mapping[str, Any]]:
        told = self.service.get(path)
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise self._unexpected_answer(path)
        return told

    def _unexpected_answer(self, path: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.service.format_url(path)} gave an answer that is not that of an Alertmanager"
        )


@dataclass(frozen=True)
class SuppressionState:
    """As Alertmanager has it now."""

    silences: Sequence[AlertSilence]
    config: AlertmanagerConfig
    alerts: Sequence[Mapping[str, Any]]
    at: datetime

    @classmethod
    def load(cls, alertmanager: AlertmanagerApi) -> SuppressionState:
        """Raises `TelemetrySilent`."""
        return cls(
            alertmanager.fetch_silences(),
            alertmanager.fetch_config(),
            alertmanager.fetch_alerts(),
            datetime.now(UTC),
        )

    @property
    def active_labels(self) -> Sequence[Labels]:
        """The labels of every alert that is being sent."""
        return [
            alert["labels"]
            for alert in self.alerts
            if alert.get("status", {}).get("state") == "active"
        ]

    def find_suppressions(
        self, name: str, candidates: Sequence[Labels], receiver: str | None
    ) -> Iterator[str]:
        """A sentence for each thing.

        `candidates`: the labels that the alert may carry. `receiver`: the one that matters; None:
        all do.
        """
        for silence in self.silences:
            if any(matches_all(silence.matchers, labels) for labels in candidates):
                yield f"would be swallowed by {silence}; amtool silence expire {silence.id}"
        others = {
            str(other.get("alertname"))
            for labels in candidates
            for other in find_inhibitors(self.config.inhibitions, labels, self.active_labels)
        }
        for other in sorted(others - {name}):
            yield f"would be swallowed by an inhibition: {other!r} is active"
        for why in sorted(
            {why for labels in candidates if (why := self._find_mute_reason(labels, receiver))}
        ):
            yield f"would be swallowed now by {why} of its route"
        for alert in self.alerts:
            if alert["labels"].get("alertname") == name and (by := find_suppressors(alert)):
                yield f"fires and is kept back: {', '.join(by)}"

    def _find_mute_reason(self, labels: Labels, receiver: str | None) -> str:
        """Why no route to the receiver sends anything now; empty where one does."""
        ways = [
            self.config.find_mute_reason(leaf, self.at)
            for leaf in self.config.find_routes(labels)
            if receiver in (None, leaf.receiver)
        ]
        return ways[0] if ways and all(ways) else ""
