"""Draws pictures with matplotlib.

Imported only where there is one to draw: matplotlib takes about a second to come.
"""

from __future__ import annotations

from functools import lru_cache
from io import StringIO
from itertools import pairwise
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from cutover_gates.reporting.charts.model import (
    ChartPanel,
    ChartSeries,
    ChartSpec,
    Point,
    format_short,
)
from cutover_gates.reporting.charts.svg import COLOURS, sanitize_svg

WIDTH, ROW, MULTIPLE = 7.2, 1.35, 1.25  # inches
COLUMNS = 3
MATPLOTLIB_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cutover",
    "text.parse_math": False,
    "font.size": 8,
    "text.color": COLOURS["ink"],
    "axes.titlesize": 8.5,
    "axes.titley": 1.0,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelcolor": COLOURS["ink"],
    "axes.edgecolor": COLOURS["quiet"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.6,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "xtick.color": COLOURS["ink"],
    "ytick.color": COLOURS["ink"],
    "xtick.bottom": False,
    "ytick.left": False,
}
"""Without tick marks: they would be the only pieces that SVG repeats by id."""
SERIES_STYLES: dict[str, dict[str, Any]] = {
    "main": {"color": COLOURS["ink"], "linewidth": 1.3, "zorder": 3},
    "other": {"color": COLOURS["link"], "linewidth": 1.1, "linestyle": (0, (1, 1.2))},
    "limit": {"color": COLOURS["bad"], "linewidth": 1.3, "linestyle": (0, (6, 2))},
    "second limit": {"color": COLOURS["bad"], "linewidth": 1.3, "linestyle": (0, (6, 2, 1, 2))},
    "third limit": {"color": COLOURS["bad"], "linewidth": 1.3, "linestyle": (0, (1, 2))},
    "bars": {"facecolor": COLOURS["link"], "edgecolor": "none"},
}
"""They differ by their dashes too, for black and white."""
MARK_STYLES = {"p50": "third limit", "p95": "limit", "p99": "second limit"}
GAP = 3.0
"""A curve is broken where two of its points are so many times further apart than usual: nobody
looked there.
"""


@lru_cache(maxsize=32)  # several checks may show the same
def render_svg(picture: ChartSpec) -> str:
    """The picture as SVG for the page. Raises whatever matplotlib, or `svg`, does not bear."""
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user's own matplotlibrc says
        mpl.rcParams.update(MATPLOTLIB_STYLE)
        drawing = _render_multiples(picture) if picture.multiples else _render_stacked(picture)
        drawing.patch.set_visible(False)
        text = StringIO()
        drawing.savefig(text, format="svg", metadata={"Date": None})
    return sanitize_svg(text.getvalue(), f"{picture.caption}. {picture.finding}")


def _render_stacked(picture: ChartSpec) -> Figure:
    """One panel below the other. The first is the taller one: it shows what is asked."""
    heights = [1.6, *[1.0] * (len(picture.panels) - 1)]
    drawing, room = _make_figure(ROW * sum(heights) + 0.5)
    rows = drawing.subplots(
        len(heights),
        1,
        sharex=True,
        squeeze=False,
        height_ratios=heights,
        gridspec_kw=room | {"hspace": 0.42},
    )[:, 0]
    for axes, panel in zip(rows, picture.panels, strict=True):
        _draw_panel(axes, panel)
        axes.set_ylabel(panel.unit)
        if len(panel.curves) + len(panel.limits) > 1:  # a single curve has its name in the title
            axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=4, borderaxespad=0.2)
    rows[-1].set_xlabel(picture.across)
    rows[-1].set_xlim(
        *_value_range(
            [at for panel in picture.panels for curve in panel.curves for at, _ in curve.points]
        )
    )
    return drawing


def _render_multiples(picture: ChartSpec) -> Figure:
    """Side by side on the same scales, with one legend for all."""
    lines = -(-len(picture.panels) // COLUMNS)
    drawing, room = _make_figure(MULTIPLE * lines + 0.75, top=0.5, right=0.25)
    places = drawing.subplots(
        lines,
        COLUMNS,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw=room | {"hspace": 0.5, "wspace": 0.12},
    )
    named: dict[str, Any] = {}
    for axes, panel in zip(places.flat, picture.panels, strict=False):
        _draw_panel(axes, panel)
        named |= {
            str(label): handle
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
    places[0, 0].set_xscale("log")
    ends = _value_range(
        [
            at
            for panel in picture.panels
            for at in (*(at for at, _ in panel.curves[0].points), *(at for _, at in panel.marks))
        ]
    )
    places[0, 0].set_xlim(*ends)
    _format_log_axis(places[0, 0].xaxis, *ends)
    for axes in places.flat[len(picture.panels) :]:
        axes.set_visible(False)
    for axes in places.flat[max(0, len(picture.panels) - COLUMNS) : len(picture.panels)]:
        axes.tick_params(labelbottom=True)
    drawing.supxlabel(picture.across, fontsize=8)
    drawing.supylabel(picture.panels[0].unit, fontsize=8)
    drawing.legend(list(named.values()), list(named), loc="upper right", ncols=4)
    return drawing


def _make_figure(
    height: float, top: float = 0.3, right: float = 0.1
) -> tuple[Figure, dict[str, float]]:
    """A sheet and where its axes stand.

    The margins are fixed: to have them measured takes as long as to draw.
    """
    left, bottom = 0.6, 0.45
    return Figure(figsize=(WIDTH, height)), {
        "left": left / WIDTH,
        "right": 1 - right / WIDTH,
        "bottom": bottom / height,
        "top": 1 - top / height,
    }


def _draw_panel(axes: Axes, panel: ChartPanel) -> None:
    axes.patch.set_visible(False)
    axes.set_title(panel.title)
    for curve in panel.curves:
        _draw_series(axes, curve)
    for look, (label, value) in zip(("limit", "second limit"), panel.limits, strict=False):
        axes.axhline(value, label=label, **SERIES_STYLES[look])
    for statistic, value in panel.marks:
        axes.axvline(value, label=f"{statistic} objective", **SERIES_STYLES[MARK_STYLES[statistic]])
    _scale_y_axis(axes, panel)


def _scale_y_axis(axes: Axes, panel: ChartPanel) -> None:
    """The vertical axis: logarithmic, or from 0; wide enough for the limits."""
    low, high = _value_range(
        [value for curve in panel.curves for _, value in curve.points]
        + [value for _, value in panel.limits]
    )
    if panel.logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.3, high * 1.3)
        _format_log_axis(axes.yaxis, low / 1.3, high * 1.3)
        return
    axes.set_ylim(min(0.0, low) * 1.08, (high if high > 0 else 1.0) * 1.08)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=low == round(low) and high == round(high)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_short(round(value, 9))))


def _format_log_axis(axis: Any, low: float, high: float) -> None:
    """A logarithmic axis with plain figures: of whole decades, or of their parts where there are
    few.
    """
    axis.set_major_locator(LogLocator(subs=(1.0,) if high > 100 * low else (1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_short(value)))


def _draw_series(axes: Axes, curve: ChartSeries) -> None:
    if curve.style == "bars":
        axes.stairs(
            [value for _, value in curve.points[:-1]],
            [at for at, _ in curve.points],
            fill=True,
            label=curve.label,
            **SERIES_STYLES["bars"],
        )
    else:
        axes.plot(
            *zip(*_break_at_gaps(curve.points), strict=True),
            label=curve.label,
            **SERIES_STYLES[curve.style],
        )


def _break_at_gaps(points: tuple[Point, ...]) -> list[Point]:
    usual = median(later - earlier for (earlier, _), (later, _) in pairwise(points))
    whole = [points[0]]
    for before, point in pairwise(points):
        if point[0] - before[0] > GAP * usual:
            whole.append((before[0], float("nan")))
        whole.append(point)
    return whole


def _value_range(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)
