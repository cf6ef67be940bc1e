"""A Prometheus that scrapes the target, asked for all figures in one instant query (HTTP API,
`/api/v1/query`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from cutover.settings import Resources, SettingsError
from cutover.telemetry.asking import SAID, SECONDS, Answer, Asker, shown
from cutover.telemetry.looks import Found, Look, TelemetrySilent, look_of
from cutover.telemetry.metrics import SECTION, Metric, metrics_of

Vector = dict[str, float]
"""The values of an answer, by the label `asked` that the query gives each."""


class Prometheus:
    """A source: series that have the settings' labels, added up."""

    def __init__(self, resources: Resources, seconds: float = SECONDS) -> None:
        """Raises `SettingsError` where nothing singles the target out."""
        self._url = f"{(resources.prometheus or '').rstrip('/')}/api/v1/query"
        self._labels = resources.labels.strip("{}, ")
        self._metrics, self._asker = metrics_of(resources), Asker(seconds)
        self._behind: float | None = None
        for metric in self._metrics:
            if not self._labels and not metric.labels:
                raise SettingsError(
                    f"{metric.key} = {metric.text!r} has no label and {SECTION}.labels is empty:"
                    " all that Prometheus scrapes would be added up; give labels such as"
                    ' job="hospital"'
                )
        self._query = " or ".join(part for metric in self._metrics for part in self._parts(metric))

    def look(self) -> Look:
        answer = self._asker.get(self._url, {"query": self._query})
        vector, now = _vector(answer, shown(self._url))
        if self._behind is None:  # kept: a sample has one moment, at whichever look it is met
            self._behind = answer.at - now
        found = {
            metric.figure: one
            for metric in self._metrics
            if (one := self._found(vector, metric.figure))
        }
        return look_of(
            answer.at,
            found,
            {
                metric.figure: metric.absent(self._where)
                for metric in self._metrics
                if metric.figure not in found
            },
        )

    def _parts(self, metric: Metric) -> Iterator[str]:
        """The value, the moment of its oldest sample, and of how many series it is the sum.

        A vector's own time is that of the question.
        """
        series = [self._selector(name, metric) for name in metric.names]
        for asked, of in (
            ("", "sum({})"),
            (" measured", "min(timestamp({}))"),
            (" parts", "count({})"),
        ):
            either = " or ".join(of.format(one) for one in series)
            yield f'label_replace({either}, "asked", "{metric.figure}{asked}", "", "")'

    def _selector(self, name: str, metric: Metric) -> str:
        own = [
            f"{label}={json.dumps(value, ensure_ascii=False)}"
            for label, value in metric.labels.items()
        ]
        return f"{name}{{{','.join(filter(None, [*own, self._labels]))}}}"

    def _found(self, vector: Vector, figure: str) -> Found | None:
        value, measured = vector.get(figure), vector.get(f"{figure} measured")
        if value is None or measured is None or not math.isfinite(value):
            return None
        return Found(
            value, measured + (self._behind or 0.0), round(vector.get(f"{figure} parts", 0))
        )

    @property
    def _where(self) -> str:
        return (
            f"{shown(self._url)} (with {SECTION}.labels {self._labels!r})"
            if self._labels
            else shown(self._url)
        )


def _vector(answer: Answer, where: str) -> tuple[Vector, float]:
    """The values, and the moment of the question on Prometheus' clock. Raises `TelemetrySilent`."""
    told = _json(answer, where)
    if told.get("status") != "success":
        said = " ".join(str(told.get("error", "no reason")).split())[:SAID]
        raise TelemetrySilent(f"{where} answered {answer.status}: {said}")
    if told.get("warnings"):  # of several stores behind it not all have answered
        raise TelemetrySilent(f"{where} answered in part: {str(told['warnings'][0])[:SAID]}")
    try:
        result = told["data"]["result"]
        vector = {str(one["metric"]["asked"]): float(one["value"][1]) for one in result}
        return vector, float(result[0]["value"][0]) if result else answer.at
    except (KeyError, TypeError, ValueError, IndexError):
        raise TelemetrySilent(f"{where} gave an answer that is no vector") from None


def _json(answer: Answer, where: str) -> dict[str, Any]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise TelemetrySilent(
            f"{where} answered {answer.status}, and not as the HTTP API of a Prometheus does"
        )
    return told
