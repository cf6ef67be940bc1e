"""A target's own page of metrics, in Prometheus' text format.

A page tells of the process that answers. Where several stand behind one address, each look may meet
another: ask a Prometheus or a cluster there.
"""

from __future__ import annotations

import math
from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from cutover.settings import Resources
from cutover.telemetry.asking import SECONDS, Answer, Asker, shown
from cutover.telemetry.looks import Found, Look, TelemetrySilent, look_of
from cutover.telemetry.metrics import Metric, metrics_of

TEXT_FORMAT = "text/plain;version=0.0.4"


class Figures:
    """The samples of one page. Raises `TelemetrySilent` for what is not in the text format."""

    def __init__(self, text: str, where: str = "the page") -> None:
        self._samples: dict[str, list[Sample]] = defaultdict(list)
        try:
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    self._samples[sample.name].append(sample)
        except (
            Exception
        ) as error:  # the parser raises whatever its slicing meets, not only ValueError
            raise TelemetrySilent(
                f"{where} is not in Prometheus' text format ({type(error).__name__})"
            ) from None

    def of(self, metric: Metric) -> Found | None:
        """The sum of the series that have the metric's name and labels; None where there is none,
        or where the sum is no number.
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
                return Found(value, min(moments, default=None), len(series))
        return None


class Page:
    """A source: the page at `url`."""

    def __init__(self, url: str, resources: Resources, seconds: float = SECONDS) -> None:
        self._url, self._asker, self._metrics = url, Asker(seconds), metrics_of(resources)

    def look(self) -> Look:
        answer = self._asker.get(self._url, accept=TEXT_FORMAT)
        figures, where = _figures(answer, self._url), shown(self._url)
        found = {metric.figure: one for metric in self._metrics if (one := figures.of(metric))}
        return look_of(
            answer.at,
            found,
            {
                metric.figure: metric.absent(where)
                for metric in self._metrics
                if metric.figure not in found
            },
        )


def read_page(url: str, seconds: float = SECONDS) -> Figures:
    """The page at `url`, read once. Raises `TelemetrySilent`."""
    return _figures(Asker(seconds).get(url, accept=TEXT_FORMAT), url)


def _figures(answer: Answer, url: str) -> Figures:
    if answer.status != 200:
        raise TelemetrySilent(
            f"{shown(url)} answered {answer.status}; say where the page is in"
            " performance.resources.metrics_path"
        )
    return Figures(answer.text, shown(url))
