"""What a reader must ask of a series before its counts are a reading; else they are unknown.

"Twice the baseline" is compared with a baseline of response times.

Baseline and measurement come from the same source, of the same operation, under a load that is not
higher: the server's own histogram and a probe's clock see different times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cutover_gates.core.triggers.trigger_limits import LOAD_FACTOR
from cutover_gates.core.triggers.trigger_names import SignalSource

EDGE_SHARE = 0.1
"""How far the nearest edge of a histogram may be from the limit, as a share of the limit."""


@dataclass(frozen=True)
class ResponseBaseline:
    """The response time of one operation before the cutover.

    `seconds`: the upper bound of the statistic. `per_second`: requests of the whole service at that
    time; None: not recorded.
    """

    operation: str
    source: SignalSource
    seconds: float
    statistic: str = "p95"
    per_second: float | None = None

    def limit(self, factor: float) -> float:
        """Return the seconds above which a request is slow."""
        return factor * self.seconds


def find_edge(edges: Sequence[float], limit: float) -> float | None:
    """Return the edge of a histogram at which slow requests are counted; None: none is near.

    An edge above the limit is preferred to one below it: a request between the two is not slow.
    """
    near = [edge for edge in edges if abs(edge - limit) <= EDGE_SHARE * limit * (1 + 1e-9)]
    return min(near, key=lambda edge: (edge < limit, abs(edge - limit)), default=None)


def find_incomparable(
    baseline: ResponseBaseline | None, source: SignalSource, per_second: float | None
) -> str | None:
    """Return why a measurement cannot be compared with the baseline; None: it can.

    A reading that cannot be compared is unknown.
    """
    if baseline is None:
        return "no baseline was recorded before the cutover"
    if baseline.source is not source:
        return f"the baseline comes from {baseline.source}, the measurement from {source}"
    if baseline.per_second is None or per_second is None:
        return None
    if per_second > LOAD_FACTOR * baseline.per_second:
        return (
            f"the load is {per_second:g} requests a second, the baseline was recorded at"
            f" {baseline.per_second:g}"
        )
    return None


def find_unusable_series(
    series: Sequence[Mapping[str, str]], label: str, release: str
) -> str | None:
    """Return why the series that a query found do not stand for one release; None: they do.

    `series` are their labels. Where there are several, the last one would be judged by chance. A
    release that is not in the label matches `.*` as well.
    """
    if not series:
        return f"the query found no series of {label}={release}"
    if len(series) > 1:
        return f"the query found {len(series)} series, expected one of {label}={release}"
    found = series[0].get(label, "")
    if not found:
        return f"the series has no label {label}"
    return None if found == release else f"the series is of {label}={found}, not of {release}"


def find_other_release(answered: str | None, release: str) -> str | None:
    """Return why an answer is not one of the new release; None: it is."""
    if answered is None:
        return "the answer names no release"
    return None if answered == release else f"release {answered} answered, not {release}"
