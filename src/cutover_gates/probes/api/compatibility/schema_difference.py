"""Differences of two schemas, and the keywords by which they are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from cutover_gates.core.findings import Rule
from cutover_gates.probes.api.compatibility import rules
from cutover_gates.probes.api.compatibility.flat_schemas import Flat

DifferenceKind = Literal["breaking", "unclear", "added"]

_SCALAR_TYPES = frozenset({"string", "integer", "number", "boolean"})
_LOWER = ("minLength", "minItems", "minProperties")
_UPPER = ("maxLength", "maxItems", "maxProperties")
_PRESENTATION_FORMATS = frozenset({"binary", "byte", "password", "float", "double"})
"""Formats that say how a value is shown or sent, and narrow nothing."""

UNCOMPARABLE_KEYWORDS = (
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "propertyNames",
    "contains",
    "minContains",
    "maxContains",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "unevaluatedItems",
    "prefixItems",
    "uniqueItems",
)
"""Keywords of which only equality is checked."""


@dataclass(frozen=True)
class SchemaDifference:
    """A difference, with what was expected (as before) and what holds now.

    `place` is from where the comparison began, such as `.items[].mrn`. `schema` is the same from
    the innermost schema that has a name.
    """

    kind: DifferenceKind
    rule: Rule
    expected: str
    actual: str
    place: str = ""
    schema: str = ""

    def prefix_place(self, step: str) -> SchemaDifference:
        """Return the difference as seen from one step further out."""
        return replace(self, place=step + self.place)

    def with_schema(self, name: str) -> SchemaDifference:
        """Return the difference with its place in the named schema, where it has none yet."""
        return replace(self, schema=self.schema or name.rpartition("/")[2] + self.place)


def breaking_difference(
    rule: Rule, expected: str, actual: str, place: str = ""
) -> SchemaDifference:
    """Return a difference that breaks clients."""
    return SchemaDifference("breaking", rule, expected, actual, place)


def added_difference(actual: str, place: str = "") -> SchemaDifference:
    """Return an addition, which breaks nobody."""
    return SchemaDifference("added", rules.ADDITION, "", actual, place)


def changed_keyword(keyword: str, old: Any, new: Any) -> tuple[str, str]:
    """Return what was expected of a keyword, and what it is now."""
    return f"{keyword} {_format_value(old)}", f"{keyword} {_format_value(new)}"


def _format_value(value: Any) -> str:
    return "none" if value is None else repr(value)


def is_compatible(inner: Flat, outer: Flat, text: bool) -> bool:
    """Return whether values of the inner type may be values of the outer one.

    `text`: values are sent as text, so a string takes a number too.
    """
    one, other = inner.get("type"), outer.get("type")
    if text and other == "string" and one in _SCALAR_TYPES:
        return one == "string" or not {"enum", "pattern", "format"} & outer.keys()
    return other in (None, one) or (one, other) == ("integer", "number")


def widened_keywords(inner: Flat, outer: Flat, old: Flat, new: Flat) -> Iterator[str]:
    """Yield the keywords by which the inner schema allows what the outer one does not."""
    for key in _LOWER:
        if inner.get(key, 0) < outer.get(key, 0):
            yield key
    for key in _UPPER:
        if key in outer and inner.get(key, float("inf")) > outer[key]:
            yield key
    yield from _widened_bounds(inner, outer, old, new)
    if "multipleOf" in outer and inner.get("multipleOf", 0.1) % outer["multipleOf"]:
        yield "multipleOf"
    if _has_other_format(inner, outer):
        yield "format"


def _widened_bounds(inner: Flat, outer: Flat, old: Flat, new: Flat) -> Iterator[str]:
    if _lower_bound(inner) < _lower_bound(outer):
        yield _bound_keyword("minimum", old, new)
    if _upper_bound(inner) > _upper_bound(outer):
        yield _bound_keyword("maximum", old, new)


def _has_other_format(inner: Flat, outer: Flat) -> bool:
    if outer.get("format", "binary") in _PRESENTATION_FORMATS:
        return False
    formats = inner.get("format"), outer["format"]
    return formats != ("int32", "int64") and formats[0] != formats[1]


def _bound_keyword(bound: str, old: Flat, new: Flat) -> str:
    """Return the bound as it is written: `exclusiveMinimum` where only that is."""
    exclusive = f"exclusive{bound.capitalize()}"
    written: Mapping[str, Any] = {**old, **new}
    return exclusive if exclusive in written and bound not in written else bound


def _lower_bound(schema: Flat) -> tuple[float, int]:
    """Return the lower bound, and 1 where it is itself excluded."""
    return max(
        (schema.get("minimum", float("-inf")), 0),
        (schema.get("exclusiveMinimum", float("-inf")), 1),
    )


def _upper_bound(schema: Flat) -> tuple[float, int]:
    """Return the upper bound, and -1 where it is itself excluded."""
    return min(
        (schema.get("maximum", float("inf")), 0), (schema.get("exclusiveMaximum", float("inf")), -1)
    )
