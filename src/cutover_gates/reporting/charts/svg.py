"""matplotlib's SVG made fit for the page: known tags, no `style`, id or link, the page's colours.

The page's Content-Security-Policy blocks `style` attributes, so their properties become attributes
of their own. Colours become the page's variables: one drawing serves the light scheme, the dark one
and paper. Two figures cannot clash, since no ids are left.
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
"""The names in `verdict.css`, and the colours that matplotlib draws in for each."""
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
"""Properties that become attributes, besides `fill` and `stroke`. The page decides the others."""
DROPPED_TAGS = ("metadata", "defs")
"""`defs` also holds clip paths. Nothing is drawn outside of its axes, so none is needed."""
FRACTION = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
POINT = re.compile(r"([MLz])(?: ([-\d.]+) ([-\d.]+))?")
POLYGON = re.compile(rf"(?:{POINT.pattern} ?)*")
NO_ROTATION = re.compile(r"rotate\(-?0 .*\)")


def sanitize_svg(drawn: str, words: str) -> str:
    """Return a drawing of matplotlib as a piece of HTML with the label `words`.

    Raises `ValueError` for an unknown tag or colour.
    """
    root = ElementTree.fromstring(drawn)
    view_box = escape(root.attrib["viewBox"])
    children = "".join(_render_children(root))
    label = escape(words)
    return (
        f'<svg class="plot" role="img" aria-label="{label}" viewBox="{view_box}">{children}</svg>'
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
    present = [name for name in POSITION_ATTRIBUTES if name in node.attrib]
    attributes = {name: _round_numbers(node.attrib[name]) for name in present}
    if "d" in attributes:
        attributes["d"] = _shorten_path(attributes["d"])
    if NO_ROTATION.fullmatch(attributes.get("transform", "")):
        del attributes["transform"]
    attributes |= _style_attributes(node.attrib.get("style", ""))
    return "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())


def _style_attributes(style: str) -> dict[str, str]:
    """Return the properties of `style` as attributes. Raises `ValueError` for an unknown colour."""
    declarations = [part.partition(":") for part in style.split(";") if part.strip()]
    properties = {name.strip(): value.strip() for name, _, value in declarations}
    # Older versions of matplotlib write the size of a text as a part of `font`.
    if size := re.search(r"[\d.]+px", properties.pop("font", "")):
        properties["font-size"] = size.group()
    attributes: dict[str, str] = {}
    for name in ("fill", "stroke"):
        if name in properties:
            attributes[name] = _page_colour(properties[name])
    for name in ALLOWED_ATTRIBUTES:
        if name in properties:
            attributes[name] = properties[name]
    return attributes


def _page_colour(colour: str) -> str:
    if colour not in VARIABLES:
        raise ValueError(f"a colour that is none of the page's: {colour}")
    return VARIABLES[colour]


def _round_numbers(text: str) -> str:
    """Return the text with its numbers rounded to a tenth of a point, finer than anybody sees."""

    def rounded(match: re.Match[str]) -> str:
        # Adding 0.0 turns -0.0 into 0.0.
        return f"{round(float(match.group()), 1) + 0.0:.1f}".removesuffix(".0")

    return FRACTION.sub(rounded, " ".join(text.split()))


def _shorten_path(path: str) -> str:
    """Return the same path, shorter.

    A horizontal or vertical line needs one number only, and the steps of bars consist of them.
    """
    if not POLYGON.fullmatch(path):
        return path
    last_x, last_y, parts = "", "", []
    for command, x, y in POINT.findall(path):
        if command == "L" and x == last_x:
            parts.append(f"V{y}")
        elif command == "L" and y == last_y:
            parts.append(f"H{x}")
        else:
            parts.append(f"{command}{x} {y}".strip())
        last_x, last_y = x, y
    return "".join(parts)
