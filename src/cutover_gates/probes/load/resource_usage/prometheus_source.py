"""A Prometheus that scrapes the target, as a source.

All figures come from one instant query (HTTP API, `/api/v1/query`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.resources import ResourceSettings
from cutover_gates.core.bounded_json import parse_json
from cutover_gates.probes.load.resource_usage.metrics_page import (
    SECTION,
    ResourceMetric,
    parse_metrics,
)
from cutover_gates.probes.load.resource_usage.resource_sample import (
    MeasuredFigure,
    ResourceSample,
    build_resource_sample,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, BoundedResponse, SourceUnavailable, redact_url
from cutover_gates.util.http_client import SAMPLE_TIMEOUT_SECONDS, BoundedHttpClient

QueryResult = dict[str, float]
"""The values of an answer, by the label `asked` that the query gives to each."""


class PrometheusResourceSource:
    """The sums of the series that have the settings' labels."""

    def __init__(
        self, resources: ResourceSettings, seconds: float = SAMPLE_TIMEOUT_SECONDS
    ) -> None:
        """Build the query. Raises `SettingsError` where no label selects the target."""
        self._url = f"{(resources.prometheus or '').rstrip('/')}/api/v1/query"
        self._labels = resources.labels.strip("{}, ")
        self._metrics, self._client = parse_metrics(resources), BoundedHttpClient(seconds)
        self._clock_offset: float | None = None
        for metric in self._metrics:
            if not self._labels and not metric.labels:
                raise SettingsError(
                    f"{metric.key} = {metric.text!r} has no label and {SECTION}.labels is empty:"
                    " all that Prometheus scrapes would be added up; give labels such as"
                    ' job="hospital"'
                )
        self._query = " or ".join(
            part for metric in self._metrics for part in self._build_query_parts(metric)
        )

    def take_sample(self) -> ResourceSample:
        """Send the query once. Raises `SourceUnavailable`."""
        answer = self._client.get(self._url, {"query": self._query})
        vector, now = _parse_vector(answer, redact_url(self._url))
        if self._clock_offset is None:  # kept, so that a measurement has one moment in all samples
            self._clock_offset = answer.at - now
        found = {
            metric.figure: one
            for metric in self._metrics
            if (one := self._find_figure(vector, metric))
        }
        return build_resource_sample(
            answer.at,
            found,
            {
                metric.figure: metric.describe_absence(self._description)
                for metric in self._metrics
                if metric.figure not in found
            },
        )

    def _build_query_parts(self, metric: ResourceMetric) -> Iterator[str]:
        """Yield the queries for the value, the moment of its oldest sample, and the series' count.

        The time of a vector itself is that of the query.
        """
        series = [self._format_selector(name, metric) for name in metric.names]
        for suffix, template in (
            ("", "sum({})"),
            (" measured", "min(timestamp({}))"),
            (" parts", "count({})"),
        ):
            either = " or ".join(template.format(one) for one in series)
            yield f'label_replace({either}, "asked", "{metric.figure}{suffix}", "", "")'

    def _format_selector(self, name: str, metric: ResourceMetric) -> str:
        own = [
            f"{label}={json.dumps(value, ensure_ascii=False)}"
            for label, value in metric.labels.items()
        ]
        return f"{name}{{{','.join(filter(None, [*own, self._labels]))}}}"

    def _find_figure(self, vector: QueryResult, metric: ResourceMetric) -> MeasuredFigure | None:
        figure = metric.figure
        value, measured = vector.get(figure), vector.get(f"{figure} measured")
        if value is None or measured is None or not math.isfinite(value):
            return None
        return MeasuredFigure(
            value * metric.scale,
            measured + (self._clock_offset or 0.0),
            round(vector.get(f"{figure} parts", 0)),
        )

    @property
    def _description(self) -> str:
        return (
            f"{redact_url(self._url)} (with {SECTION}.labels {self._labels!r})"
            if self._labels
            else redact_url(self._url)
        )


def _parse_vector(answer: BoundedResponse, where: str) -> tuple[QueryResult, float]:
    """Return the values, and the moment of the query on Prometheus' clock."""
    content = _parse_object(answer, where)
    if content.get("status") != "success":
        said = " ".join(str(content.get("error", "no reason")).split())[:ERROR_TEXT_LIMIT]
        raise SourceUnavailable(f"{where} answered {answer.status}: {said}")
    if content.get("warnings"):  # of several stores behind it not all have answered
        raise SourceUnavailable(
            f"{where} answered in part: {str(content['warnings'][0])[:ERROR_TEXT_LIMIT]}"
        )
    try:
        result = content["data"]["result"]
        vector = {str(one["metric"]["asked"]): float(one["value"][1]) for one in result}
        return vector, float(result[0]["value"][0]) if result else answer.at
    except (KeyError, TypeError, ValueError, IndexError):
        raise SourceUnavailable(f"{where} gave an answer that is no vector") from None


def _parse_object(answer: BoundedResponse, where: str) -> dict[str, Any]:
    try:
        content = parse_json(answer.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SourceUnavailable(
            f"{where} answered {answer.status}, and not as the HTTP API of a Prometheus does"
        )
    return content
