"""The HTTP API of a Prometheus (`/api/v1/…`), as far as the checks of metrics and alerts ask it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService


@dataclass(frozen=True)
class PrometheusSample:
    """One series at one moment: `at` in seconds since 1970, on Prometheus' clock."""

    labels: Mapping[str, str]
    value: float
    at: float


class PrometheusApi:
    """Every method raises `TelemetrySilent`."""

    def __init__(self, service: JsonService) -> None:
        self.service = service

    def fetch_time(self) -> float:
        """The moment, on Prometheus' clock: its samples are held against no other."""
        told = self._fetch_data("/api/v1/query", query="time()")
        try:
            return float(told["result"][1])
        except (KeyError, IndexError, TypeError, ValueError):
            raise self._unexpected_answer("/api/v1/query") from None

    def query(self, expression: str, at: float | None = None) -> Sequence[PrometheusSample]:
        """What an expression finds at a moment (None: now)."""
        told = self._fetch_data(
            "/api/v1/query", query=expression, **({} if at is None else {"time": repr(at)})
        )
        try:
            return [
                PrometheusSample(one["metric"], float(one["value"][1]), float(one["value"][0]))
                for one in told["result"]
            ]
        except (KeyError, IndexError, TypeError, ValueError):
            raise self._unexpected_answer("/api/v1/query") from None

    def query_total(self, expression: str, at: float | None = None) -> float | None:
        """The sum of what it finds; None where that is nothing, or no number."""
        samples = self.query(expression, at)
        total = math.fsum(sample.value for sample in samples)
        return total if samples and math.isfinite(total) else None

    def fetch_targets(self) -> Sequence[Mapping[str, Any]]:
        """What it scrapes, each with `labels`, `health`, `lastError`, `lastScrape`."""
        return self._fetch_list("/api/v1/targets", "activeTargets", state="active")

    def fetch_alertmanagers(self) -> Sequence[Mapping[str, Any]]:
        """Where it sends its alerts."""
        return self._fetch_list("/api/v1/alertmanagers", "activeAlertmanagers")

    def fetch_rules(self) -> Sequence[Mapping[str, Any]]:
        """Every alerting rule: `name`, `query`, `duration`, `labels`, `health`, `lastError`,
        `lastEvaluation`, `state`, its group's `interval`.
        """
        groups = self._fetch_list("/api/v1/rules", "groups", type="alert")
        return [
            {**rule, "interval": group.get("interval", 0)}
            for group in groups
            for rule in group.get("rules", ())
        ]

    def fetch_alerts(self) -> Sequence[Mapping[str, Any]]:
        """Every alert that is pending or firing: `labels`, `state`."""
        return self._fetch_list("/api/v1/alerts", "alerts")

    def format_command(self, expression: str) -> str:
        """A command that asks the same."""
        return f"curl -sG {self.service.format_url('/api/v1/query')} --data-urlencode 'query={expression}'"

    def _fetch_list(self, path: str, name: str, **parameters: str) -> Sequence[Mapping[str, Any]]:
        found = self._fetch_data(path, **parameters).get(name)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self._unexpected_answer(path)
        return found

    def _fetch_data(self, path: str, **parameters: str) -> dict[str, Any]:
        told = self.service.get(path, **parameters)
        if (
            not isinstance(told, dict)
            or told.get("status") != "success"
            or not isinstance(told.get("data"), dict)
        ):
            raise self._unexpected_answer(path)
        if told.get("warnings"):  # of several stores behind it not all have answered
            raise SourceUnavailable(
                f"{self.service.format_url(path)} answered in part:"
                f" {self.service.mask(told['warnings'][0])}"
            )
        return dict(told["data"])

    def _unexpected_answer(self, path: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{self.service.format_url(path)} gave an answer that is not that of a Prometheus"
        )
