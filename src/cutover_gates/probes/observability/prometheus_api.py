"""The HTTP API of Prometheus (`/api/v1/…`), as far as the checks of metrics and alerts query it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService
from cutover_gates.util.kubernetes_notation import parse_duration

_LABEL = re.compile(r'(\w+)="([^"]*)"')
FIRST_REAL_YEAR = 2000
"""Prometheus writes the year 1 for what has not happened yet."""


@dataclass(frozen=True)
class PrometheusSample:
    """One series at one moment: `at` in seconds since 1970, on Prometheus' clock."""

    labels: Mapping[str, str]
    value: float
    at: float


@dataclass(frozen=True)
class ScrapeTarget:
    """One target that Prometheus scrapes; `last_scrape` in seconds since 1970, None: never."""

    labels: Mapping[str, str]
    health: str
    last_error: str = ""
    last_scrape: float | None = None


@dataclass(frozen=True)
class AlertRule:
    """An alerting rule as Prometheus has loaded it.

    `seconds` is its `for`, `interval` that of its group in seconds. `last_evaluation` is in seconds
    since 1970, None: never.
    """

    name: str
    query: str
    labels: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    interval: float = 0.0
    health: str = ""
    state: str = ""
    last_error: str = ""
    last_evaluation: float | None = None

    def evaluation_age(self, now: float) -> float | None:
        """Return the seconds since its last evaluation; None where there was none."""
        return None if self.last_evaluation is None else round(now - self.last_evaluation, 1)


@dataclass(frozen=True)
class RaisedAlert:
    """An alert that is pending or firing in Prometheus."""

    labels: Mapping[str, str]
    state: str


class PrometheusApi:
    """A client of one Prometheus. Every method raises `SourceUnavailable`."""

    def __init__(self, service: JsonService) -> None:
        self.service = service

    def fetch_time(self) -> float:
        """Return the current time on Prometheus' clock, in seconds since 1970.

        Its samples are compared with this clock and no other.
        """
        answer = self.fetch_data("/api/v1/query", query="time()")
        try:
            return float(answer["result"][1])
        except (KeyError, IndexError, TypeError, ValueError):
            raise self.unexpected_answer("/api/v1/query") from None

    def query(self, expression: str, at: float | None = None) -> Sequence[PrometheusSample]:
        """Return the series that an expression finds at a moment (None: now)."""
        # repr: the shortest text that is exactly this number, so that two queries have one moment.
        moment = {} if at is None else {"time": repr(at)}
        answer = self.fetch_data("/api/v1/query", query=expression, **moment)
        try:
            return [_parse_sample(each) for each in answer["result"]]
        except (KeyError, IndexError, TypeError, ValueError):
            raise self.unexpected_answer("/api/v1/query") from None

    def query_total(self, expression: str, at: float | None = None) -> float | None:
        """Return the sum of what it finds; None where that is nothing, or not a finite number."""
        samples = self.query(expression, at)
        # fsum: the order of the series must not change the sum.
        total = math.fsum(sample.value for sample in samples)
        return total if samples and math.isfinite(total) else None

    def fetch_targets(self) -> Sequence[ScrapeTarget]:
        """Return what Prometheus scrapes."""
        # Dropped targets are left out: they are many, and none of them is scraped.
        entries = self._fetch_list("/api/v1/targets", "activeTargets", state="active")
        return [self._parse_target(entry) for entry in entries]

    def count_alertmanagers(self) -> int:
        """Return to how many Alertmanagers Prometheus sends its alerts."""
        return len(self._fetch_list("/api/v1/alertmanagers", "activeAlertmanagers"))

    def fetch_rules(self) -> Sequence[AlertRule]:
        """Return every alerting rule that is loaded."""
        groups = self._fetch_list("/api/v1/rules", "groups", type="alert")
        return [
            self._parse_rule(rule, float(group.get("interval") or 0))
            for group in groups
            for rule in group.get("rules", ())
        ]

    def fetch_rule_groups(self) -> Sequence[Mapping[str, Any]]:
        """Return every group of rules as Prometheus answers it, recording rules included."""
        return self._fetch_list("/api/v1/rules", "groups")

    def fetch_scrape_interval(self, labels: str) -> float:
        """Return the seconds between two scrapes of what has these labels (`job="hospital"`).

        It is the longest, where instances differ.
        """
        entries = self._fetch_list("/api/v1/targets", "activeTargets", state="active")
        wanted = dict(_LABEL.findall(labels)).items()
        own = [each for each in entries if wanted <= _parse_labels(each.get("labels")).items()]
        try:
            return max(parse_duration(str(each["scrapeInterval"])) for each in own)
        except (KeyError, ValueError):
            raise self.unexpected_answer("/api/v1/targets") from None

    def fetch_alerts(self) -> Sequence[RaisedAlert]:
        """Return every alert that is pending or firing."""
        entries = self._fetch_list("/api/v1/alerts", "alerts")
        return [
            RaisedAlert(_parse_labels(entry.get("labels")), str(entry.get("state")))
            for entry in entries
        ]

    def format_command(self, expression: str) -> str:
        """Return a command that sends the same query."""
        url = self.service.format_url("/api/v1/query")
        return f"curl -sG {url} --data-urlencode 'query={expression}'"

    def _parse_target(self, entry: Mapping[str, Any]) -> ScrapeTarget:
        return ScrapeTarget(
            _parse_labels(entry.get("labels")),
            str(entry.get("health")),
            # The text of an error may quote a URL with a token.
            self.service.mask(entry.get("lastError") or ""),
            _parse_time(entry.get("lastScrape")),
        )

    def _parse_rule(self, rule: Mapping[str, Any], interval: float) -> AlertRule:
        return AlertRule(
            name=str(rule.get("name")),
            query=str(rule.get("query", "")),
            labels=_parse_labels(rule.get("labels")),
            seconds=float(rule.get("duration") or 0),
            interval=interval,
            health=str(rule.get("health")),
            state=str(rule.get("state")),
            last_error=self.service.mask(rule.get("lastError") or ""),
            last_evaluation=_parse_time(rule.get("lastEvaluation")),
        )

    def _fetch_list(self, path: str, name: str, **parameters: str) -> Sequence[Mapping[str, Any]]:
        entries = self.fetch_data(path, **parameters).get(name)
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            raise self.unexpected_answer(path)
        return entries

    def fetch_data(self, path: str, **parameters: str) -> dict[str, Any]:
        """Return the `data` of an answer that is complete."""
        answer = self.service.get(path, **parameters)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, dict) or answer.get("status") != "success":
            raise self.unexpected_answer(path)
        # A query layer over several stores warns where not all of them have answered.
        if answer.get("warnings"):
            warning = self.service.mask(answer["warnings"][0])
            raise SourceUnavailable(f"answered in part: {warning}", self.service.format_url(path))
        return data

    def unexpected_answer(self, path: str) -> SourceUnavailable:
        """Return the error for an answer of another shape."""
        return SourceUnavailable(
            "gave an answer that is not that of a Prometheus", self.service.format_url(path)
        )


def _parse_sample(entry: Mapping[str, Any]) -> PrometheusSample:
    # The value is a text, since JSON has neither NaN nor infinity.
    at, value = entry["value"][:2]
    return PrometheusSample(entry["metric"], float(value), float(at))


def _parse_labels(labels: Any) -> Mapping[str, str]:
    pairs = labels.items() if isinstance(labels, Mapping) else ()
    return {str(name): str(value) for name, value in pairs}


def _parse_time(text: object) -> float | None:
    """Return seconds since 1970; None for a time that has not come yet, or none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.timestamp() if at.year >= FIRST_REAL_YEAR else None
