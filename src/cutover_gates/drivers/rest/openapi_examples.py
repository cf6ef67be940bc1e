"""The examples of an OpenAPI document: the documented ones, else generated from schemas."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from typing import Any

from cutover_gates.core.evidence.exchange import Part
from cutover_gates.drivers.rest.request_body import MultipartFile, RequestBody

DEPTH = 12
"""Depth of schemas inside schemas. A schema may contain itself."""
_UNIQUE_CHARACTERS = 20


class OpenApiExamples:
    """Examples of one document. `unique_fields` of a body get a new value in each request."""

    def __init__(self, document: Any, unique_fields: tuple[str, ...]) -> None:
        self._document, self._unique_fields = document, unique_fields

    def resolve(self, node: Any) -> Any:
        """Return `node` with a local $ref followed.

        Raises ValueError where it leaves the document.
        """
        for _ in range(DEPTH):
            if not isinstance(node, dict) or "$ref" not in node:
                return node
            reference = str(node["$ref"])
            if not reference.startswith("#/"):
                raise ValueError(f"$ref {reference!r} leaves the document")
            node = self._document
            for part in reference[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        raise ValueError("a $ref that never ends")

    def example_of(self, described: Mapping[str, Any]) -> Any:
        """Return the documented example of a parameter or media type, else a generated one.

        It is a copy, which the caller may change.
        """
        if "example" in described:
            return copy.deepcopy(described["example"])
        for named in (described.get("examples") or {}).values():
            return copy.deepcopy(self.resolve(named).get("value"))
        return self._generate(described.get("schema", {}))

    def body_of(self, entry: Mapping[str, Any], values: Mapping[str, str]) -> RequestBody:
        """Return an example body of an operation. `values` replace its top-level fields."""
        content = self.resolve(entry.get("requestBody", {})).get("content", {})
        for media_type, described in content.items():
            example = self.example_of(described)
            properties = self.resolve(described.get("schema", {})).get("properties", {})
            if isinstance(example, dict):
                self._fill(example, properties, values)
            return self._encode(media_type, example, properties)
        return RequestBody()

    def _fill(
        self, example: dict[str, Any], properties: Mapping[str, Any], values: Mapping[str, str]
    ) -> None:
        for name in self._unique_fields:
            if name in example:
                example[name] = uuid.uuid4().hex[:_UNIQUE_CHARACTERS]
        for name, value in values.items():
            if name in example or name in properties:
                example[name] = value

    def _encode(self, media_type: str, example: Any, properties: Mapping[str, Any]) -> RequestBody:
        if media_type == "multipart/form-data":
            return self._multipart(example, properties)
        if media_type == "application/x-www-form-urlencoded":
            return RequestBody({"data": example})
        if "json" in media_type:
            return RequestBody({"json": example})
        content = str(example).encode()
        return RequestBody({"content": content, "headers": {"Content-Type": media_type}})

    def _multipart(self, example: Mapping[str, Any], properties: Mapping[str, Any]) -> RequestBody:
        files: list[MultipartFile] = []
        parts: list[Part] = []
        for name, value in example.items():
            schema = self.resolve(properties.get(name, {}))
            if schema.get("format") == "binary" or "contentMediaType" in schema:
                content = b"cutover"
                files.append((name, ("cutover.txt", content, "text/plain")))
                parts.append(Part(name, None, "cutover.txt", "text/plain", len(content)))
            else:
                files.append((name, (None, str(value).encode(), None)))
                parts.append(Part(name, str(value)))
        return RequestBody({"files": files}, tuple(parts))

    def _generate(self, schema: Any, depth: int = 0) -> Any:
        schema = self.resolve(schema)
        for key in ("example", "default", "const"):
            if key in schema:
                return copy.deepcopy(schema[key])
        for key in ("examples", "enum"):
            if schema.get(key):
                return copy.deepcopy(schema[key][0])
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if alternatives and depth < DEPTH:
            return self._generate(alternatives[0], depth + 1)
        if schema.get("allOf") and depth < DEPTH:
            return self._generate_all_of(schema["allOf"], depth)
        return self._generate_by_type(schema, depth)

    def _generate_all_of(self, schemas: list[Any], depth: int) -> Any:
        generated = [self._generate(part, depth + 1) for part in schemas]
        merged: dict[str, Any] = {}
        for part in generated:
            if isinstance(part, dict):
                merged |= part
        return merged or generated[0]

    def _generate_by_type(self, schema: Mapping[str, Any], depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            return self._generate_object(schema, depth)
        if kind == "array":
            if not schema.get("minItems") or depth >= DEPTH:
                return []
            return [self._generate(schema.get("items", {}), depth + 1)]
        if kind == "string":
            return _generate_string(schema)
        minimum = schema.get("minimum", 1)
        return {"integer": minimum, "number": minimum, "boolean": False}.get(kind)

    def _generate_object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        if depth >= DEPTH:
            return {}
        required = schema.get("required", [])
        return {
            name: self._generate(part, depth + 1)
            for name, part in schema.get("properties", {}).items()
            if name in required
        }


def _generate_string(schema: Mapping[str, Any]) -> str:
    by_format = {
        "date": "1980-02-29",
        "date-time": "2020-02-29T12:00:00Z",
        "uuid": str(uuid.uuid4()),
        "email": "cutover@example.org",
    }
    plain = "cutover".ljust(schema.get("minLength", 0), "x")
    return by_format.get(schema.get("format", ""), plain)
