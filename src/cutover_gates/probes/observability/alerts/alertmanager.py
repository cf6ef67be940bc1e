"""The HTTP API of Alertmanager (`/api/v2/…`), as far as the checks of alerts query it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.observability.alertmanager_routing import (
    LabelMatcher,
    Labels,
    RouteLeaf,
    find_routes,
    parse_api_matchers,
)
from cutover_gates.probes.observability.alerts import rules
from cutover_gates.probes.observability.alerts.time_intervals import contains_moment
from cutover_gates.util.bounded_markup import UnusableMarkup, parse_yaml
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService


@dataclass(frozen=True)
class AlertSilence:
    """A silence that is active or pending. `ends` is a time as Alertmanager writes it."""

    id: str
    state: str
    matchers: Sequence[LabelMatcher]
    creator: str
    ends: str

    def __str__(self) -> str:
        matchers = ", ".join(map(str, self.matchers))
        return f"silence {self.id} ({self.state}, by {self.creator}, until {self.ends}): {matchers}"


@dataclass(frozen=True)
class ManagedAlert:
    """An alert that Alertmanager holds. `suppressors` are ids of silences and of alerts."""

    labels: Mapping[str, str]
    state: str
    suppressors: tuple[str, ...] = ()
    receivers: tuple[str, ...] = ()


@dataclass(frozen=True)
class AlertmanagerConfig:
    """The configuration in force: routes, receivers, inhibitions, and time intervals by name.

    The parts are as YAML has them.
    """

    route: Mapping[str, Any]
    receivers: Mapping[str, Mapping[str, Any]]
    inhibitions: Sequence[Mapping[str, Any]]
    intervals: Mapping[str, Sequence[Mapping[str, Any]]]

    def find_routes(self, labels: Labels) -> Sequence[RouteLeaf]:
        """Return the routes at which an alert with these labels ends."""
        return find_routes(self.route, labels)

    def find_mute_reason(self, leaf: RouteLeaf, at: datetime) -> str:
        """Return why a route sends nothing at a moment; empty where it sends.

        Raises:
            NotProven: a time interval cannot be parsed.
        """
        try:
            muting = [name for name in leaf.mute if contains_moment(self.intervals[name], at)]
            active = [name for name in leaf.active if contains_moment(self.intervals[name], at)]
        except (KeyError, ValueError) as error:
            # A route with an unknown interval may be muted: this is not known, so it is no breach.
            raise gap_error(rules.INTERVALS_PARSED, leaf.receiver, str(error)) from None
        if muting:
            return f"within the time interval {muting[0]}"
        if leaf.active and not active:
            return f"outside of the time interval {' and '.join(leaf.active)}"
        return ""

    def count_integrations(self, receiver: str) -> int:
        """Return how many integrations a receiver has."""
        return sum(
            len(value)
            for name, value in self.receivers.get(receiver, {}).items()
            if name.endswith("_configs") and isinstance(value, list)
        )


class AlertmanagerApi:
    """A client of one Alertmanager. Every method raises `SourceUnavailable`."""

    def __init__(self, service: JsonService) -> None:
        self.service = service

    def fetch_alerts(self) -> Sequence[ManagedAlert]:
        """Return every alert that Alertmanager holds."""
        entries = self._fetch_list("/api/v2/alerts")
        try:
            return list(map(_parse_alert, entries))
        except (KeyError, TypeError, AttributeError):
            raise self._unexpected_answer("/api/v2/alerts") from None

    def fetch_silences(self) -> Sequence[AlertSilence]:
        """Return the silences that have not expired."""
        entries = self._fetch_list("/api/v2/silences")
        try:
            silences = [self._parse_silence(entry) for entry in entries]
        except (KeyError, TypeError):
            raise self._unexpected_answer("/api/v2/silences") from None
        # Expired silences stay in the list for days. A pending one may start during the cutover.
        return [silence for silence in silences if silence.state != "expired"]

    def fetch_config(self) -> AlertmanagerConfig:
        """Return the configuration in force. Raises `NotProven` without PyYAML."""
        answer = self.service.get("/api/v2/status")
        try:
            # `original` is the file in force; the other fields are a summary without routes.
            return _build_config(parse_yaml(answer["config"]["original"]))
        except ImportError:  # PyYAML is an optional extra: it comes with the client of Kubernetes
            raise gap_error(rules.EXTRA_INSTALLED, "pyyaml", "not installed") from None
        except (KeyError, TypeError, AttributeError, UnusableMarkup):
            raise self._unexpected_answer("/api/v2/status") from None

    def _parse_silence(self, entry: Mapping[str, Any]) -> AlertSilence:
        return AlertSilence(
            str(entry["id"]),
            str(entry["status"]["state"]),
            parse_api_matchers(entry["matchers"]),
            self.service.mask(entry.get("createdBy") or "nobody"),
            str(entry.get("endsAt")),
        )

    def _fetch_list(self, path: str) -> Sequence[Mapping[str, Any]]:
        entries = self.service.get(path)
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise self._unexpected_answer(path)
        return entries

    def _unexpected_answer(self, path: str) -> SourceUnavailable:
        return SourceUnavailable(
            "gave an answer that is not that of an Alertmanager", self.service.format_url(path)
        )


def _parse_alert(entry: Mapping[str, Any]) -> ManagedAlert:
    status = entry.get("status") or {}
    receivers = entry.get("receivers") or ()
    return ManagedAlert(
        {str(name): str(value) for name, value in entry["labels"].items()},
        str(status.get("state") or "nothing"),
        (*(status.get("silencedBy") or ()), *(status.get("inhibitedBy") or ())),
        tuple(str(receiver.get("name")) for receiver in receivers),
    )


def _build_config(content: Mapping[str, Any]) -> AlertmanagerConfig:
    receivers = content.get("receivers") or ()
    # The older name of the table is still valid.
    intervals = [
        *(content.get("time_intervals") or ()),
        *(content.get("mute_time_intervals") or ()),
    ]
    return AlertmanagerConfig(
        content["route"],
        {str(receiver["name"]): receiver for receiver in receivers},
        content.get("inhibit_rules") or (),
        {str(each["name"]): each.get("time_intervals") or () for each in intervals},
    )
