"""matplotlib's SVG made fit for the page: a few known tags, no `style`, no id, no link, and the
page's own colours.

The page's Content-Security-Policy blocks `style` attributes, so what they say becomes attributes of
its own. Colours become the page's variables: one drawing serves the light scheme, the dark one, and
paper. There are no ids, so none can clash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

COLOURS = {
    "ink": "#1b1f24",
    "quiet": "#57606a",
    "line": "#d0d7de",
    "link": "#0550ae",
    "bad": "#a40e26",
}
"""Names in `verdict.css` → what matplotlib is told to draw in."""
VARIABLES = {colour: f"var(--{name})" for name, colour in COLOURS.items()} | {"none": "none"}
POSITION_ATTRIBUTES = ("d", "x", "y", "transform")
ALLOWED_ATTRIBUTES = (
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "font-size",
    "font-weight",
    "text-anchor",
)
"""Properties that become attributes, beside `fill` and `stroke`.

Others (the fonts' names, offsets of 0) are left to the page.
"""
DROPPED_TAGS = ("metadata", "defs")
"""Clip paths stand there too. Nothing is drawn outside of its axes, so none is needed."""
FRACTION = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
POINT = re.compile(r"([MLz])(?: ([-\d.]+) ([-\d.]+))?")
POLYGON = re.compile(rf"(?:{POINT.pattern} ?)*")
NO_ROTATION = re.compile(r"rotate\(-?0 .*\)")


def sanitize_svg(drawn: str, words: str) -> str:
    """`drawn`, as matplotlib writes it, as a piece of HTML that is called `words`.

    Raises `ValueError` for an unknown tag or colour.
    """
    root = ElementTree.fromstring(drawn)
    return (
        f'<svg class="plot" role="img" aria-label="{escape(words)}"'
        f' viewBox="{escape(root.attrib["viewBox"])}">{"".join(_render_children(root))}</svg>'
    )


def _render_children(parent: ElementTree.Element) -> Iterator[str]:
    for node in parent:
        tag = node.tag.rpartition("}")[2]
        if tag == "g" and "transform" not in node.attrib:
            yield from _render_children(node)
        elif tag in ("path", "text") and not len(node):
            yield f"<{tag}{_render_attributes(node)}>{escape((node.text or '').strip())}</{tag}>\n"
        elif tag not in DROPPED_TAGS:
            raise ValueError(f"<{tag}> may not stand on the page")


def _render_attributes(node: ElementTree.Element) -> str:
    told = {
        name: _round_numbers(node.attrib[name])
        for name in POSITION_ATTRIBUTES
        if name in node.attrib
    }
    if "d" in told:
        told["d"] = _shorten_path(told["d"])
    if NO_ROTATION.fullmatch(told.get("transform", "")):
        del told["transform"]
    return "".join(
        f' {name}="{escape(value)}"'
        for name, value in (told | _style_attributes(node.attrib.get("style", ""))).items()
    )


def _style_attributes(style: str) -> dict[str, str]:
    """`style` as attributes.

    Older versions of matplotlib write the size of a text as a part of `font`.
    """
    told = {
        name.strip(): value.strip()
        for name, _, value in (part.partition(":") for part in style.split(";") if part.strip())
    }
    if size := re.search(r"[\d.]+px", told.pop("font", "")):
        told["font-size"] = size.group()
    colours = {name: VARIABLES.get(told[name]) for name in ("fill", "stroke") if name in told}
    if None in colours.values():
        raise ValueError(f"a colour that is none of the page's: {style}")
    return {name: str(value) for name, value in colours.items()} | {
        name: told[name] for name in ALLOWED_ATTRIBUTES if name in told
    }


def _round_numbers(text: str) -> str:
    """A tenth of a point is finer than anybody sees."""
    return FRACTION.sub(
        lambda found: f"{round(float(found.group()), 1) + 0.0:.1f}".removesuffix(".0"),
        " ".join(text.split()),
    )


def _shorten_path(path: str) -> str:
    """The same path, shorter: a line straight across or upright needs one number only, and steps
    consist of nothing else.
    """
    if not POLYGON.fullmatch(path):
        return path
    at, short = ("", ""), []
    for command, x, y in POINT.findall(path):
        straight = f"V{y}" if x == at[0] else f"H{x}" if y == at[1] else ""
        short.append(straight if command == "L" and straight else f"{command}{x} {y}".strip())
        at = x, y
    return "".join(short)
