"""Charts drawn with matplotlib.

Imported only where there is a chart to draw: matplotlib takes about a second to import.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from io import StringIO
from itertools import pairwise
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from cutover_gates.reporting.charts.model import (
    ChartPanel,
    ChartSeries,
    ChartSpec,
    Point,
    format_short,
)
from cutover_gates.reporting.charts.series_styles import (
    MARK_STYLES,
    MATPLOTLIB_STYLE,
    SERIES_STYLES,
)
from cutover_gates.reporting.charts.svg import sanitize_svg

WIDTH, ROW, MULTIPLE = 7.2, 1.35, 1.25  # inches
COLUMNS = 3
GAP = 3.0
"""A curve is broken where two points are so many times further apart than usual: nothing was
measured there."""


@lru_cache(maxsize=32)  # several checks may show the same chart
def render_svg(chart: ChartSpec) -> str:
    """Return the chart as SVG for the page. Raises what matplotlib or `svg` raise."""
    with mpl.rc_context():
        mpl.rcdefaults()  # the user's own matplotlibrc must not change the page
        mpl.rcParams.update(MATPLOTLIB_STYLE)
        sheet = _render_multiples(chart) if chart.multiples else _render_stacked(chart)
        sheet.patch.set_visible(False)
        text = StringIO()
        sheet.savefig(text, format="svg", metadata={"Date": None})
    return sanitize_svg(text.getvalue(), f"{chart.caption}. {chart.finding}")


def _render_stacked(chart: ChartSpec) -> Sheet:
    """Draw one panel below the other. The first, which answers the question, is the tallest."""
    heights = [1.6, *[1.0] * (len(chart.panels) - 1)]
    sheet, margins = _make_sheet(ROW * sum(heights) + 0.5)
    rows = sheet.subplots(
        len(heights),
        1,
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        gridspec_kw=margins | {"hspace": 0.42},
    )[:, 0]
    for axes, panel in zip(rows, chart.panels, strict=True):
        _draw_panel(axes, panel)
        axes.set_ylabel(panel.unit)
        if len(panel.curves) + len(panel.limits) > 1:  # the title names a single curve
            axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=4, borderaxespad=0.2)
    rows[-1].set_xlabel(chart.across)
    rows[-1].set_xlim(*_horizontal_range(chart.panels))
    return sheet


def _render_multiples(chart: ChartSpec) -> Sheet:
    """Draw the panels side by side on the same scales, with one legend for all."""
    lines = -(-len(chart.panels) // COLUMNS)
    sheet, margins = _make_sheet(MULTIPLE * lines + 0.75, top=0.5, right=0.25)
    grid = sheet.subplots(
        lines,
        COLUMNS,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw=margins | {"hspace": 0.5, "wspace": 0.12},
    )
    legend: dict[str, Any] = {}
    for axes, panel in zip(grid.flat, chart.panels, strict=False):
        _draw_panel(axes, panel)
        handles, labels = axes.get_legend_handles_labels()
        legend |= dict(zip(labels, handles, strict=True))
    grid[0, 0].set_xscale("log")
    ends = _horizontal_range(chart.panels)
    grid[0, 0].set_xlim(*ends)
    _format_log_axis(grid[0, 0].xaxis, *ends)
    _label_lowest_axes(list(grid.flat), len(chart.panels))
    sheet.supxlabel(chart.across, fontsize=8)
    sheet.supylabel(chart.panels[0].unit, fontsize=8)
    sheet.legend(list(legend.values()), list(legend), loc="upper right", ncols=4)
    return sheet


def _label_lowest_axes(grid: Sequence[Axes], used: int) -> None:
    """Hide the axes that have no panel, and label the lowest one of each column."""
    for axes in grid[used:]:
        axes.set_visible(False)
    for axes in grid[max(0, used - COLUMNS) : used]:
        axes.tick_params(labelbottom=True)


def _make_sheet(
    height: float, top: float = 0.3, right: float = 0.1
) -> tuple[Sheet, dict[str, float]]:
    """Return an empty sheet, and the margins of its axes.

    The margins are fixed: measuring them takes as long as drawing.
    """
    left, bottom = 0.6, 0.45
    margins = {
        "left": left / WIDTH,
        "right": 1 - right / WIDTH,
        "bottom": bottom / height,
        "top": 1 - top / height,
    }
    return Sheet(figsize=(WIDTH, height)), margins


def _draw_panel(axes: Axes, panel: ChartPanel) -> None:
    axes.patch.set_visible(False)
    axes.set_title(panel.title)
    for curve in panel.curves:
        _draw_series(axes, curve)
    for style, (label, value) in zip(("limit", "second limit"), panel.limits, strict=False):
        axes.axhline(value, label=label, **SERIES_STYLES[style])
    for statistic, value in panel.marks:
        axes.axvline(value, label=f"{statistic} objective", **SERIES_STYLES[MARK_STYLES[statistic]])
    _scale_y_axis(axes, panel)


def _scale_y_axis(axes: Axes, panel: ChartPanel) -> None:
    """Scale the vertical axis: logarithmic, or from 0; wide enough for the limits."""
    values = [value for curve in panel.curves for _, value in curve.points]
    values += [value for _, value in panel.limits]
    low, high = min(values), max(values)
    if panel.logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.3)
        _format_log_axis(axes.yaxis, low / 1.3, high * 1.3)
        return
    axes.set_ylim(min(0.0, low) * 1.08, (high if high > 0 else 1.0) * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=low == round(low) and high == round(high)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_short(round(value, 9))))


def _format_log_axis(axis: Any, low: float, high: float) -> None:
    """Label a logarithmic axis with plain numbers.

    It has whole decades, or also parts of decades where there are few of them.
    """
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_short(value)))


def _draw_series(axes: Axes, curve: ChartSeries) -> None:
    style = SERIES_STYLES[curve.style]
    if curve.style == "bars":
        values = [value for _, value in curve.points[:-1]]
        edges = [at for at, _ in curve.points]
        axes.stairs(values, edges, fill=True, label=curve.label, **style)
        return
    times, heights = zip(*_break_at_gaps(curve.points), strict=True)
    axes.plot(times, heights, label=curve.label, **style)


def _break_at_gaps(points: tuple[Point, ...]) -> list[Point]:
    """Return the points with a NaN in each gap, where matplotlib ends the line."""
    usual = median(later - earlier for (earlier, _), (later, _) in pairwise(points))
    broken = [points[0]]
    for before, point in pairwise(points):
        if point[0] - before[0] > GAP * usual:
            broken.append((before[0], float("nan")))
        broken.append(point)
    return broken


def _horizontal_range(panels: Sequence[ChartPanel]) -> tuple[float, float]:
    values = [at for panel in panels for curve in panel.curves for at, _ in curve.points]
    values += [at for panel in panels for _, at in panel.marks]
    return min(values), max(values)
