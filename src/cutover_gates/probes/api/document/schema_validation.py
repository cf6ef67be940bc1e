"""The examples of a document, held against their own schemas by jsonschema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cutover_gates.probes.api.document.openapi_document import ApiDocument

DOCUMENT_URN = "urn:document"
SCHEMA_MAPS = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
LITERAL_KEYWORDS = frozenset({"enum", "const", "default", "example", "examples", "required"})
"""Keywords of a schema that hold values, or names."""


class SchemaValidators:
    """The schemas of a document, by where they stand (`#/components/schemas/Patient`)."""

    def __init__(self, described: ApiDocument) -> None:
        self._described = described
        resource: Resource[Any] = Resource.from_contents(
            dict(described.document), default_specification=DRAFT202012
        )
        self._registry: Registry[Any] = Registry().with_resource(DOCUMENT_URN, resource)
        self._kind = (
            OAS30Validator
            if str(described.document.get("openapi")).startswith("3.0")
            else OAS31Validator
        )

    def errors(self, schema: str, value: Any) -> Iterator[str]:
        """Why a value is not allowed. Where no schema stands, all is."""
        if self._described.lookup(schema) is None:
            return
        validator = self._kind(
            {"$ref": f"{DOCUMENT_URN}{schema}"},
            registry=self._registry,
            format_checker=FormatChecker(),
        )
        yield from (error.message[:300] for error in validator.iter_errors(value))

    def allows(self, schema: str, value: Any) -> bool:
        return not any(self.errors(schema, value))


def find_invalid_examples(described: ApiDocument) -> tuple[list[str], int]:
    """A sentence for each example that its schema does not allow, and how many were looked at."""
    validators, wrong, count = SchemaValidators(described), [], 0
    for where, value, schema in _iterate_examples(described, described.document, "#"):
        count += 1
        wrong += [f"{where}: {said}" for said in validators.errors(schema, value)][:1]
    return wrong, count


def _iterate_examples(
    described: ApiDocument, node: Any, where: str
) -> Iterator[tuple[str, Any, str]]:
    """Where an example stands, the example, where its schema stands: of parameters, headers,
    bodies, and inside of schemas.
    """
    if isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _iterate_examples(described, inner, f"{where}/{number}")
    elif isinstance(node, dict):
        if isinstance(node.get("schema"), dict):
            yield from _adjacent_examples(described, node, where)
        for name, inner in node.items():
            at = f"{where}/{escape_pointer(name)}"
            if name == "schema" or where == "#/components/schemas":
                yield from _schema_examples(inner, at)
            elif name not in ("example", "examples"):
                yield from _iterate_examples(described, inner, at)


def _adjacent_examples(
    described: ApiDocument, node: dict[str, Any], where: str
) -> Iterator[tuple[str, Any, str]]:
    """The examples of a parameter, a header or a body: they stand beside its schema."""
    if "example" in node:
        yield f"{where}/example", node["example"], f"{where}/schema"
    named = node.get("examples")
    for name, example in (named if isinstance(named, dict) else {}).items():
        example = described.resolve(example)
        if isinstance(example, dict) and "value" in example:
            yield f"{where}/examples/{escape_pointer(name)}", example["value"], f"{where}/schema"


def _schema_examples(schema: Any, where: str) -> Iterator[tuple[str, Any, str]]:
    """The examples and defaults of a schema, and of those inside of it."""
    if not isinstance(schema, dict):
        return
    yield from (
        (f"{where}/{name}", schema[name], where)
        for name in ("example", "default")
        if name in schema
    )
    several = schema.get("examples")
    yield from (
        (f"{where}/examples/{number}", value, where)
        for number, value in enumerate(several if isinstance(several, list) else [])
    )
    for name, inner in schema.items():
        if name in SCHEMA_MAPS and isinstance(inner, dict):
            for key, one in inner.items():
                yield from _schema_examples(one, f"{where}/{name}/{escape_pointer(key)}")
        elif name not in LITERAL_KEYWORDS:
            for number, one in enumerate(inner) if isinstance(inner, list) else ():
                yield from _schema_examples(one, f"{where}/{name}/{number}")
            yield from _schema_examples(inner, f"{where}/{name}")


def escape_pointer(name: str) -> str:
    """As a JSON pointer (RFC 6901) in a fragment has it."""
    return (
        name.replace("~", "~0")
        .replace("/", "~1")
        .replace("%", "%25")
        .replace("{", "%7B")
        .replace("}", "%7D")
    )


FORM_MEDIA_TYPES = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


def is_form_allowed(
    described: ApiDocument, operation: str, media_type: str, body: dict[str, Any]
) -> bool:
    """Whether the schema allows a form as it is read: each field as a text, or as what the text
    means.
    """
    method, _, path = operation.partition(" ")
    validators = SchemaValidators(described)
    schema = _follow_reference(
        described, f"#/paths/{escape_pointer(path)}/{method.lower()}/requestBody"
    )
    schema = _follow_reference(described, f"{schema}/content/{escape_pointer(media_type)}/schema")
    read = {
        name: _interpret_field(
            validators,
            _follow_reference(described, f"{schema}/properties/{escape_pointer(name)}"),
            value,
        )
        for name, value in body.items()
    }
    return validators.allows(schema, read)


def _interpret_field(validators: SchemaValidators, schema: str, value: Any) -> Any:
    """A field's value as its reader may take it: the first way that the schema allows."""
    ways = list(_interpretations(value))
    return next((way for way in ways if validators.allows(schema, way)), ways[0])


def _interpretations(value: Any) -> Iterator[Any]:
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


def _follow_reference(described: ApiDocument, pointer: str) -> str:
    """Where a node stands that may be a reference to it."""
    node = described.lookup(pointer)
    while isinstance(node, dict) and isinstance(node.get("$ref"), str):
        pointer = node["$ref"]
        node = described.lookup(pointer)
    return pointer
