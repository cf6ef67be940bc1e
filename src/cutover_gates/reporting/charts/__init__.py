"""What a load run saw, as figures for the page: from the facts of an observation to pieces of SVG
with their words.

facts → picture (`load`, `resources`: plain values) → matplotlib (`drawing`) → what may stand on the
page (`svg`)

Facts that are unknown or malformed give no figure, and never an error: a page without a picture is
a page. matplotlib is imported when the first picture is drawn, and not before: a gate starts
without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cutover_gates.reporting.charts.load_charts import (
    chart_errors,
    chart_latency,
    chart_operation_times,
)
from cutover_gates.reporting.charts.model import ChartSpec
from cutover_gates.reporting.charts.resource_charts import chart_pool, chart_usage

CHART_BUILDERS: tuple[Callable[[Mapping[str, Any]], list[ChartSpec]], ...] = (
    chart_latency,
    chart_operation_times,
    chart_errors,
    chart_usage,
    chart_pool,
)
NO_MATPLOTLIB = (
    "These figures are not drawn, for matplotlib is not there or cannot be loaded: it comes with"
    " the extra `performance`."
)


@dataclass(frozen=True)
class Figure:
    """A drawn picture.

    `finding` says in words what it shows, `facts` names the facts that need not be read as text
    beside it.
    """

    caption: str
    finding: str
    svg: Markup
    facts: frozenset[str]


def render_figures(facts: Mapping[str, Any]) -> tuple[list[Figure], str]:
    """The figures of an observation, and a sentence where there should be some and none can be
    drawn.
    """
    found = list(build_charts(facts))
    if not found:
        return [], ""
    try:
        from cutover_gates.reporting.charts.rendering import render_svg
    except (
        Exception
    ):  # not only `ImportError`: it also looks for fonts, and for a folder to note them down
        return [], NO_MATPLOTLIB
    return [figure for picture in found if (figure := _render_figure(picture, render_svg))], ""


def build_charts(facts: Mapping[str, Any]) -> Iterator[ChartSpec]:
    """What there is to draw of these facts."""
    for make in CHART_BUILDERS:
        try:
            yield from make(facts)
        except Exception:  # whatever is wrong with a fact, the text below tells it as it is, and the page has to be written
            continue


def _render_figure(picture: ChartSpec, drawn: Callable[[ChartSpec], str]) -> Figure | None:
    try:
        svg = drawn(picture)
    except Exception:  # as above: a value that cannot be drawn, or another matplotlib that writes what may not stand on the page
        return None
    return Figure(
        picture.caption, picture.finding, Markup(svg), picture.facts
    )  # built of known tags, escaped names and numbers by `svg`
