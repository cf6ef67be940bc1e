"""Pictures of response times and errors, from the observations "response times" and "errors" of
`cutover.load.questions`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any, NamedTuple

from cutover.reporting.plots.picture import (
    Curve,
    Panel,
    Picture,
    Point,
    number,
    seconds_of,
    short,
    spread,
    thinned,
)
from cutover.reporting.text import printable

BINS_PER_DECADE = 20
"""Of a distribution, as `cutover.load.course` makes it (not imported: it would bring numpy to every
start).
"""
MOST_BINS = 240
SMALLEST_MS = 0.1
TOGETHER = 12
"""Operations that share one figure."""
STATISTICS = ("p50", "p95", "p99")


class Second(NamedTuple):
    """What was due in one second; its times in ms."""

    at: float
    requests: float
    p50: float | None
    p95: float | None
    errors: float


def latency_over_time(facts: Mapping[str, Any]) -> list[Picture]:
    """p50 and p95, requests and errors of each second."""
    if "operations" not in facts or len(seconds := _seconds(facts)) < 2:
        return []
    p50, p95 = _of(seconds, "p50"), _of(seconds, "p95")
    objective = _strictest(facts["operations"])
    times = Panel(
        "Response time",
        "ms",
        (Curve("p95", thinned(p95)), Curve("p50", thinned(p50), "other")),
        ((f"strictest p95 objective, {short(objective)} ms", objective),) if objective else (),
        logarithmic=True,
    )
    finding = (
        f"In each second p50 was {spread(value for _, value in p50)} ms, and p95"
        f" {spread(value for _, value in p95)} ms. "
    )
    if objective:
        over = sum(value > objective for _, value in p95)
        finding += (
            f"p95 was above the strictest objective, {short(objective)} ms, in {over} of {len(p95)}"
            " seconds. "
        )
    panels = (
        times,
        Panel(
            "Requests per second",
            "requests",
            (Curve("requests", _bars(seconds, "requests"), "bars"),),
        ),
        _errors(seconds),
    )
    return [
        Picture(
            "Response times over time, all operations together",
            finding + _failed(seconds),
            seconds_of(len(seconds)),
            panels,
            frozenset({"series"}),
        )
    ]


def errors_over_time(facts: Mapping[str, Any]) -> list[Picture]:
    """Errors of each second, and their share so far against its limit; for an observation that has
    no response times.
    """
    if "operations" in facts or len(seconds := _seconds(facts)) < 2:
        return []
    share, requests, errors = [], 0.0, 0.0
    for second in seconds:
        requests, errors = requests + second.requests, errors + second.errors
        share.append((second.at, 100 * errors / max(requests, 1)))
    most = next(
        (
            100 * number(claim["share"])
            for claim in facts.get("claims", ())
            if claim["statistic"] == "errors"
        ),
        None,
    )
    so_far = Panel(
        "Failed so far",
        "% of requests",
        (Curve("failed", thinned(share)),),
        ((f"limit, {short(most)} %", most),) if most else (),
    )
    finding = _failed(seconds) + (f" The limit is {short(most)} %." if most else "")
    return [
        Picture(
            "Errors over time",
            finding,
            seconds_of(len(seconds)),
            (_errors(seconds), so_far),
            frozenset({"series"}),
        )
    ]


def times_by_operation(facts: Mapping[str, Any]) -> list[Picture]:
    """How the times of each operation are distributed, beside its objective."""
    operations = [one for one in facts.get("operations", ()) if one.get("distribution")]
    pieces = [operations[start : start + TOGETHER] for start in range(0, len(operations), TOGETHER)]
    return [
        Picture(
            "Distribution of response times by operation",
            _nearest(piece),
            "response time, ms (logarithmic)",
            tuple(map(_distribution, piece)),
            frozenset({"operations"}),
            multiples=True,
        )
        for piece in pieces
    ]


def _seconds(facts: Mapping[str, Any]) -> list[Second]:
    return [
        Second(number(at), number(requests), _ms(p50), _ms(p95), number(errors))
        for at, requests, p50, p95, errors in facts.get("series") or ()
    ]


def _ms(seconds: Any) -> float | None:
    """For a logarithmic axis, which knows no 0."""
    return None if seconds is None else max(1000 * number(seconds), SMALLEST_MS)


def _of(seconds: Sequence[Second], name: str) -> list[Point]:
    return [
        (second.at, value) for second in seconds if (value := getattr(second, name)) is not None
    ]


def _bars(seconds: Sequence[Second], name: str) -> tuple[Point, ...]:
    return (*thinned(_of(seconds, name)), (seconds[-1].at + 1, 0.0))


def _errors(seconds: Sequence[Second]) -> Panel:
    return Panel(
        "Errors per second", "errors", (Curve("errors", _bars(seconds, "errors"), "bars"),)
    )


def _failed(seconds: Sequence[Second]) -> str:
    errors, requests = (
        sum(second.errors for second in seconds),
        sum(second.requests for second in seconds),
    )
    when = [second.at for second in seconds if second.errors]
    return f"{errors:,.0f} of {requests:,.0f} requests failed" + (
        f", between second {when[0]:.0f} and {when[-1]:.0f}." if when else "."
    )


def _objectives(operation: Mapping[str, Any]) -> list[tuple[str, float]]:
    """(statistic, ms) of each."""
    told = operation.get("objective") or {}
    return [
        (statistic, 1000 * number(told[statistic]))
        for statistic in STATISTICS
        if told.get(statistic)
    ]


def _strictest(operations: Sequence[Mapping[str, Any]]) -> float | None:
    return min(
        (ms for one in operations for statistic, ms in _objectives(one) if statistic == "p95"),
        default=None,
    )


def _distribution(operation: Mapping[str, Any]) -> Panel:
    """Bins without requests are not told, and are drawn as what they are: empty."""
    told = {
        round(log10(number(edge)) * BINS_PER_DECADE): number(count)
        for edge, count in operation["distribution"]
    }
    first, last, whole = min(told), max(told), sum(told.values())
    if last - first > MOST_BINS:
        raise ValueError("too wide to be drawn")
    bars = [
        (1000 * 10 ** ((bin_ - 1) / BINS_PER_DECADE), 100 * told.get(bin_, 0.0) / whole)
        for bin_ in range(first, last + 1)
    ]
    ends = (1000 * 10 ** (last / BINS_PER_DECADE), 0.0)
    return Panel(
        printable(str(operation["name"])),
        "% of requests",
        (Curve("requests", (*bars, ends), "bars"),),
        marks=tuple(_objectives(operation)),
    )


def _nearest(operations: Sequence[Mapping[str, Any]]) -> str:
    """Which percentiles are above their objectives, or how near the nearest one comes."""
    measured = [
        (
            1000 * number(one[statistic][0]) / ms,
            (
                f"{printable(str(one['name']))}: {statistic} {short(1000 * one[statistic][0])} ms, "
                f"objective {short(ms)} ms"
            ),
        )
        for one in operations
        for statistic, ms in _objectives(one)
        if one.get(statistic)
    ]
    above = [words for share, words in measured if share > 1]
    if not measured:
        return "No objective is set for these operations."
    if above:
        return f"Measured above the objective: {'; '.join(above)}."
    return (
        "Every measured percentile is within its objective. The nearest to it is"
        f" {max(measured)[1]}."
    )
