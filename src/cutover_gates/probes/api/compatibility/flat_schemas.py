"""A JSON Schema laid flat: alternatives of one type each, without $ref, allOf, anyOf and oneOf.

It reads the schemas of OpenAPI 3.0 (`nullable`, boolean `exclusiveMinimum`) and 3.1 (JSON Schema
2020-12). Where `allOf` and `anyOf` meet, every part holds in every alternative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cutover_gates.probes.api.document.references import LocalReferences

Json = Mapping[str, Any]
Flat = dict[str, Any]

MAX_SCHEMA_DEPTH = 24
"""Schemas inside of schemas that are followed; one that consists only of itself has no end."""
_COMBINED = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
_TYPES = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": float,
    "string": str,
    "array": list,
    "object": dict,
}


def list_alternatives(schema: Any, references: LocalReferences, depth: int = 0) -> list[Flat]:
    """Return what a value may be: one of these.

    Each has one `type`, or none where it may be anything. The list is empty where no value is
    valid. Raises `ValueError` for a schema that consists of itself.
    """
    if depth > MAX_SCHEMA_DEPTH:
        raise ValueError("a schema that consists of itself")
    if schema is False:
        return []
    if not isinstance(schema, Mapping):
        return [{}]
    own = {key: value for key, value in schema.items() if key not in _COMBINED}
    alternatives = _split_by_type(own)
    for parts in _list_choices(schema, references):
        allowed: list[Flat] = []
        for part in parts:
            allowed += list_alternatives(part, references, depth + 1)
        alternatives = _intersect_all(alternatives, allowed)
    return [one for alternative in alternatives for one in _split_by_type(alternative)]


def _list_choices(schema: Json, references: LocalReferences) -> list[list[Any]]:
    """Return lists of schemas: of each list, one must hold."""
    choices: list[list[Any]] = [[part] for part in schema.get("allOf", ())]
    choices += [schema[key] for key in ("anyOf", "oneOf") if key in schema]
    if "$ref" in schema:
        choices.append([references.resolve({"$ref": schema["$ref"]})])
    return choices


def _intersect_all(left: list[Flat], right: list[Flat]) -> list[Flat]:
    both = [_intersect(one, other) for one in left for other in right]
    return [one for one in both if one is not None]


def json_type(value: Any) -> str:
    """Return the JSON type of a value."""
    return next(name for name, kind in _TYPES.items() if isinstance(value, kind))


def _split_by_type(schema: Flat) -> list[Flat]:
    """Return one alternative for each type that a schema names, or implies."""
    rest = _normalize_bounds(
        {key: value for key, value in schema.items() if key not in ("type", "nullable", "const")}
    )
    nullable = schema.get("nullable", False)
    if "const" in schema:
        rest["enum"] = [schema["const"]]
    types = schema.get("type") or _implied_types(rest)
    if not types:
        return [{**rest, "nullable": True}] if nullable else [rest]
    types = [types] if isinstance(types, str) else list(types)
    if nullable and "null" not in types:
        types.append("null")
    narrowed = [_narrow_to_type(rest, name, null_allowed=nullable) for name in types]
    return [one for one in narrowed if one is not None]


def _narrow_to_type(rest: Flat, name: str, *, null_allowed: bool) -> Flat | None:
    """Return the alternative of one type, or None where no values are left.

    Its values are narrowed to the type. `null_allowed`: `nullable` stands beside the values.
    """
    names = {name, "integer"} if name == "number" else {name}
    values = [value for value in rest.get("enum", ()) if json_type(value) in names]
    if name == "null":
        return {"type": "null"} if "enum" not in rest or values or null_allowed else None
    if "enum" not in rest:
        return {**rest, "type": name}
    return {**rest, "type": name, "enum": values} if values else None


def _implied_types(rest: Flat) -> list[str]:
    if "enum" in rest:
        return sorted({json_type(value) for value in rest["enum"]})
    if "properties" in rest:
        return ["object"]
    return ["array"] if "items" in rest else []


def _normalize_bounds(schema: Flat) -> Flat:
    """Return the schema with the bounds of JSON Schema 2020-12.

    OpenAPI 3.0 writes `minimum: 0, exclusiveMinimum: true` for `exclusiveMinimum: 0`.
    """
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and bound in schema:
            schema[exclusive] = schema.pop(bound)
        elif isinstance(schema.get(exclusive), bool):
            del schema[exclusive]
    return schema


def _intersect(left: Flat, right: Flat) -> Flat | None:
    """Return what both allow; None where that is nothing."""
    types = {one["type"] for one in (left, right) if "type" in one}
    if len(types) > 1 and types != {"integer", "number"}:
        return None
    both = {**left, **right}
    for key in left.keys() & right.keys():
        intersect = _KEYWORD_INTERSECTION.get(key, _take_second)
        both[key] = intersect(left[key], right[key])
    if types:
        both["type"] = "integer" if "integer" in types else types.pop()
    return None if both.get("enum") == [] else both


def _take_second(_left: Any, right: Any) -> Any:
    return right


def _intersect_fields(left: Json, right: Json) -> Flat:
    shared = {
        name: {"allOf": [left[name], right[name]]}
        for name in left.keys() & right.keys()
        if left[name] != right[name]
    }
    return {**left, **right, **shared}


def _intersect_schemas(left: Any, right: Any) -> Any:
    if left == right:
        return left
    return False if False in (left, right) else {"allOf": [left, right]}


_KEYWORD_INTERSECTION: Mapping[str, Callable[[Any, Any], Any]] = {
    "properties": _intersect_fields,
    "required": lambda left, right: [*left, *(name for name in right if name not in left)],
    "enum": lambda left, right: [value for value in left if value in right],
    "items": _intersect_schemas,
    "additionalProperties": _intersect_schemas,
    "pattern": lambda left, right: left if left == right else f"(?={left})(?={right})",
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
}
"""How a keyword that both have is read where both must hold; others are taken from the second."""
