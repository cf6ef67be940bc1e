"""A JSON Schema laid flat: as alternatives of one type each, without $ref, allOf, anyOf and oneOf
at their top.

Reads the schemas of OpenAPI 3.0 (`nullable`, boolean `exclusiveMinimum`) and 3.1 (JSON Schema
2020-12). Where `allOf` and `anyOf` meet, every part holds in every alternative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Json = Mapping[str, Any]
Flat = dict[str, Any]

MAX_SCHEMA_DEPTH = (
    24  # of schemas that consist of schemas; one that only consists of itself has no end
)
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


def resolve_reference(node: Any, document: Json) -> Any:
    """`node`, or what its $ref leads to.

    Raises ValueError for one that leaves the document, or leads nowhere.
    """
    for _ in range(MAX_SCHEMA_DEPTH):
        if not isinstance(node, Mapping) or "$ref" not in node:
            return node
        reference = str(node["$ref"])
        try:
            if not reference.startswith("#/"):
                raise KeyError("it leaves the document")
            node = document
            for part in reference[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"$ref {reference!r} leads nowhere: {error}") from None
    raise ValueError("a $ref that never ends")


def list_alternatives(schema: Any, document: Json, depth: int = 0) -> list[Flat]:
    """What a value may be: one of these.

    Each has one `type`, or none where it may be anything; nothing at all where no value is valid.
    """
    if depth > MAX_SCHEMA_DEPTH:
        raise ValueError("a schema that consists of itself")
    if schema is False:
        return []
    if not isinstance(schema, Mapping):
        return [{}]
    flat = _split_by_type({key: value for key, value in schema.items() if key not in _COMBINED})
    choices = [[part] for part in schema.get("allOf", ())] + [
        schema[key] for key in ("anyOf", "oneOf") if key in schema
    ]
    if "$ref" in schema:
        choices.append([resolve_reference({"$ref": schema["$ref"]}, document)])
    for parts in choices:
        found = [one for part in parts for one in list_alternatives(part, document, depth + 1)]
        flat = [
            both
            for left in flat
            for right in found
            if (both := _intersect(left, right)) is not None
        ]
    return [one for each in flat for one in _split_by_type(each)]


def json_type(value: Any) -> str:
    """The JSON type of a value."""
    return next(name for name, kind in _TYPES.items() if isinstance(value, kind))


def _split_by_type(schema: Flat) -> list[Flat]:
    """One alternative for each type that the schema names, or implies by its values or fields."""
    rest = _normalize_bounds(
        {key: value for key, value in schema.items() if key not in ("type", "nullable", "const")}
    )
    if "const" in schema:
        rest["enum"] = [schema["const"]]
    kinds = schema.get("type") or _implied_types(rest)
    if not kinds:
        return [{**rest, **({"nullable": True} if schema.get("nullable") else {})}]
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    if schema.get("nullable") and "null" not in kinds:
        kinds.append("null")
    return [
        one
        for kind in kinds
        if (one := _narrow_to_type(rest, kind, written=schema.get("nullable", False))) is not None
    ]


def _narrow_to_type(rest: Flat, kind: str, *, written: bool) -> Flat | None:
    """The alternative of one type, its values narrowed to that type; None where there are none.

    `written`: null is named beside the values.
    """
    values = [
        value
        for value in rest.get("enum", ())
        if json_type(value) == kind or (kind == "number" and json_type(value) == "integer")
    ]
    if kind == "null":
        return {"type": "null"} if "enum" not in rest or values or written else None
    if "enum" not in rest:
        return {**rest, "type": kind}
    return {**rest, "type": kind, "enum": values} if values else None


def _implied_types(rest: Flat) -> list[str]:
    if "enum" in rest:
        return sorted({json_type(value) for value in rest["enum"]})
    if "properties" in rest:
        return ["object"]
    return ["array"] if "items" in rest else []


def _normalize_bounds(schema: Flat) -> Flat:
    """OpenAPI 3.0 says `minimum: 0, exclusiveMinimum: true` for what is `exclusiveMinimum: 0`."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and bound in schema:
            schema[exclusive] = schema.pop(bound)
        elif isinstance(schema.get(exclusive), bool):
            del schema[exclusive]
    return schema


def _intersect(left: Flat, right: Flat) -> Flat | None:
    """What both allow; None where that is nothing."""
    types = {one["type"] for one in (left, right) if "type" in one}
    if len(types) > 1 and types != {"integer", "number"}:
        return None
    both = {**left, **right}
    for key in left.keys() & right.keys():
        both[key] = _KEYWORD_INTERSECTION.get(key, lambda _, second: second)(left[key], right[key])
    if types:
        both["type"] = "integer" if "integer" in types else types.pop()
    return None if both.get("enum") == [] else both


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
"""How a keyword that both have is read when both must hold. What is not named here: the second."""
