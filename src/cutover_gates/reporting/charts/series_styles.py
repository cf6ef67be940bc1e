"""The looks of a chart for matplotlib: its settings, and the style of each kind of line."""

from __future__ import annotations

from typing import Any

from cutover_gates.reporting.charts.svg import COLOURS

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
    # Tick marks would be the only parts that SVG repeats by id, and the page has no ids.
    "xtick.bottom": False,
    "ytick.left": False,
}

# The lines also differ by their dashes, for print in black and white.
SERIES_STYLES: dict[str, dict[str, Any]] = {
    "main": {"color": COLOURS["ink"], "linewidth": 1.3, "zorder": 3},
    "other": {"color": COLOURS["link"], "linewidth": 1.1, "linestyle": (0, (1, 1.2))},
    "limit": {"color": COLOURS["bad"], "linewidth": 1.3, "linestyle": (0, (6, 2))},
    "second limit": {"color": COLOURS["bad"], "linewidth": 1.3, "linestyle": (0, (6, 2, 1, 2))},
    "third limit": {"color": COLOURS["bad"], "linewidth": 1.3, "linestyle": (0, (1, 2))},
    "bars": {"facecolor": COLOURS["link"], "edgecolor": "none"},
}
MARK_STYLES = {"p50": "third limit", "p95": "limit", "p99": "second limit"}
