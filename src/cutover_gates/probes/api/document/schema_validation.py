"""Values held against the schemas of a document by jsonschema: its examples, and sent forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator, OAS31Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.document.references import MAX_REFERENCE_DEPTH

DOCUMENT_URN = "urn:document"
SCHEMA_MAPS = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
LITERAL_KEYWORDS = frozenset({"enum", "const", "default", "example", "examples", "required"})
"""Keywords of a schema that hold values, or names."""
MAX_MESSAGE_CHARACTERS = 300
FORM_MEDIA_TYPES = frozenset({"multipart/form-data", "application/x-www-form-urlencoded"})


class SchemaValidators:
    """The schemas of a document, by where they stand (`#/components/schemas/Patient`)."""

    def __init__(self, document: ApiDocument) -> None:
        self._document = document
        resource: Resource[Any] = Resource.from_contents(
            dict(document.document), default_specification=DRAFT202012
        )
        self._registry: Registry[Any] = Registry().with_resource(DOCUMENT_URN, resource)
        is_30 = str(document.document.get("openapi")).startswith("3.0")
        self._validator = OAS30Validator if is_30 else OAS31Validator

    def find_errors(self, schema: str, value: Any) -> Iterator[str]:
        """Yield why a value is not allowed. Where there is no schema, every value is."""
        if self._document.lookup(schema) is None:
            return
        validator = self._validator(
            {"$ref": f"{DOCUMENT_URN}{schema}"},
            registry=self._registry,
            format_checker=FormatChecker(),
        )
        for error in validator.iter_errors(value):
            yield error.message[:MAX_MESSAGE_CHARACTERS]

    def allows(self, schema: str, value: Any) -> bool:
        """Return whether the schema at this place allows a value."""
        return not any(self.find_errors(schema, value))


def find_invalid_examples(document: ApiDocument) -> tuple[list[tuple[str, str]], int]:
    """Return (place, reason) of each example that its schema does not allow, and the total."""
    validators, invalid, count = SchemaValidators(document), [], 0
    for where, value, schema in _iterate_examples(document, document.document, "#"):
        count += 1
        if reason := next(validators.find_errors(schema, value), ""):
            invalid.append((where, reason))
    return invalid, count


def _iterate_examples(
    document: ApiDocument, node: Any, where: str
) -> Iterator[tuple[str, Any, str]]:
    """Yield (place of an example, the example, place of its schema).

    Examples stand in parameters, headers and bodies, and inside of schemas.
    """
    if isinstance(node, list):
        for number, inner in enumerate(node):
            yield from _iterate_examples(document, inner, f"{where}/{number}")
    elif isinstance(node, dict):
        if isinstance(node.get("schema"), dict):
            yield from _adjacent_examples(document, node, where)
        for name, inner in node.items():
            at = f"{where}/{escape_pointer(name)}"
            if name == "schema" or where == "#/components/schemas":
                yield from _schema_examples(inner, at)
            elif name not in ("example", "examples"):
                yield from _iterate_examples(document, inner, at)


def _adjacent_examples(
    document: ApiDocument, node: dict[str, Any], where: str
) -> Iterator[tuple[str, Any, str]]:
    """Yield the examples of a parameter, a header or a body, which stand beside its schema."""
    if "example" in node:
        yield f"{where}/example", node["example"], f"{where}/schema"
    named = node.get("examples")
    for name, example in (named if isinstance(named, dict) else {}).items():
        example = document.resolve(example)
        if isinstance(example, dict) and "value" in example:
            yield f"{where}/examples/{escape_pointer(name)}", example["value"], f"{where}/schema"


def _schema_examples(schema: Any, where: str) -> Iterator[tuple[str, Any, str]]:
    """Yield the examples and defaults of a schema, and of the schemas inside of it."""
    if not isinstance(schema, dict):
        return
    for name in ("example", "default"):
        if name in schema:
            yield f"{where}/{name}", schema[name], where
    examples = schema.get("examples")
    if isinstance(examples, list):
        for number, value in enumerate(examples):
            yield f"{where}/examples/{number}", value, where
    for at, inner in _inner_schemas(schema, where):
        yield from _schema_examples(inner, at)


def _inner_schemas(schema: dict[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """Yield (place, schema) of what may be a schema inside of this one."""
    for name, inner in schema.items():
        if name in SCHEMA_MAPS and isinstance(inner, dict):
            for key, one in inner.items():
                yield f"{where}/{name}/{escape_pointer(key)}", one
        elif name not in LITERAL_KEYWORDS:
            if isinstance(inner, list):
                for number, one in enumerate(inner):
                    yield f"{where}/{name}/{number}", one
            yield f"{where}/{name}", inner


def escape_pointer(name: str) -> str:
    """Return a name as a JSON pointer (RFC 6901) in a fragment has it."""
    return (
        name.replace("~", "~0")
        .replace("/", "~1")
        .replace("%", "%25")
        .replace("{", "%7B")
        .replace("}", "%7D")
    )


def is_form_allowed(
    document: ApiDocument, operation: str, media_type: str, body: dict[str, Any]
) -> bool:
    """Return whether the schema allows a form as it is read.

    Each field counts as a text, or as what the text means.
    """
    method, _, path = operation.partition(" ")
    validators = SchemaValidators(document)
    schema = _follow_reference(
        document, f"#/paths/{escape_pointer(path)}/{method.lower()}/requestBody"
    )
    schema = _follow_reference(document, f"{schema}/content/{escape_pointer(media_type)}/schema")
    read = {
        name: _interpret_field(
            validators,
            _follow_reference(document, f"{schema}/properties/{escape_pointer(name)}"),
            value,
        )
        for name, value in body.items()
    }
    return validators.allows(schema, read)


def _interpret_field(validators: SchemaValidators, schema: str, value: Any) -> Any:
    """Return a field's value as its reader may take it: the first way that the schema allows."""
    readings = list(_interpretations(value))
    return next((one for one in readings if validators.allows(schema, one)), readings[0])


def _interpretations(value: Any) -> Iterator[Any]:
    if isinstance(value, bytes):
        text = value.decode("latin-1")
    elif isinstance(value, str):
        text = value
    else:
        text = json.dumps(value)
    yield text
    try:
        yield json.loads(text)
    except ValueError:
        return


def _follow_reference(document: ApiDocument, pointer: str) -> str:
    """Return the place of a node, with references to it followed."""
    for _ in range(MAX_REFERENCE_DEPTH):
        node = document.lookup(pointer)
        if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
            break
        pointer = node["$ref"]
    return pointer
