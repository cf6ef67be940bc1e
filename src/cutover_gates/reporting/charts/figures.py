"""The figures of an observation, drawn and ready for the page.

Facts become a chart of plain values (`load_charts`, `operation_charts`, `resource_charts`),
matplotlib draws it (`rendering`), and `svg` lets through what may stand on the page.

Unknown or malformed facts give no figure and never an error: a page without a figure is still a
page. matplotlib is imported when the first figure is drawn, so that a gate starts without it (it
takes about a second).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cutover_gates.reporting.charts.load_charts import chart_errors, chart_latency
from cutover_gates.reporting.charts.model import ChartSpec
from cutover_gates.reporting.charts.operation_charts import chart_operation_times
from cutover_gates.reporting.charts.resource_charts import chart_pool, chart_usage

CHART_BUILDERS: tuple[Callable[[Mapping[str, Any]], list[ChartSpec]], ...] = (
    chart_latency,
    chart_operation_times,
    chart_errors,
    chart_usage,
    chart_pool,
)
NO_MATPLOTLIB = (
    "The figures are not drawn, because matplotlib is not installed or cannot be loaded. It comes"
    " with the extra `performance`."
)


@dataclass(frozen=True)
class Figure:
    """A drawn chart.

    `finding` says in words what it shows. `facts` names the facts that it shows in full: they need
    not stand beside it as text.
    """

    caption: str
    finding: str
    svg: Markup
    facts: frozenset[str]


def render_figures(facts: Mapping[str, Any]) -> tuple[list[Figure], str]:
    """Return the figures of an observation, and a sentence where none of them is drawn."""
    charts = list(build_charts(facts))
    if not charts:
        return [], ""
    try:
        from cutover_gates.reporting.charts.rendering import render_svg
    except Exception:  # not only ImportError: matplotlib also looks for fonts and a cache folder
        return [], NO_MATPLOTLIB
    figures = [_render_figure(chart, render_svg) for chart in charts]
    return [figure for figure in figures if figure is not None], ""


def build_charts(facts: Mapping[str, Any]) -> Iterator[ChartSpec]:
    """Return the charts of these facts."""
    for build in CHART_BUILDERS:
        # A malformed fact is shown as text, and must not cost the page.
        try:
            yield from build(facts)
        except Exception:
            continue


def _render_figure(chart: ChartSpec, render: Callable[[ChartSpec], str]) -> Figure | None:
    # A value that cannot be drawn, or another matplotlib that writes an unknown tag, costs the
    # figure and not the page.
    try:
        svg = render(chart)
    except Exception:
        return None
    # `svg` builds it from known tags, escaped names and numbers, so it is safe to mark.
    return Figure(chart.caption, chart.finding, Markup(svg), chart.facts)
