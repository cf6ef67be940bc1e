"""Whether a schema still takes what was sent before (`sending`), or still promises what was read
before.

One rule for both: all that the *inner* schema allows must be allowed by the *outer* one. For what
clients send the inner one is the old, for what they read it is the new. Beside that rule a field
that was known and is gone is always told: nobody would name one that may be dropped in silence. And
a new field in an answer is always allowed: clients of JSON skip what they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import jsonschema

from cutover_gates.probes.api.compatibility.flat_schemas import (
    Flat,
    Json,
    list_alternatives,
    resolve_reference,
)

DifferenceKind = Literal["breaking", "unclear", "added"]

_SCALAR_TYPES = frozenset({"string", "integer", "number", "boolean"})
_LOWER, _UPPER = (
    ("minLength", "minItems", "minProperties"),
    ("maxLength", "maxItems", "maxProperties"),
)
_PRESENTATION_FORMATS = frozenset({"binary", "byte", "password", "float", "double"})
"""Formats that say how to show or to send a value, and narrow nothing."""
_UNCOMPARABLE_KEYWORDS = (
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
"""Keywords that are only compared for being the same."""


@dataclass(frozen=True)
class SchemaDifference:
    """`place`: from where the comparison began, such as `.items[].mrn`.

    `schema`: the same from the innermost schema that has a name.
    """

    kind: DifferenceKind
    text: str
    place: str = ""
    schema: str = ""

    def prefix_place(self, step: str) -> SchemaDifference:
        return replace(self, place=step + self.place)

    def with_schema(self, name: str) -> SchemaDifference:
        return replace(self, schema=self.schema or name.rpartition("/")[2] + self.place)


class SchemaComparison:
    """Compares schemas of two documents.

    `sending`: of what clients send, else of what they read.
    """

    def __init__(self, old: Json, new: Json, *, sending: bool) -> None:
        self._old, self._new, self._sending = old, new, sending
        self._known: dict[tuple[str, str], list[SchemaDifference]] = {}

    def find_differences(self, old: Any, new: Any, *, text: bool = False) -> list[SchemaDifference]:
        """`text`: values are sent as text (parameters), so that a string takes a number, too.

        Raises ValueError for a schema that has no end.
        """
        names = _reference(old), _reference(new)
        if None in names or text:
            return list(dict.fromkeys(self._compare_alternatives(old, new, text)))
        pair = str(names[0]), str(names[1])
        if pair not in self._known:
            self._known[pair] = []  # a schema that holds itself: its differences are told once
            self._known[pair] = [
                found.with_schema(pair[0])
                for found in dict.fromkeys(self._compare_alternatives(old, new, text))
            ]
        return self._known[pair]

    def _compare_alternatives(self, old: Any, new: Any, text: bool) -> Iterator[SchemaDifference]:
        lefts, rights = list_alternatives(old, self._old), list_alternatives(new, self._new)
        inner, outer = (lefts, rights) if self._sending else (rights, lefts)
        if not rights and lefts and not self._sending:
            yield _breaking_difference("no value is allowed now")
        for one in (
            inner if not text else [one for one in inner if one.get("type") != "null"]
        ):  # there is no null in a text
            fitting = [
                list(self._compare_pair(one, other, text))
                for other in outer
                if _is_compatible(one, other, text)
            ]
            yield from (
                min(fitting, key=_count_changes) if fitting else [self._type_difference(one, outer)]
            )

    def _compare_pair(self, inner: Flat, outer: Flat, text: bool) -> Iterator[SchemaDifference]:
        old, new = (inner, outer) if self._sending else (outer, inner)
        if inner.get("type") != outer.get("type") and outer.get("type") == "string":
            return
        yield from (
            self._compare_values(inner, outer)
            if "enum" in inner or "enum" in outer
            else self._compare_bounds(inner, outer, old, new)
        )
        if (
            self._sending
            and "default" in old
            and "default" in new
            and old["default"] != new["default"]
        ):
            yield _breaking_difference(
                _format_change("the default", old["default"], new["default"])
            )
        for keyword in _UNCOMPARABLE_KEYWORDS:
            if keyword in outer and outer[keyword] != inner.get(keyword):
                yield SchemaDifference(
                    "unclear",
                    f"{keyword} has changed, and what that means for clients cannot be computed",
                )
        if outer.get("type") == "array":
            yield from (
                found.prefix_place("[]")
                for found in self.find_differences(
                    old.get("items", {}), new.get("items", {}), text=text
                )
            )
        if outer.get("type") == "object":
            yield from self._compare_fields(old, new)

    def _type_difference(self, inner: Flat, outer: list[Flat]) -> SchemaDifference:
        one, others = (
            inner.get("type", "anything"),
            " or ".join(dict.fromkeys(other.get("type", "anything") for other in outer))
            or "nothing",
        )
        return _breaking_difference(
            f"{one} is not taken any more, only {others}"
            if self._sending
            else f"may be {one} now, was {others}"
        )

    def _compare_values(self, inner: Flat, outer: Flat) -> Iterator[SchemaDifference]:
        if "enum" not in inner:
            words = ", ".join(map(repr, outer["enum"]))
            yield _breaking_difference(
                f"only {words} is taken now" if self._sending else f"may be more than {words} now"
            )
            return
        plain = {
            key: value
            for key, value in outer.items()
            if key not in ("properties", "items", "additionalProperties")
        }
        refused = [
            value
            for value in inner["enum"]
            if not jsonschema.Draft202012Validator(plain).is_valid(value)
        ]
        yield from (
            _breaking_difference(
                f"{value!r} is not taken any more" if self._sending else f"may be {value!r} now"
            )
            for value in refused
        )

    def _compare_bounds(
        self, inner: Flat, outer: Flat, old: Flat, new: Flat
    ) -> Iterator[SchemaDifference]:
        wider = [key for key in _LOWER if inner.get(key, 0) < outer.get(key, 0)]
        wider += [
            key for key in _UPPER if key in outer and inner.get(key, float("inf")) > outer[key]
        ]
        wider += [
            _bound_keyword(key, old, new)
            for key, inside in (
                ("minimum", _lower_bound(inner) >= _lower_bound(outer)),
                ("maximum", _upper_bound(inner) <= _upper_bound(outer)),
            )
            if not inside
        ]
        if "multipleOf" in outer and inner.get("multipleOf", 0.1) % outer["multipleOf"]:
            wider.append("multipleOf")
        if outer.get("format", "binary") not in _PRESENTATION_FORMATS and (
            inner.get("format"),
            outer["format"],
        ) != ("int32", "int64"):
            wider += ["format"] if inner.get("format") != outer["format"] else []
        yield from (
            _breaking_difference(_format_change(key, old.get(key), new.get(key))) for key in wider
        )
        if "pattern" in outer and inner.get("pattern") != outer["pattern"]:
            kind: DifferenceKind = "unclear" if "pattern" in inner else "breaking"
            more = (
                ", and whether all of the one matches the other cannot be computed"
                if kind == "unclear"
                else ""
            )
            yield SchemaDifference(
                kind, _format_change("pattern", old.get("pattern"), new.get("pattern")) + more
            )

    def _compare_fields(self, old: Flat, new: Flat) -> Iterator[SchemaDifference]:
        left, right = self._visible_fields(old, self._old), self._visible_fields(new, self._new)
        before, needed = self._required_fields(old, left), self._required_fields(new, right)
        for name, schema in left.items():
            if name not in right:
                yield _breaking_difference("the field is gone", f".{name}")
            else:
                yield from (
                    found.prefix_place(f".{name}")
                    for found in self.find_differences(schema, right[name])
                )
        for name in right.keys() - left.keys():
            if not (self._sending and name in needed):
                yield SchemaDifference("added", "a new field", f".{name}")
        if self._sending:
            yield from (
                _breaking_difference("is required now", f".{name}")
                for name in sorted(needed - before)
            )
        else:
            yield from (
                _breaking_difference("may be missing now", f".{name}")
                for name in sorted(before - needed)
                if name in right
            )
        yield from self._compare_other_fields(
            old.get("additionalProperties", True), new.get("additionalProperties", True)
        )

    def _compare_other_fields(self, old: Any, new: Any) -> Iterator[SchemaDifference]:
        """Fields that have no name of their own."""
        inner, outer = (old, new) if self._sending else (new, old)
        if self._sending and outer is False and inner is not False:
            yield _breaking_difference("others than the named fields are not taken any more")
        elif isinstance(outer, Mapping) and inner is not False:
            yield from (found.prefix_place(".*") for found in self.find_differences(old, new))

    def _visible_fields(self, schema: Flat, document: Json) -> Json:
        """The fields that are there on this way: what is `readOnly` is never sent, what is
        `writeOnly` never comes back.
        """
        hidden = "readOnly" if self._sending else "writeOnly"
        return {
            name: one
            for name, one in schema.get("properties", {}).items()
            if not (
                isinstance(found := resolve_reference(one, document), Mapping) and found.get(hidden)
            )
        }

    def _required_fields(self, schema: Flat, shown: Json) -> set[str]:
        """The required fields; also one that is named nowhere else."""
        return {
            name
            for name in schema.get("required", ())
            if name in shown or name not in schema.get("properties", {})
        }


def _breaking_difference(said: str, place: str = "") -> SchemaDifference:
    return SchemaDifference("breaking", said, place)


def _is_compatible(inner: Flat, outer: Flat, text: bool) -> bool:
    one, other = inner.get("type"), outer.get("type")
    if text and other == "string" and one in _SCALAR_TYPES:
        return one == "string" or not {"enum", "pattern", "format"} & outer.keys()
    return other in (None, one) or (one, other) == ("integer", "number")


def _count_changes(found: list[SchemaDifference]) -> int:
    """How far an alternative is from fitting: the nearest one is told."""
    return sum(1 for one in found if one.kind != "added")


def _format_change(what: str, old: Any, new: Any) -> str:
    return f"{what} is {_format_value(new)} now, was {_format_value(old)}"


def _format_value(value: Any) -> str:
    return "none" if value is None else repr(value)


def _bound_keyword(bound: str, old: Flat, new: Flat) -> str:
    """The bound as it is written: `minimum`, or `exclusiveMinimum` where only that is."""
    exclusive = f"exclusive{bound.capitalize()}"
    return exclusive if exclusive in {**old, **new} and bound not in {**old, **new} else bound


def _lower_bound(schema: Flat) -> tuple[float, int]:
    """The lower bound, and 1 where it is itself excluded."""
    return max(
        (schema.get("minimum", float("-inf")), 0),
        (schema.get("exclusiveMinimum", float("-inf")), 1),
    )


def _upper_bound(schema: Flat) -> tuple[float, int]:
    return min(
        (schema.get("maximum", float("inf")), 0), (schema.get("exclusiveMaximum", float("inf")), -1)
    )


def _reference(schema: Any) -> str | None:
    return schema.get("$ref") if isinstance(schema, Mapping) else None
