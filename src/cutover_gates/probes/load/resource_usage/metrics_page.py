"""A page in Prometheus' text format, and the metrics on it, as the settings name them.

A metric is written as `name` or `name{label="value"}`.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from cutover_gates.config.base import SettingsError
from cutover_gates.config.resources import UNIT_SECONDS, ResourceSettings
from cutover_gates.probes.load.resource_usage.resource_sample import (
    MeasuredFigure,
    ResourceSample,
    build_resource_sample,
)
from cutover_gates.util.http import BoundedResponse, SourceUnavailable, redact_url
from cutover_gates.util.http_client import SAMPLE_TIMEOUT_SECONDS, BoundedHttpClient

SECTION = "performance.resources"
COUNTER_FIGURES = frozenset({"cpu_seconds", "pool_timeouts"})


@dataclass(frozen=True)
class ResourceMetric:
    """A metric.

    `figure` is what it reports, `key` its key in the settings, `text` its value there. What it
    reports times `scale` is in the unit of the figure.
    """

    figure: str
    key: str
    text: str
    name: str
    labels: Mapping[str, str]
    scale: float = 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """Return its names: a counter's with and without `_total`, because both are in use."""
        if self.figure not in COUNTER_FIGURES:
            return (self.name,)
        return (
            self.name,
            (
                self.name.removesuffix("_total")
                if self.name.endswith("_total")
                else f"{self.name}_total"
            ),
        )

    def describe_absence(self, where: str) -> str:
        """Return why the figure is missing, and what to do."""
        return f"{where} tells no {self.text}; name what it tells in {self.key}"


def parse_metrics(resources: ResourceSettings) -> tuple[ResourceMetric, ...]:
    """Return one metric for each figure. Raises `SettingsError` for a text that is no metric."""
    pool = resources.pool
    named = {
        "cpu_seconds": ("cpu", resources.cpu),
        "memory": ("memory", resources.memory),
        "pool_in_use": ("pool.in_use", pool.in_use),
        "pool_max": ("pool.maximum", pool.maximum),
        "pool_waiting": ("pool.waiting", pool.waiting),
        "pool_timeouts": ("pool.timeouts", pool.timeouts),
    }
    metrics = [
        _parse_metric(figure, f"{SECTION}.{key}", text) for figure, (key, text) in named.items()
    ]
    scale = UNIT_SECONDS[resources.cpu_unit]
    return (replace(metrics[0], scale=scale), *metrics[1:])


def _parse_metric(figure: str, key: str, text: str) -> ResourceMetric:
    try:  # as a line of the text format, so that settings and page have one grammar
        (sample,) = [
            sample
            for family in text_string_to_metric_families(f"{text.strip()} 1\n")
            for sample in family.samples
        ]
    except (ValueError, IndexError):
        sample = None
    if sample is None or sample.value != 1 or sample.timestamp is not None:
        raise SettingsError(f'{key} = {text!r} is no metric: write name or name{{label="value"}}')
    return ResourceMetric(figure, key, text.strip(), sample.name, dict(sample.labels))


TEXT_FORMAT = "text/plain;version=0.0.4"


class MetricsPage:
    """The samples of one page. Raises `SourceUnavailable` for a page in another format."""

    def __init__(self, text: str, where: str = "the page") -> None:
        self._samples: dict[str, list[Sample]] = defaultdict(list)
        try:
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    self._samples[sample.name].append(sample)
        except (
            Exception
        ) as error:  # the parser raises whatever its slicing meets, not only ValueError
            raise SourceUnavailable(
                f"{where} is not in Prometheus' text format ({type(error).__name__})"
            ) from None

    def sum_metric(self, metric: ResourceMetric) -> MeasuredFigure | None:
        """Return the sum of the series with the metric's name and labels.

        None where there is no such series, or where the sum is no number.
        """
        for name in metric.names:
            series = [
                sample
                for sample in self._samples.get(name, ())
                if metric.labels.items() <= sample.labels.items()
            ]
            if series and math.isfinite(value := sum(float(sample.value) for sample in series)):
                moments = [
                    float(sample.timestamp) for sample in series if sample.timestamp is not None
                ]
                return MeasuredFigure(value * metric.scale, min(moments, default=None), len(series))
        return None


class MetricsPageSource:
    """The page at `url` as a source."""

    def __init__(
        self, url: str, resources: ResourceSettings, seconds: float = SAMPLE_TIMEOUT_SECONDS
    ) -> None:
        self._url, self._client, self._metrics = (
            url,
            BoundedHttpClient(seconds),
            parse_metrics(resources),
        )

    def take_sample(self) -> ResourceSample:
        """Read the page once. Raises `SourceUnavailable`."""
        answer = self._client.get(self._url, accept=TEXT_FORMAT)
        figures, where = _parse_page(answer, self._url), redact_url(self._url)
        found = {
            metric.figure: one for metric in self._metrics if (one := figures.sum_metric(metric))
        }
        return build_resource_sample(
            answer.at,
            found,
            {
                metric.figure: metric.describe_absence(where)
                for metric in self._metrics
                if metric.figure not in found
            },
        )


def fetch_metrics_page(url: str, seconds: float = SAMPLE_TIMEOUT_SECONDS) -> MetricsPage:
    """Return the page at `url`, read once. Raises `SourceUnavailable`."""
    return _parse_page(BoundedHttpClient(seconds).get(url, accept=TEXT_FORMAT), url)


def _parse_page(answer: BoundedResponse, url: str) -> MetricsPage:
    if answer.status != 200:
        raise SourceUnavailable(
            f"{redact_url(url)} answered {answer.status}; say where the page is in"
            " performance.resources.metrics_path"
        )
    return MetricsPage(answer.text, redact_url(url))
