"""Raw samples of series in Prometheus (a range selector): what was scraped, and nothing computed.

`increase()` and `rate()` say nothing of a series that appears with its first error, and
extrapolate over what was not scraped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.probes.observability.promql import add_labels

_PLAIN_NAME = re.compile(r"[A-Za-z_:][\w:]*")
NAME = "__name__"
"""The label in which Prometheus answers the name of a metric."""


@dataclass(frozen=True)
class RawSeries:
    """One series: its labels, and its samples as (seconds since 1970, value), in their order."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]

    @property
    def name(self) -> str:
        """The name of its metric."""
        return self.labels.get(NAME, "")


def fetch_samples(api: PrometheusApi, selector: str, seconds: float, at: float) -> list[RawSeries]:
    """Return the samples of every series of a selector in the seconds before `at`.

    A value that is no number is left out. Raises `SourceUnavailable`.
    """
    query = f"{selector}[{math.ceil(seconds * 1000)}ms]"
    answer = api.fetch_data("/api/v1/query", query=query, time=repr(at))
    try:
        return [_parse_series(entry) for entry in answer["result"]]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise api.unexpected_answer("/api/v1/query") from None


def join_names(names: Sequence[str], labels: str) -> list[str]:
    """Return selectors for all metrics, as few as can be: plain names share one."""
    plain = [name for name in names if _PLAIN_NAME.fullmatch(name)]
    others = [add_labels(name, labels) for name in names if name not in plain]
    if not plain:
        return others
    return [add_labels(f'{{{NAME}=~"{"|".join(dict.fromkeys(plain))}"}}', labels), *others]


def metric_name(selector: str) -> str:
    """Return the name of the metric of a selector."""
    return selector.partition("{")[0].strip()


def _parse_series(entry: Mapping[str, Any]) -> RawSeries:
    labels = {str(name): str(value) for name, value in entry["metric"].items()}
    samples = [(float(at), float(value)) for at, value in entry["values"]]
    return RawSeries(labels, [each for each in samples if math.isfinite(each[1])])
