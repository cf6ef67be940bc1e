"""The comparison of two schemas.

It finds out whether the new one still takes what was sent, or promises what was read. One rule
serves both: all that the *inner* schema allows must be allowed by the *outer* one. For what clients
send the inner one is the old, for what they read it is the new. Beside that rule a known field that
is gone is always reported: nobody would document a field that may be dropped. And a new field in an
answer is always allowed: clients of JSON skip what they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from cutover_gates.probes.api.compatibility import rules
from cutover_gates.probes.api.compatibility.flat_schemas import Flat, Json, list_alternatives
from cutover_gates.probes.api.compatibility.schema_difference import (
    UNCOMPARABLE_KEYWORDS,
    SchemaDifference,
    added_difference,
    breaking_difference,
    changed_keyword,
    is_compatible,
    widened_keywords,
)
from cutover_gates.probes.api.document.references import LocalReferences

_NESTED_KEYWORDS = ("properties", "items", "additionalProperties")


class SchemaComparison:
    """Compares schemas of two documents.

    `sending`: of what clients send, else of what they read.
    """

    def __init__(self, old: LocalReferences, new: LocalReferences, *, sending: bool) -> None:
        self._old, self._new, self._sending = old, new, sending
        self._known: dict[tuple[str, str], list[SchemaDifference]] = {}

    def find_differences(self, old: Any, new: Any, *, text: bool = False) -> list[SchemaDifference]:
        """Return the differences of two schemas.

        `text`: values are sent as text (parameters), so a string takes a number too.

        Raises `ValueError` for a schema that has no end.
        """
        old_name, new_name = _reference(old), _reference(new)
        if old_name is None or new_name is None or text:
            return list(dict.fromkeys(self._compare_alternatives(old, new, text)))
        pair = old_name, new_name
        if pair not in self._known:
            # Empty while it is compared: a schema that holds itself is reported once.
            self._known[pair] = []
            differences = dict.fromkeys(self._compare_alternatives(old, new, text))
            self._known[pair] = [one.with_schema(old_name) for one in differences]
        return self._known[pair]

    def _compare_alternatives(self, old: Any, new: Any, text: bool) -> Iterator[SchemaDifference]:
        lefts, rights = list_alternatives(old, self._old), list_alternatives(new, self._new)
        inner, outer = (lefts, rights) if self._sending else (rights, lefts)
        if not rights and lefts and not self._sending:
            yield breaking_difference(rules.TYPE_KEPT, "a value", "no value is allowed")
        for one in inner:
            if text and one.get("type") == "null":  # no text means null
                continue
            fitting = [
                list(self._compare_pair(one, other, text))
                for other in outer
                if is_compatible(one, other, text)
            ]
            if fitting:
                yield from min(fitting, key=_count_changes)
            else:
                yield self._type_difference(one, outer)

    def _compare_pair(self, inner: Flat, outer: Flat, text: bool) -> Iterator[SchemaDifference]:
        old, new = (inner, outer) if self._sending else (outer, inner)
        # A number that is sent as text, where a string is expected.
        if inner.get("type") != outer.get("type") and outer.get("type") == "string":
            return
        if "enum" in inner or "enum" in outer:
            yield from self._compare_values(inner, outer)
        else:
            yield from self._compare_bounds(inner, outer, old, new)
        yield from self._compare_defaults(old, new)
        for keyword in UNCOMPARABLE_KEYWORDS:
            if keyword in outer and outer[keyword] != inner.get(keyword):
                reason = f"{keyword} has changed, and its effect on clients cannot be computed"
                yield SchemaDifference("unclear", rules.COMPARABLE, "", reason)
        if outer.get("type") == "array":
            old_items, new_items = old.get("items", {}), new.get("items", {})
            for difference in self.find_differences(old_items, new_items, text=text):
                yield difference.prefix_place("[]")
        if outer.get("type") == "object":
            yield from self._compare_fields(old, new)

    def _type_difference(self, inner: Flat, outer: list[Flat]) -> SchemaDifference:
        one = inner.get("type", "anything")
        types = dict.fromkeys(other.get("type", "anything") for other in outer)
        others = " or ".join(types) or "nothing"
        if self._sending:
            return breaking_difference(rules.TYPE_KEPT, f"{one} accepted", f"only {others}")
        return breaking_difference(rules.TYPE_KEPT, others, f"may be {one}")

    def _compare_values(self, inner: Flat, outer: Flat) -> Iterator[SchemaDifference]:
        if "enum" not in inner:
            values = ", ".join(map(repr, outer["enum"]))
            if self._sending:
                yield breaking_difference(rules.VALUES_KEPT, "any value", f"only {values}")
            else:
                yield breaking_difference(rules.VALUES_KEPT, f"only {values}", "any value")
            return
        plain = {key: value for key, value in outer.items() if key not in _NESTED_KEYWORDS}
        validator = jsonschema.Draft202012Validator(plain)
        for value in inner["enum"]:
            if validator.is_valid(value):
                continue
            if self._sending:
                yield breaking_difference(rules.VALUES_KEPT, f"{value!r} accepted", "rejected")
            else:
                yield breaking_difference(rules.VALUES_KEPT, f"never {value!r}", "may be sent")

    def _compare_bounds(
        self, inner: Flat, outer: Flat, old: Flat, new: Flat
    ) -> Iterator[SchemaDifference]:
        for key in widened_keywords(inner, outer, old, new):
            expected, actual = changed_keyword(key, old.get(key), new.get(key))
            yield breaking_difference(rules.BOUNDS_KEPT, expected, actual)
        if "pattern" in outer and inner.get("pattern") != outer["pattern"]:
            expected, actual = changed_keyword("pattern", old.get("pattern"), new.get("pattern"))
            if "pattern" in inner:
                # Whether all texts of one pattern match another cannot be computed.
                reason = f"{actual}, was {expected}; their relation cannot be computed"
                yield SchemaDifference("unclear", rules.COMPARABLE, "", reason)
            else:
                yield breaking_difference(rules.BOUNDS_KEPT, expected, actual)

    def _compare_defaults(self, old: Flat, new: Flat) -> Iterator[SchemaDifference]:
        both = "default" in old and "default" in new
        if self._sending and both and old["default"] != new["default"]:
            expected, actual = changed_keyword("default", old["default"], new["default"])
            yield breaking_difference(rules.DEFAULT_KEPT, expected, actual)

    def _compare_fields(self, old: Flat, new: Flat) -> Iterator[SchemaDifference]:
        left, right = self._visible_fields(old, self._old), self._visible_fields(new, self._new)
        before, now = self._required_fields(old, left), self._required_fields(new, right)
        for name, schema in left.items():
            if name not in right:
                yield breaking_difference(rules.FIELD_KEPT, "the field", "gone", f".{name}")
                continue
            for difference in self.find_differences(schema, right[name]):
                yield difference.prefix_place(f".{name}")
        for name in right.keys() - left.keys():
            if not (self._sending and name in now):
                yield added_difference("a new field", f".{name}")
        yield from self._compare_required(before, now, right)
        yield from self._compare_other_fields(
            old.get("additionalProperties", True), new.get("additionalProperties", True)
        )

    def _compare_required(
        self, before: set[str], now: set[str], right: Json
    ) -> Iterator[SchemaDifference]:
        if self._sending:
            for name in sorted(now - before):
                yield breaking_difference(
                    rules.NOTHING_NEWLY_REQUIRED, "optional", "required", f".{name}"
                )
            return
        for name in sorted(before - now):
            if name in right:
                yield breaking_difference(
                    rules.FIELD_ALWAYS_SENT, "always sent", "may be missing", f".{name}"
                )

    def _compare_other_fields(self, old: Any, new: Any) -> Iterator[SchemaDifference]:
        """Compare what holds for fields that have no name of their own."""
        inner, outer = (old, new) if self._sending else (new, old)
        if self._sending and outer is False and inner is not False:
            yield breaking_difference(
                rules.OTHER_FIELDS_ACCEPTED, "other fields accepted", "only the named fields"
            )
        elif isinstance(outer, Mapping) and inner is not False:
            for difference in self.find_differences(old, new):
                yield difference.prefix_place(".*")

    def _visible_fields(self, schema: Flat, references: LocalReferences) -> Json:
        """Return the fields that are there on this way.

        What is `readOnly` is never sent, what is `writeOnly` never comes back.
        """
        hidden = "readOnly" if self._sending else "writeOnly"
        fields: dict[str, Any] = {}
        for name, field in schema.get("properties", {}).items():
            resolved = references.resolve(field)
            if not (isinstance(resolved, Mapping) and resolved.get(hidden)):
                fields[name] = field
        return fields

    def _required_fields(self, schema: Flat, visible: Json) -> set[str]:
        """Return the required fields, also one that is named nowhere else."""
        return {
            name
            for name in schema.get("required", ())
            if name in visible or name not in schema.get("properties", {})
        }


def _count_changes(differences: list[SchemaDifference]) -> int:
    """Return how far an alternative is from fitting: the nearest one is reported."""
    return sum(1 for one in differences if one.kind != "added")


def _reference(schema: Any) -> str | None:
    if not isinstance(schema, Mapping) or "$ref" not in schema:
        return None
    return str(schema["$ref"])
