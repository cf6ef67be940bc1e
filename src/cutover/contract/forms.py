"""Forms: on the wire all of them is text, so a number in the place of a text breaks no promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from cutover.contract.document import Described
from cutover.contract.examples import Validators, quoted

FORMS = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


def allowed_as_sent(
    described: Described, operation: str, media_type: str, body: dict[str, Any]
) -> bool:
    """Whether the schema allows a form as it is read: each field as a text, or as what the text
    means.
    """
    method, _, path = operation.partition(" ")
    validators = Validators(described)
    schema = _followed(described, f"#/paths/{quoted(path)}/{method.lower()}/requestBody")
    schema = _followed(described, f"{schema}/content/{quoted(media_type)}/schema")
    read = {
        name: _read(validators, _followed(described, f"{schema}/properties/{quoted(name)}"), value)
        for name, value in body.items()
    }
    return validators.allows(schema, read)


def _read(validators: Validators, schema: str, value: Any) -> Any:
    """A field's value as its reader may take it: the first way that the schema allows."""
    ways = list(_ways(value))
    return next((way for way in ways if validators.allows(schema, way)), ways[0])


def _ways(value: Any) -> Iterator[Any]:
    text = (
        value.decode("latin-1")
        if isinstance(value, bytes)
        else value
        if isinstance(value, str)
        else json.dumps(value)
    )
    yield text
    try:
        yield json.loads(text)
    except ValueError:
        return


def _followed(described: Described, pointer: str) -> str:
    """Where a node stands that may be a reference to it."""
    node = described.at(pointer)
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        pointer = node["$ref"]
        node = described.at(pointer)
    return pointer
