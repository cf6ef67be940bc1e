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

from cutover.reporting.plots.load import errors_over_time, latency_over_time, times_by_operation
from cutover.reporting.plots.picture import Picture
from cutover.reporting.plots.resources import pool, usage

MAKERS: tuple[Callable[[Mapping[str, Any]], list[Picture]], ...] = (
    latency_over_time,
    times_by_operation,
    errors_over_time,
    usage,
    pool,
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


def figures(facts: Mapping[str, Any]) -> tuple[list[Figure], str]:
    """The figures of an observation, and a sentence where there should be some and none can be
    drawn.
    """
    found = list(pictures(facts))
    if not found:
        return [], ""
    try:
        from cutover.reporting.plots.drawing import drawn
    except (
        Exception
    ):  # not only `ImportError`: it also looks for fonts, and for a folder to note them down
        return [], NO_MATPLOTLIB
    return [figure for picture in found if (figure := _figure(picture, drawn))], ""


def pictures(facts: Mapping[str, Any]) -> Iterator[Picture]:
    """What there is to draw of these facts."""
    for make in MAKERS:
        try:
            yield from make(facts)
        except Exception:  # whatever is wrong with a fact, the text below tells it as it is, and the page has to be written
            continue


def _figure(picture: Picture, drawn: Callable[[Picture], str]) -> Figure | None:
    try:
        svg = drawn(picture)
    except Exception:  # as above: a value that cannot be drawn, or another matplotlib that writes what may not stand on the page
        return None
    return Figure(
        picture.caption, picture.finding, Markup(svg), picture.facts
    )  # built of known tags, escaped names and numbers by `svg`
