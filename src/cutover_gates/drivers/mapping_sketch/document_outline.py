"""The outline of an OpenAPI document: operations with bodies and answers, references followed.

Documents are written by many generators. What one leaves out, or writes in an unknown way, is left
out here too: a sketch is never refused for one odd operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.schema_shapes import (
    Schema,
    SchemaField,
    infer_schema,
    is_plain_text,
)
from cutover_gates.drivers.rest.openapi_examples import OpenApiExamples

METHODS = ("get", "post", "put", "patch", "delete")
DEPTH = 3
"""Objects inside objects of which the fields are listed."""
_REFERENCES = 8
"""Schemas inside schemas (allOf, anyOf) that are followed before an object is reached."""


class DocumentOutline:
    """The outline of one document. Raises ValueError where it is no OpenAPI 3 document."""

    def __init__(self, document: Any) -> None:
        version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
        if not version.startswith("3.") or not isinstance(document.get("paths"), dict):
            raise ValueError(_describe_other(document))
        self.document: Schema = document
        self._examples = OpenApiExamples(document, ())

    @property
    def title(self) -> str:
        """The title and the version that the document gives."""
        info = self.document.get("info")
        table = info if isinstance(info, dict) else {}
        return f"{table.get('title', 'an API')} {table.get('version', '')}".strip()

    @property
    def base_path(self) -> str:
        """The path of the first server, before every path of the document."""
        servers = self.document.get("servers")
        first = servers[0] if isinstance(servers, list) and servers else {}
        url = first.get("url", "") if isinstance(first, dict) else ""
        # A variable in it could be anything, and would be read as a template.
        return "" if "{" in str(url) else urlsplit(str(url)).path.rstrip("/")

    @cached_property
    def operations(self) -> tuple[OutlinedOperation, ...]:
        """Every operation, in the order of the document."""
        return tuple(
            self._outline(path, method, item)
            for path, item in self._items()
            for method in METHODS
            if isinstance(item.get(method), dict)
        )

    @cached_property
    def security_schemes(self) -> Mapping[str, Schema]:
        """The security schemes by name."""
        schemes = self._table(self._table(self.document.get("components")).get("securitySchemes"))
        return {str(name): self._table(scheme) for name, scheme in schemes.items()}

    def fields_of(self, schema: Schema, above: tuple[str, ...] = ()) -> list[SchemaField]:
        """Return the fields of an object and of the objects in it, outer ones first."""
        fields: list[SchemaField] = []
        plain = self.plain(schema)
        required = plain.get("required", [])
        for name, part in self._table(plain.get("properties")).items():
            if not is_plain_text(str(name)):
                continue
            own = self.plain(part)
            is_required = isinstance(required, list) and name in required
            fields.append(SchemaField((*above, str(name)), own, is_required))
        inner = [one for one in fields if one.is_object and len(one.path) < DEPTH]
        for one in inner:
            fields += self.fields_of(one.schema, one.path)
        return fields

    def plain(self, schema: Any, depth: int = 0) -> Schema:
        """Return a schema with references followed, allOf merged, and the first alternative."""
        known = self._table(schema)
        if depth >= _REFERENCES:
            return known
        for key in ("anyOf", "oneOf"):
            options = [self.plain(one, depth + 1) for one in _list(known.get(key))]
            present = [one for one in options if one.get("type") != "null"]
            if present:
                return {**{k: v for k, v in known.items() if k != key}, **present[0]}
        merged = dict(known)
        for part in _list(known.get("allOf")):
            own = self.plain(part, depth + 1)
            properties = {**merged.get("properties", {}), **own.get("properties", {})}
            required = [*merged.get("required", []), *own.get("required", [])]
            merged = {**own, **merged, "properties": properties, "required": required}
        return merged

    def _items(self) -> Iterator[tuple[str, Schema]]:
        for path, item in self.document["paths"].items():
            table = self._table(item)
            if table and str(path).startswith("/") and is_plain_text(str(path)):
                yield str(path), table

    def _outline(self, path: str, method: str, item: Schema) -> OutlinedOperation:
        entry = item[method]
        listed = [*_list(item.get("parameters")), *_list(entry.get("parameters"))]
        tables = [self._table(one) for one in listed]
        parameters = tuple(
            {**one, "schema": self.plain(one.get("schema"))}
            for one in tables
            if is_plain_text(str(one.get("name", "{{")))
        )
        body_type, body = self._content(self._table(entry.get("requestBody")))
        responses = self._table(entry.get("responses"))
        success = self._table(_first_success(responses))
        types = tuple(map(str, self._table(success.get("content"))))
        return OutlinedOperation(
            method.upper(),
            path,
            parameters,
            body_type,
            body,
            self._content(success)[1],
            types,
            frozenset(str(name).lower() for name in self._table(success.get("headers"))),
            frozenset(map(str, responses)),
        )

    def _content(self, described: Schema) -> tuple[str, Schema]:
        """Return the media type and the schema of a body; JSON where there are several."""
        content = self._table(described.get("content"))
        for media_type in sorted(content, key=lambda name: "json" not in name):
            described_type = self._table(content[media_type])
            schema = self.plain(described_type.get("schema"))
            if schema.get("properties") or schema.get("items"):
                return str(media_type), schema
            example = self._examples.example_of(described_type)
            return str(media_type), {**schema, **infer_schema(example)}
        return "", {}

    def _table(self, node: Any) -> Schema:
        """Return a table with its reference followed; empty for what is none."""
        try:
            resolved = self._examples.resolve(node)
        except (ValueError, KeyError, TypeError):
            return {}
        return resolved if isinstance(resolved, dict) else {}


def _first_success(responses: Schema) -> Any:
    for status in sorted(responses):
        if str(status).startswith("2"):
            return responses[status]
    return {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _describe_other(document: Any) -> str:
    if isinstance(document, dict) and "swagger" in document:
        return (
            f"Swagger {document['swagger']}, and only OpenAPI 3 is read: convert it, for example"
            " with `npx swagger2openapi`"
        )
    return "no OpenAPI 3 document: it has no `openapi: 3.x` with `paths`"
