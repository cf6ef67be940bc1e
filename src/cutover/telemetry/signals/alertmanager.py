"""The HTTP API of an Alertmanager (`/api/v2/…`), as far as the checks of alerts ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cutover.evidence.examination import NotProven
from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.signals.intervals import holds
from cutover.telemetry.signals.matching import Labels, Leaf, Matcher, leaves_of, of_api
from cutover.telemetry.signals.service import Service


@dataclass(frozen=True)
class Silence:
    """A silence that holds now, or will."""

    id: str
    state: str
    matchers: Sequence[Matcher]
    by: str
    until: str

    def __str__(self) -> str:
        return (
            f"silence {self.id} ({self.state}, by {self.by}, until {self.until}):"
            f" {', '.join(map(str, self.matchers))}"
        )


@dataclass(frozen=True)
class Config:
    """What its file says: the tree of routes, the receivers, the inhibitions, the time intervals by
    name.
    """

    route: Mapping[str, Any]
    receivers: Mapping[str, Mapping[str, Any]]
    inhibitions: Sequence[Mapping[str, Any]]
    intervals: Mapping[str, Sequence[Mapping[str, Any]]]

    def leaves_of(self, labels: Labels) -> Sequence[Leaf]:
        return leaves_of(self.route, labels)

    def mute(self, leaf: Leaf, at: datetime) -> str:
        """Why a route sends nothing at a moment; empty where it does.

        Raises `NotProven` for an interval that is not understood.
        """
        try:
            within = [name for name in leaf.mute if holds(self.intervals[name], at)]
            outside = leaf.active and not any(
                holds(self.intervals[name], at) for name in leaf.active
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

    def ways(self, receiver: str) -> int:
        """In how many ways a receiver tells somebody."""
        return sum(
            len(value)
            for name, value in self.receivers.get(receiver, {}).items()
            if name.endswith("_configs") and isinstance(value, list)
        )


def kept_back_by(alert: Mapping[str, Any]) -> Sequence[str]:
    """The silences and alerts that keep an alert from being sent."""
    status = alert.get("status", {})
    return [*status.get("silencedBy", ()), *status.get("inhibitedBy", ())]


class Alertmanager:
    """Every method raises `TelemetrySilent`."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def alerts(self) -> Sequence[Mapping[str, Any]]:
        """Every alert that it holds: `labels`, `status` (`state`, `silencedBy`, `inhibitedBy`),
        `receivers`.
        """
        return self._list("/api/v2/alerts")

    def silences(self) -> Sequence[Silence]:
        """Those that hold, or will."""
        told = self._list("/api/v2/silences")
        try:
            every = [
                Silence(
                    str(one["id"]),
                    str(one["status"]["state"]),
                    of_api(one["matchers"]),
                    self.service.masked(one.get("createdBy") or "nobody"),
                    str(one.get("endsAt")),
                )
                for one in told
            ]
        except (KeyError, TypeError):
            raise self._strange("/api/v2/silences") from None
        return [silence for silence in every if silence.state != "expired"]

    def config(self) -> Config:
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
            return Config(read["route"], receivers, read.get("inhibit_rules") or (), intervals)
        except (KeyError, TypeError, AttributeError, yaml.YAMLError):
            raise self._strange("/api/v2/status") from None

    def _list(self, path: str) -> Sequence[Mapping[str, Any]]:
        told = self.service.get(path)
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise self._strange(path)
        return told

    def _strange(self, path: str) -> TelemetrySilent:
        return TelemetrySilent(
            f"{self.service.shown(path)} gave an answer that is not that of an Alertmanager"
        )
